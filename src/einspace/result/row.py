"""Row: one trial of a run, and what is stored with it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from math import inf, isfinite
from typing import Any

from optuna.trial import FrozenTrial, TrialState

from einspace.evaluation.outcome import Evaluation, Outcome

INTERRUPTED = "interrupted"
"""The outcome of a trial whose driver ended before it; the same architecture is tried again under the same number."""


@dataclass(frozen=True)
class Row:
    """One trial. `value` is its score on the validation split, None unless the outcome is ok; `parameters` are the backbone's."""

    number: int
    outcome: str
    value: float | None
    text: str
    key: str
    origin: str
    parents: tuple[int, ...]
    parameters: int
    seconds: float
    """Building, training and scoring; 0 where a score was reused."""
    reused: int | None = None
    """The number of the trial with the same canonical key whose score this is."""
    reason: str = ""
    traceback: str = ""
    losses: tuple[float | None, ...] = ()
    """The mean training loss of each epoch; None for what is no finite number."""
    scores: tuple[float | None, ...] = ()
    """The validation score of each epoch, where they were watched."""
    place: tuple[int, ...] | None = None
    """Child positions from the root to the node of the first parent that was replaced; None where nothing was."""
    flops: int | None = None
    activation_bytes: int | None = None
    attempts: int = 1
    """How often its evaluation was tried."""
    device: str = ""
    latency: float | None = None
    """Seconds of the trained network for one sample on that device, where it was measured."""


def row_of(known: Mapping[str, Any], value: float | None) -> Row:
    """A trial from what is stored with it; its value counts only if its outcome is ok."""
    place = known.get("place")
    return Row(
        number=known["position"],
        outcome=known["outcome"],
        value=value if known["outcome"] == Outcome.OK.value else None,
        text=known["text"],
        key=known["key"],
        origin=known["origin"],
        parents=tuple(known["parents"]),
        parameters=known["parameters"],
        seconds=sum(known.get("seconds", {}).values()),
        reused=known.get("reused"),
        reason=known.get("reason", ""),
        traceback=known.get("traceback", ""),
        losses=tuple(known.get("losses", ())),
        scores=tuple(known.get("scores", ())),
        place=None if place is None else tuple(place),
        flops=known.get("flops"),
        activation_bytes=known.get("activation_bytes"),
        attempts=known.get("attempts", 1),
        device=known.get("device", ""),
        latency=known.get("latency"),
    )


def found_of(evaluation: Evaluation) -> dict[str, Any]:
    """What is stored with a trial of its evaluation, as JSON can hold it; a latency that is no time at all was not measured."""
    outcome = evaluation.outcome
    if outcome == Outcome.OK and evaluation.value is None:
        outcome = Outcome.ERROR
    found: dict[str, Any] = {
        "seconds": asdict(evaluation.seconds),
        "losses": [loss if isfinite(loss) else None for loss in evaluation.epochs],
        "scores": [score if isfinite(score) else None for score in evaluation.scores],
        "attempts": evaluation.attempts if evaluation.attempts != 1 else None,
        "device": evaluation.device,
        "latency": evaluation.latency if 0 < (evaluation.latency or 0.0) < inf else None,
        "reason": evaluation.reason,
        "traceback": evaluation.traceback,
        "outcome": outcome.value,
    }
    return {name: value for name, value in found.items() if value}


def rows(trials: Sequence[FrozenTrial]) -> list[Row]:
    """The trials that have ended, by number; those that were interrupted count as not tried."""
    found: dict[int, Row] = {}
    for trial in trials:
        if ended(trial):
            row = row_of(trial.user_attrs, trial.value)
            found.setdefault(row.number, row)
    return sorted(found.values(), key=lambda row: row.number)


def ended(trial: FrozenTrial) -> bool:
    """Whether a trial has an outcome that will stay."""
    if "position" not in trial.user_attrs:
        return False
    outcome = trial.user_attrs.get("outcome", INTERRUPTED)
    if trial.state == TrialState.FAIL:  # a driver may die between storing what came of an evaluation and telling Optuna
        return outcome not in (INTERRUPTED, Outcome.OK.value, Outcome.PRUNED.value)
    return trial.state in (TrialState.COMPLETE, TrialState.PRUNED) and outcome != INTERRUPTED


def best_of(history: Iterable[Row], higher_is_better: bool) -> Row | None:
    """The row with the best score, the earliest of equals; None if none ended well."""
    sign = 1 if higher_is_better else -1
    return max((row for row in history if row.value is not None), key=lambda row: sign * (row.value or 0.0), default=None)
