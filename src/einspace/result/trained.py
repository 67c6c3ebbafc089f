"""Trained: an architecture of a run with everything that makes a network of it that others can use."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from einspace.errors import RunError, SettingError
from einspace.networks.heads import Classification, Dense, Head, Mask, MultiLabel, Regression, Segmentation
from einspace.networks.heads.data import head_of
from einspace.result.result import Entrant, Result
from einspace.run import Run
from einspace.space import Architecture, EinSpace
from einspace.tasks import Recipe
from einspace.tasks.changes import apply
from einspace.tasks.preprocessing import Preprocessing
from einspace.trial import Trial

OUTPUTS: tuple[tuple[type[Head], str], ...] = (
    (Classification, "one logit for each class; the largest is the prediction, and softmax makes probabilities"),
    (MultiLabel, "one logit for each label; above 0 is yes, and sigmoid makes probabilities"),
    (Regression, "numbers in the units of the targets"),
    (Segmentation, "one logit for each class and pixel; the largest is the prediction"),
    (Mask, "one logit for each pixel; above 0 is yes, and sigmoid makes probabilities"),
    (Dense, "numbers for each pixel in the units of the targets"),
)
"""What the outputs of a head say, for people; the first kind that fits counts."""


@dataclass(frozen=True)
class Trained:
    """An architecture of a run: `trial` is the record of its search, `entrant` that of its final trainings; None where there is none."""

    architecture: Architecture
    head: Head
    """The task's, with the changes of the trial."""
    preprocessing: Preprocessing | None
    """None for a run that was made before this was kept."""
    weights: Path | None
    """The file of the weights of its final training, where they were kept."""
    trial: Trial | None
    entrant: Entrant | None
    facts: Mapping[str, Any]
    """What is known of it, as JSON values by name."""

    def described(self, raw: bool) -> dict[str, Any]:
        """The facts, with what goes into the network: raw samples or normalised ones."""
        given = self.preprocessing
        shape = ["batch", *self.architecture.input.shape]
        about: dict[str, Any] = {"shape": shape, "axes": "NCHW" if self.architecture.input.mode == "Im" else "NSD", "normalised": not raw}
        if raw and given is not None:
            about |= {"dtype": given.dtype, "given_axes": given.axes or about["axes"], "given_dtype": given.given}
            if given.low is not None and given.high is not None:
                about["range"] = {"low": given.low.ravel().tolist(), "high": given.high.ravel().tolist()}
        scaled = given is not None and given.target_normaliser is not None
        normalised = " after they were normalised, with mean 0 and deviation 1" if scaled and not raw else ""
        return {**self.facts, "input": about, "output": f"{meaning(self.head)}{normalised}"}


def meaning(head: Head) -> str:
    """What the outputs of a head say."""
    return next((words for kind, words in OUTPUTS if isinstance(head, kind)), f"what the head {head} predicts")


def trained(result: Result, trial: int | None = None) -> Trained:
    """The best architecture of a run, or that of another trial of its search.

    Raises SettingError for a run without one, for a trial that it does not have and for a run of an objective, which has no head;
    GrammarError or NetworkError for operations or a head of the user's own whose module was not imported yet.
    """
    settings, name = result.settings, result.run.name
    if "head" not in settings:
        raise SettingError(f"the run {name} is of an objective, which has no head: export the text with --classes")
    found = _trial(result, trial)
    folder = Run(result.run.parent, name)
    architecture = EinSpace(settings["input"], grammar=folder.grammar(settings)).parse(found.text)
    entrants = [
        entrant
        for entrant in (result.best, *result.baselines)
        if entrant is not None and entrant.proposal is not None and entrant.proposal.identity == found.proposal.identity
    ]
    entrant = entrants[0] if entrants else None
    kept = folder.weights / f"{found.proposal.stem}.safetensors"
    _, head = apply(Recipe(**settings["recipe"]), head_of(settings["head"]), found.proposal.changes)
    return Trained(
        architecture,
        head,
        folder.preprocessing(settings),
        kept if kept.is_file() else None,
        found,
        entrant,
        _facts(result, found, entrant),
    )


def _trial(result: Result, number: int | None) -> Trial:
    name = result.run.name
    if number is None:
        if result.best is None:
            raise SettingError(f"the run {name} has no best architecture yet: no trial has ended well")
        number = result.best.trial
    found = next((trial for trial in result.history if trial.number == number), None)
    if found is None:
        ended = [trial.number for trial in result.history]
        among = f"those that have ended are {min(ended)} to {max(ended)}" if ended else "none has ended yet"
        raise SettingError(f"the run {name} has no trial {number}: {among}")
    return found


def _facts(result: Result, trial: Trial, entrant: Entrant | None) -> dict[str, Any]:
    settings = result.settings
    scores = {
        "validation": trial.value,
        "test": None if entrant is None else entrant.test,
        "test_seeds": 0 if entrant is None else len([value for value in entrant.tests if value is not None]),
        "test_deviation": None if entrant is None else entrant.over_seeds.deviation,
    }
    return {
        "einspace": version("einspace"),
        "task": settings["task"],
        "data": settings.get("data", ""),
        "kind": settings["head"]["kind"],
        "classes": settings.get("labels", []),
        "metric": {"name": result.metric, "higher_is_better": result.higher_is_better},
        "scores": scores,
        "run": result.run.name,
        "trial": trial.number,
        "key": trial.key,
        **({"changes": dict(trial.proposal.changes)} if trial.proposal.changes else {}),
    }


def check_raw(found: Trained, run: str) -> Preprocessing:
    """The preprocessing of what is exported; raises RunError for a run that was made before this was kept."""
    if found.preprocessing is None:
        raise RunError(
            f"the run {run} was made before runs kept their normalisation: --normalised-input exports a network of normalised samples"
        )
    return found.preprocessing
