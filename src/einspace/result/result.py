"""Result: what a run found."""

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from html import escape
from pathlib import Path
from statistics import mean, pstdev
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from sqlalchemy import URL

from einspace.drafts import write_text
from einspace.errors import NotationError, RunError, SettingError
from einspace.pareto import fronts
from einspace.run import STUDY
from einspace.settings import Settings
from einspace.space import Architecture, EinSpace
from einspace.strategies import check_cost
from einspace.trial import Proposal, Trial

if TYPE_CHECKING:
    import optuna

    from einspace.tasks.metrics import Seeds

REPORT = "report.html"
"""The file in a run's folder that shows what it found."""

TOP = 5
"""How many of the best architectures are shown, unless told otherwise."""


@dataclass(frozen=True)
class Entrant:
    """The best of a search, or a baseline: its score on validation, and the final trainings that scored it on test."""

    name: str
    proposal: Proposal | None
    """None for a baseline that does not exist at the input."""
    input: tuple[int, ...]
    trial: int | None
    """The number of its trial, if it was one of the search."""
    validation: float | None
    finals: tuple[Trial | None, ...]
    """The final training from each seed; None for one that has not ended."""
    why: str = ""
    """Why there is no score, if that is known."""

    @property
    def text(self) -> str:
        """The architecture's text; empty where there is none."""
        return "" if self.proposal is None else self.proposal.text

    @property
    def key(self) -> str:
        """The canonical key; empty where there is no architecture."""
        return "" if self.proposal is None else self.proposal.key

    @property
    def parameters(self) -> int | None:
        """Of the backbone."""
        return None if self.proposal is None else self.proposal.costs.parameters

    @property
    def architecture(self) -> Architecture:
        """The architecture, in the paper's grammar; raises NotationError for a text of another one, which `EinSpace.parse` reads."""
        return EinSpace(self.input).parse(self.text)

    @property
    def tests(self) -> tuple[float | None, ...]:
        """The score on test from each seed."""
        return tuple(None if final is None else final.value for final in self.finals)

    @cached_property
    def over_seeds(self) -> "Seeds":
        """Mean and deviation on test; one seed without a score takes the mean away."""
        from einspace.tasks.metrics import over_seeds

        return over_seeds(self.tests)

    @property
    def test(self) -> float | None:
        """The score on test, over several seeds their mean."""
        return self.over_seeds.mean

    @property
    def reason(self) -> str:
        """Why a score is missing, and what else the final trainings say; empty where all went well."""
        said = [final.evaluation.reason for final in self.finals if final is not None and final.evaluation is not None]
        return self.why or next((reason for reason in said if reason), "")

    def to_json(self) -> dict[str, Any]:
        """The figures, without those that say nothing."""
        figures: dict[str, Any] = {
            "name": self.name,
            "architecture": self.text,
            "key": self.key,
            "trial": self.trial,
            "parameters": self.parameters,
        }
        figures |= {"validation": self.validation, "test": self.test}
        if len(self.finals) > 1:
            figures |= {"tests": self.tests, "test_deviation": self.over_seeds.deviation}
        return figures | ({"reason": self.reason} if self.reason else {})


@dataclass(frozen=True)
class Spread:
    """Mean and standard deviation (of the population) of the scores of all trials that ended well."""

    mean: float
    deviation: float
    count: int
    split: str
    """`valid` or `test`."""


@dataclass(frozen=True)
class Result:
    """What a run found. `settings` are those it was started with, `run` is its folder."""

    run: Path
    settings: Settings
    history: tuple[Trial, ...]
    """The trials of the search that have ended, by number."""
    others: tuple[Trial, ...]
    """Those of other phases: baselines and final trainings."""
    best: Entrant | None
    """None where no trial ended well, and where none may be selected."""
    baselines: tuple[Entrant, ...]
    seconds: Mapping[str, float]
    """`total` and `search` and `final` of the wall clock; `proposing`, `building`, `training`, `scoring` summed over the trials, `starting`
    and `ending` over the workers."""
    overhead: float | None
    """The share of the workers' time that the loop itself cost, 0 to 1; None where nothing was evaluated.

    It is 1 - evaluating / (workers * search - starting - ending), over all sessions (see `timing.Clock`): it counts everything but
    evaluations, the start of the workers, and the end of a session, when nothing is left for a worker to do; `seconds` holds these two.
    """

    @property
    def higher_is_better(self) -> bool:
        """The direction of the metric."""
        return bool(self.settings["metric"]["higher_is_better"])

    @property
    def metric(self) -> str:
        """The name of the metric."""
        return str(self.settings["metric"]["name"])

    @property
    def outcomes(self) -> dict[str, int]:
        """How many trials ended how, the most frequent first."""
        return dict(Counter(str(trial.outcome) for trial in self.history).most_common())

    @property
    def sampling(self) -> Spread | None:
        """Of the strategies `sampling` and `validation-sampling`: the scores of a random architecture; None for the others."""
        scores = [trial.value for trial in self.history if trial.value is not None]
        if not str(self.settings["strategy"]).endswith("sampling") or not scores:
            return None
        split = "test" if self.settings["strategy"] == "sampling" else "valid"
        return Spread(mean(scores), pstdev(scores), len(scores), split)

    def trials(self) -> list[Trial]:
        """All trials that have ended, those of the search first."""
        return [*self.history, *self.others]

    def top(self, count: int = TOP) -> list[Trial]:
        """The best trials by validation, best first, each identity once and by its earliest trial; fewer where there are no more."""
        if type(count) is not int or count < 1:
            raise SettingError(f"the top of a result has at least 1 row, not {count!r}")
        scored = [trial for trial in self.history if trial.fitness is not None]
        first: dict[str, Trial] = {}
        for trial in sorted(scored, key=lambda trial: (-(trial.fitness or 0.0), trial.number)):
            first.setdefault(trial.proposal.identity, trial)
        return list(first.values())[:count]

    def pareto(self, cost: str = "parameters") -> list[Trial]:
        """The trials that no other beats in both score and cost, best score first, each identity once.

        `cost` is "parameters", "flops" or "latency"; a trial of which it is not known, as where the measurement failed, is left out.
        Raises SettingError for another one.
        """
        check_cost(cost)
        scored = [trial for trial in self.top(len(self.history) or 1) if trial.cost(cost) is not None]
        points = [(trial.fitness or 0.0, float(trial.cost(cost) or 0.0)) for trial in scored]
        return [scored[i] for i in fronts(points)[0]] if scored else []

    def study(self, storage: str | None = None) -> "optuna.Study":
        """The run's study for Optuna's own tools, such as `trials_dataframe()` and its plots: read-only, whoever writes to it meanwhile.

        `storage` is the one that the search was given, if any. A trial's record is its attribute `trial`. Raises RunError where the
        database cannot be read.
        """
        import optuna
        from sqlalchemy.exc import SQLAlchemyError

        database = storage or self.run.resolve() / "study.db"
        try:
            if storage is not None:
                return optuna.load_study(study_name=self.run.name, storage=storage)
            file = URL.create("sqlite", database=f"file:{quote(str(database))}", query={"mode": "ro", "uri": "true"})
            opened = optuna.storages.RDBStorage(file.render_as_string(hide_password=False))
            return optuna.load_study(study_name=STUDY, storage=opened)
        except (SQLAlchemyError, KeyError, RuntimeError, optuna.exceptions.StorageInternalError) as error:
            raise RunError(f"the database {database} cannot be read: {str(error).splitlines()[0]}") from error

    def report(self, path: str | os.PathLike[str] | None = None) -> Path:
        """Write the report of the run: one page of HTML that works offline.

        Args:
            path: The file; `report.html` in the run's folder if not given.

        Returns:
            The file.

        Raises:
            RunError: The file cannot be written.
        """
        from einspace.result.report import page

        file = self.run / REPORT if path is None else Path(path)
        try:
            write_text(file, page(self))
        except OSError as error:
            raise RunError(f"the report {file} cannot be written: {error.strerror}") from None
        return file

    def _repr_html_(self) -> str:
        """What a notebook shows: the network of the best."""
        from einspace.pictures import network_html, tree_html

        facts = f"Run {self.run.name}: {len(self.history)} trials"
        if self.best is None:
            return f"<p>{escape(facts)}, and none has a best architecture</p>"
        facts += (
            f"; {self.metric} of {self.best.name}: {self.best.validation:.4f} on validation" if self.best.validation is not None else ""
        )
        try:
            return network_html(self.best.architecture, facts)
        except NotationError:  # of another grammar
            return tree_html(self.best.text, facts=facts)

    def to_json(self, top: int = TOP) -> dict[str, Any]:
        """The report of `search --json`."""
        report: dict[str, Any] = {
            "run": str(self.run),
            "task": self.settings["task"],
            "metric": self.metric,
            "strategy": self.settings["strategy"],
            "seed": self.settings["seed"],
            "trials": len(self.history),
            "best": None if self.best is None else self.best.to_json(),
            "top": [_short(trial) for trial in self.top(top)],
            "baselines": [entrant.to_json() for entrant in self.baselines],
            "outcomes": self.outcomes,
            "seconds": dict(self.seconds),
            "overhead": self.overhead,
        }
        if "cost" in self.settings:
            report["pareto"] = [_short(trial) for trial in self.pareto(self.settings["cost"])]
        return report if self.sampling is None else {**report, "sampling": asdict(self.sampling)}


def _short(trial: Trial) -> dict[str, Any]:
    """One of the best, as JSON."""
    proposal = trial.proposal
    return {
        "architecture": proposal.text,
        "key": proposal.key,
        "trial": trial.number,
        "parameters": proposal.costs.parameters,
        "flops": proposal.costs.flops,
        **({} if trial.latency is None else {"latency": trial.latency}),
        "validation": trial.value,
        "origin": proposal.origin,
    }


def seconds_of(trials: Sequence[Trial], sessions: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Seconds by phase, of trials and of the calls that evaluated them."""
    spent = {name: sum(session.get(name, 0.0) for session in sessions) for name in ("search", "final", "starting", "ending")}
    spent = {"total": spent["search"] + spent["final"], **spent, "proposing": sum(trial.proposing for trial in trials)}
    for phase, name in (("build", "building"), ("train", "training"), ("score", "scoring")):
        own = (trial.evaluation for trial in trials if trial.reused is None and trial.evaluation is not None)
        spent[name] = sum(getattr(evaluation.seconds, phase) for evaluation in own)
    return {name: round(value, 3) for name, value in spent.items()}
