"""The methods of the benchmark: searches of einspace, each a name and keyword arguments of `es.search`, and a CNN space under TPE."""

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from benchmarks.search.opponents import CnnTpe
from benchmarks.search.terms import Found, Method, Terms

import einspace as es
from einspace import baselines
from einspace.config.protocol import OURS
from einspace.errors import GrammarError, SettingError, UnknownNameError
from einspace.grammar import named_grammar
from einspace.study.start import grammar_for


@dataclass(frozen=True)
class Einspace:
    """A search of einspace; `options` are keyword arguments of `es.search`, and "seeds" as `init` stands for the task's small baselines.

    The time is that of baselines, search and race. A run's own final trainings would repeat those of the table, and are left out: what is
    retrained for the table, outside of the time as for all methods, is the winner of its race, and the baseline of its verdict. What is
    scored is the one of the two that the verdict recommends, which is what a user takes away.
    """

    options: Mapping[str, Any] = field(default_factory=dict)

    def __call__(self, task: es.Task, terms: Terms) -> Found:
        """Search as a user does with a budget of time."""
        options = {"final_seeds": 0, **self.options, "recipe": self._recipe(task)}
        if options.get("init") == "seeds":
            options["init"] = seeds(task, options.get("protocol", OURS))
        if "limits" in options:
            options["limits"] = es.Limits(**options["limits"])
        result = es.search(task, budget=terms.seconds, workers=terms.workers, seed=terms.seed, runs=terms.folder, **options)
        spent = [(trial, (trial.ended or trial.started) - trial.started) for trial in result.history if trial.reused is None]
        total = sum(seconds for _, seconds in spent)
        share = sum(seconds for trial, seconds in spent if trial.value is None) / total if total else None
        found = Found(len(result.history), None, "", result.outcomes, share)
        if result.best is None or result.best.proposal is None:
            return found
        best, verdict = result.best, result.verdict
        found = replace(found, claimed=best.validation, reevaluated=best.reevaluated, what=_json(result.best.proposal))
        rival = next((row.proposal for row in result.baselines if verdict is not None and row.name == verdict.baseline), None)
        if verdict is None or rival is None:
            return found
        return replace(found, verdict=verdict.word, rival=_json(rival), recommends_rival=not verdict.of_winner)

    def score(self, task: es.Task, what: str, seed: int) -> float | None:
        """The score on test of an architecture that is trained with the changes of its trial, and for the epochs of all methods."""
        found = json.loads(what)
        changes = {name: value for name, value in found["changes"].items() if not name.startswith("epochs")}
        return es.evaluate(found["text"], task, seed=seed, final=True, recipe=self._recipe(task), changes=changes).mean

    def _recipe(self, task: es.Task) -> es.Recipe:
        return task.recipe.override(**self.options.get("recipe", {}))


def seeds(task: es.Task, protocol: str) -> tuple[str, ...]:
    """The task's baselines that the grammar of a protocol derives: the paper's has no convolution along a series."""
    space = es.EinSpace(task.input, grammar=named_grammar(grammar_for(task.input, protocol)))
    found = []
    for name in task.baselines:
        with suppress(GrammarError):
            baselines.within(space, name)
            found.append(name)
    return tuple(found)


def _json(proposal: es.Proposal) -> str:
    return json.dumps({"text": proposal.text, "changes": dict(proposal.changes)})


METHODS: dict[str, Method] = {
    "random": Einspace({"protocol": "paper", "strategy": "random"}),
    "evolution": Einspace({"protocol": "paper"}),
    "evolution-seeded": Einspace({"protocol": "paper", "init": "seeds"}),
    "einspace": Einspace(),
    "no-cost-model": Einspace({"limits": {"activation_bytes": None}}),
    "no-edits": Einspace({"edits": 0.0}),
    "no-widening": Einspace({"widening": 0.0}),
    "no-race": Einspace({"race": False}),
    "no-seeds": Einspace({"init": ""}),
    "population-100": Einspace({"population": 100, "tournament": 10}),
    "cnn-tpe": CnnTpe(),
}
"""Random search and regularised evolution of the paper, the defaults of a search, ablations of these, and the CNN space under TPE.

A limit that is given says what a trial may cost, so that one without end leaves the cost model nothing to refuse.
"""


def ablation(spec: str) -> tuple[str, Method]:
    """A method of NAME={...}, options of `es.search` as JSON; raises SettingError for a text of another form.

    >>> ablation('half={"population": 50}')
    ('half', Einspace(options={'population': 50}))
    """
    name, _, text = spec.partition("=")
    try:
        options = json.loads(text)
    except ValueError:
        options = None
    if not name or name in METHODS or not isinstance(options, dict):
        raise SettingError(f'an ablation is a new name and options of es.search, as half={{"population": 50}}, not {spec!r}')
    return name, Einspace(options)


def named(names: list[str], ablations: Mapping[str, Method]) -> dict[str, Method]:
    """The methods of these names, and all ablations; raises UnknownNameError."""
    for name in names:
        if name not in METHODS:
            raise UnknownNameError("method of the benchmark", name, METHODS)
    return {name: METHODS[name] for name in names} | dict(ablations)
