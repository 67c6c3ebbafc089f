"""Finals: what a search evaluates beside its trials: baselines for comparison, and the final trainings for the test split."""

from collections.abc import Callable, Collection
from concurrent.futures import CancelledError, Future, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import optuna

from einspace.errors import GrammarError, NetworkError, ShapeError
from einspace.evaluation.outcome import Evaluation, Outcome, Request
from einspace.executors import Executor
from einspace.result import Progress, Row, attribute, best_of
from einspace.space import EinSpace
from einspace.strategies.initial import member
from einspace.tasks import Recipe, Task

SETTLED = (Outcome.OK.value, Outcome.NAN.value, Outcome.ERROR.value)
"""Outcomes of an evaluation outside the trials that another try would only repeat."""


def entry(shown: str, name: str, space: EinSpace) -> dict[str, Any]:
    """A baseline at the task's input and in its grammar, or why there is none; or an initial member of the user's own."""
    try:
        architecture = member(space, name)
    except (NetworkError, ShapeError, GrammarError) as error:
        return {"name": shown, "key": "", "parameters": None, "reason": str(error), "text": ""}
    return {"name": shown, "key": architecture.key, "parameters": architecture.parameters, "reason": "", "text": str(architecture)}


@dataclass(frozen=True)
class Wanted:
    """An evaluation outside the trials: an architecture, and how many seeds after the run's its own is."""

    key: str
    text: str
    number: int = 0


def unscored_baselines(study: optuna.Study, history: Collection[Row], entries: list[dict[str, Any]]) -> list[Wanted]:
    """The baselines that were no trial."""
    tried = {row.key for row in history}
    return _unsettled(study, "valid", {entry["key"]: entry["text"] for entry in entries if entry["text"] and entry["key"] not in tried})


def finals(
    study: optuna.Study, history: Collection[Row], entries: list[dict[str, Any]], higher_is_better: bool, seeds: int = 1
) -> list[Wanted]:
    """What is trained for the test split, from each of some seeds: the best trial, and the baselines that have a validation score."""
    scored = {row.key for row in history if row.value is not None}
    scored |= {
        name.removeprefix("valid:") for name, known in study.user_attrs.items() if name.startswith("valid:") and known["value"] is not None
    }
    best = best_of(history, higher_is_better)
    texts = {} if best is None else {best.key: best.text}
    texts |= {entry["key"]: entry["text"] for entry in entries if entry["key"] in scored and entry["key"] not in texts}
    return _unsettled(study, "test", texts, seeds)


def _unsettled(study: optuna.Study, split: str, texts: dict[str, str], seeds: int = 1) -> list[Wanted]:
    """Those of texts by key whose evaluation on a split has no outcome yet that will stay."""
    known = study.user_attrs
    wanted = [Wanted(key, text, number) for number in range(seeds) for key, text in texts.items()]
    return [one for one in wanted if known.get(attribute(split, one.key, one.number), {}).get("outcome") not in SETTLED]


def score(
    study: optuna.Study,
    executor: Executor,
    split: str,
    wanted: list[Wanted],
    seed: int,
    progress: Callable[[Progress], None] | None = None,
    weights: Path | None = None,
) -> None:
    """Evaluate outside the trials, each architecture once in a run from each seed, and keep what came of it with the study.

    `weights` is a folder for the weights that were trained from the run's own seed, each under its architecture's key.
    """
    futures: dict[Future[Evaluation], Wanted] = {}
    for one in wanted:
        keep = None if weights is None or one.number else str(weights.resolve() / f"{one.key}.safetensors")
        futures[executor.submit(Request(one.text, final=split == "test", seed=seed + one.number, keep=keep))] = one
    if progress is not None and futures:
        progress(Progress("final", 0, len(futures), None))
    for done, future in enumerate(as_completed(futures), 1):
        try:
            evaluation = future.result()
        except CancelledError:
            raise KeyboardInterrupt from None
        study.set_user_attr(
            attribute(split, futures[future].key, futures[future].number),
            {
                "value": evaluation.value,
                "outcome": evaluation.outcome.value,
                "reason": evaluation.reason,
                "seconds": evaluation.seconds.total,
            },
        )
        if progress is not None:
            progress(Progress("final", done, len(futures), None))


def final_limit(time_limit: float | None, task: Task, recipe: Recipe) -> float | None:
    """The time limit of a search, stretched to more epochs and samples, and never shortened."""
    if time_limit is None:
        return None
    samples = (len(task.train) + len(task.valid)) / len(task.train)
    return time_limit * max(1.0, recipe.epochs_final / recipe.epochs_search * samples)
