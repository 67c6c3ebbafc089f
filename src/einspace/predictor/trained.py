"""Trained: an architecture of a run with everything that is needed to export its network or to predict with it."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from einspace.errors import ExportError, GrammarError, NotationError, RunError, SettingError, ShapeError
from einspace.networks.export.weights import read_notes
from einspace.networks.heads import Classification, Dense, Head, Mask, MultiLabel, Regression, Segmentation
from einspace.networks.heads.data import head_of
from einspace.run.attachments import grammar_of_run, preprocessing_of_run
from einspace.run.folder import Run
from einspace.run.settings import Settings, making_sense
from einspace.space import Architecture, EinSpace
from einspace.tasks import Recipe
from einspace.tasks.changes import apply
from einspace.tasks.metrics import over_seeds
from einspace.tasks.preprocessing import Preprocessing
from einspace.trial import SEARCH, Trial

OUTPUTS: tuple[tuple[type[Head], str], ...] = (
    (Classification, "one logit for each class; the largest is the prediction, and softmax makes probabilities"),
    (MultiLabel, "one logit for each label; above 0 is yes, and sigmoid makes probabilities"),
    (Regression, "numbers in the units of the targets"),
    (Segmentation, "one logit for each class and pixel; the largest is the prediction"),
    (Mask, "one logit for each pixel; above 0 is yes, and sigmoid makes probabilities"),
    (Dense, "numbers for each pixel in the units of the targets"),
)
"""The meaning of a head's outputs, for people; the first kind that fits counts."""


@dataclass(frozen=True)
class Trained:
    """An architecture of a run: `trial` scored it in the search, `tests` are the scores of its final trainings, by seed.

    Final trainings on data without a test split have no scores, so `tests` is empty then, and `reason` says whether one failed.
    """

    name: str
    """Its name for people: "trial 3", or the name of a baseline."""

    architecture: Architecture
    head: Head
    """The head of the task, with the changes of the trial."""
    preprocessing: Preprocessing | None
    """The preprocessing of samples; None for a run of a version that did not keep it."""
    weights: Path | None
    """The file of the weights of its final training, where they were kept."""
    trial: Trial
    tests: tuple[float | None, ...]
    reason: str
    """The reason why a final training has no score, or left no weights; empty where all went well."""
    facts: Mapping[str, Any]
    """Facts about it, as JSON values by name."""

    def described(self, raw: bool, filled: bool = True) -> dict[str, Any]:
        """The facts, with what goes into the network: raw samples or normalised ones.

        One that is not `filled` with the weights of its training has no scores, and is said not to be trained.
        """
        given = self.preprocessing
        about = (given or Preprocessing()).facts(self.architecture.input)
        if given is None or (given.normaliser is not None and not raw):
            names = ("shape", "axes") if given is None else ("shape", "axes", "given_axes", "signals", "images")
            about = {name: about[name] for name in names if name in about} | {"normalised": not raw}
        scaled = given is not None and given.target_normaliser is not None
        normalised = " after they were normalised, with mean 0 and deviation 1" if scaled and not raw else ""
        known = self.facts if filled else {**self.facts, "scores": None, "trained": False}
        return {**known, "input": about, "output": f"{meaning(self.head)}{normalised}"}

    def unkept(self, run: str) -> RunError:
        """The error for weights that a run does not hold, with what makes them."""
        if self.tests[:1] == (None,) or (self.reason and not self.tests):
            why = self.reason or "it has not ended; the same search goes on with it, unless --final-seeds is 0"
            return RunError(f"the final training of {self.name} of the run {run} left no network: {why}")
        argument = f"trial={self.trial.number}" if self.trial.phase == SEARCH else f"baseline={self.name!r}"
        call = f"result.predictor({argument}, task=task) trains it as a final training does, and keeps them"
        again = "; so does the same search with --keep-weights all" if self.tests else ""
        return RunError(f"the run {run} did not keep the weights of the network of {self.name}: {call}{again}")


def meaning(head: Head) -> str:
    """The meaning of a head's outputs."""
    return next((words for kind, words in OUTPUTS if isinstance(head, kind)), f"what the head {head} predicts")


def trained(
    run: Run, settings: Settings, trial: Trial, name: str, tests: Sequence[float | None], reason: str, split: str = "validation"
) -> Trained:
    """A trial of a run's search or of its baselines, with its name, the scores of its final trainings, and why one is missing.

    `split` is the one that the trial was scored on.

    Raises SettingError for a run of an objective, which has no head; GrammarError or NetworkError for operations or a head of the user's
    own whose module was not imported yet.
    """
    if "head" not in settings:
        raise SettingError(f"the run {run.name} is of an objective, which has no head: export the text with --classes")
    with making_sense(run.name):
        return _trained(run, settings, trial, name, tests, reason, split)


def _trained(run: Run, settings: Settings, trial: Trial, name: str, tests: Sequence[float | None], reason: str, split: str) -> Trained:
    kept = run.weights / f"{trial.proposal.stem}.safetensors"
    weights = kept if kept.is_file() else None
    space = EinSpace(settings["input"], grammar=grammar_of_run(run.path, settings))
    architecture = space.parse(trial.text) if weights is None else _as_kept(space, space.parse(trial.text), weights)
    _, head = apply(Recipe(**settings["recipe"]), head_of(settings["head"]), trial.proposal.changes)
    seeds = over_seeds(tests or ([trial.value] if split == "test" else ()))
    facts = {
        "einspace": version("einspace"),
        "task": settings["task"],
        "data": settings.get("data", ""),
        "kind": settings["head"]["kind"],
        "classes": settings.get("labels", []),
        "metric": {name: settings["metric"][name] for name in ("name", "higher_is_better")},
        "scores": {
            "validation": None if split == "test" else trial.value,
            "test": seeds.mean,
            "test_seeds": seeds.seeds - seeds.failed,
            "test_deviation": seeds.deviation,
        },
        "run": run.name,
        **({"trial": trial.number} if trial.phase == SEARCH else {}),
        **({"baseline": name} if name != trial.title else {}),
        "key": trial.key,
        **({"changes": dict(trial.proposal.changes)} if trial.proposal.changes else {}),
    }
    return Trained(name, architecture, head, preprocessing_of_run(run.path, settings), weights, trial, tuple(tests), reason, facts)


def _as_kept(space: EinSpace, architecture: Architecture, weights: Path) -> Architecture:
    """The architecture in the text that its weights were trained in, for the names of modules are their places in that text.

    Weights are kept under the canonical key, which texts share whose branches of a sum stand in another order.
    """
    with suppress(ExportError, NotationError, ShapeError, GrammarError):  # what reads the weights says what is wrong with them
        kept = space.parse(str(read_notes(weights).get("architecture", "")))
        return kept if kept.key == architecture.key else architecture
    return architecture


def check_raw(found: Trained, run: str) -> Preprocessing:
    """The preprocessing of an exported network; raises RunError for a run of a version that did not keep it."""
    if found.preprocessing is None:
        raise RunError(
            f"the run {run} was made before runs kept their normalisation: --normalised-input exports a network of normalised samples"
        )
    return found.preprocessing
