"""Attempt: every exception of an evaluation becomes an outcome here."""

import signal
import threading
import traceback
from collections.abc import Mapping
from dataclasses import replace
from math import inf, isfinite
from pathlib import Path
from time import perf_counter
from typing import Any

from einspace.evaluation.outcome import (
    LONGEST_TRACEBACK,
    Context,
    Evaluation,
    NotANumber,
    Outcome,
    Passed,
    Report,
    Request,
    Seconds,
    checked,
    first_line,
    plain,
    settled,
)
from einspace.evaluation.scored import scored
from einspace.evaluation.work import Work
from einspace.memory import is_memory_error

TRACEBACK_LINES = 12
"""Lines of a traceback that are kept."""


def attempt(
    request: Request, work: Work, device: str = "cpu", report: Report | None = None, on_passed: Passed = lambda epoch, epochs: None
) -> Evaluation:
    """Evaluate a request, with every exception turned into an outcome: nan, out-of-memory, crashed or error.

    Args:
        request: What to evaluate.
        work: What evaluates.
        device: Where to train.
        report: Called after each epoch that the objective reports, unless the request is final; a False prunes the evaluation.
        on_passed: Called after each epoch that the objective says has ended.

    Returns:
        The evaluation. Losses and scores that were reported before a failure are kept; all its time counts as training.
    """
    clock = perf_counter()
    losses: list[float] = []
    scores: list[float] = []
    pruned = False
    watched = report is not None and not request.final

    def on_report(epoch: int, score: float, loss: float | None) -> bool:
        nonlocal pruned
        scores.append(float(score))
        if loss is not None:
            losses.append(float(loss))
        if watched and report is not None and not report(epoch, scores[-1], loss):
            pruned = True
        return not pruned

    context = Context(
        seed=request.seed,
        final=request.final,
        device=device,
        changes=request.changes,
        files=None if request.keep is None else Path(request.keep),
        watched=watched,
        on_report=on_report,
        partition=request.partition,
        valid_share=request.valid_share,
        long=request.long,
        on_passed=on_passed,
        inherits=None if request.inherits is None else Path(request.inherits),
        rungs=request.rungs,
    )
    try:
        evaluation = _evaluation(work(request.text, context))
    except NotANumber as error:
        evaluation = Evaluation(Outcome.NAN, losses=error.losses, reason=str(error))
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt) and _can_be_interrupted():
            raise
        lines = traceback.format_exc().rstrip().splitlines()
        last = "\n".join(lines[-TRACEBACK_LINES:])[-LONGEST_TRACEBACK:]
        evaluation = Evaluation(_outcome(error), reason=first_line(error), traceback=last)
    if pruned and evaluation.outcome is not Outcome.PRUNED:
        evaluation = replace(evaluation, outcome=Outcome.PRUNED, reason=f"given up after epoch {len(scores)}", traceback="")
    return replace(
        settled(evaluation),
        losses=evaluation.losses or tuple(losses),
        scores=evaluation.scores or tuple(scores),
        seconds=evaluation.seconds if evaluation.seconds.total else Seconds(train=perf_counter() - clock),
        device=evaluation.device or device,
    )


def _outcome(error: BaseException) -> Outcome:
    """The outcome of an evaluation that raised: crashed if a device failed, for then the machine may be at fault."""
    if is_memory_error(error):
        return Outcome.OUT_OF_MEMORY
    if isinstance(error, RuntimeError):
        import torch

        if isinstance(error, torch.AcceleratorError) or "unable to find an engine" in str(error):  # the second is cuDNN's
            return Outcome.CRASHED
    return Outcome.ERROR


def _can_be_interrupted() -> bool:
    """True if a KeyboardInterrupt may be Ctrl-C; in any other case the objective itself raised it."""
    return threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGINT) is not signal.SIG_IGN


def _evaluation(returned: Evaluation | float | Mapping[str, Any]) -> Evaluation:
    """The evaluation that an objective's return value stands for; raises TypeError for a value of another form."""
    if isinstance(returned, Evaluation):
        return checked(returned)
    extra = dict(returned) if isinstance(returned, Mapping) else {"score": returned}
    try:
        value = scored(extra.pop("score", None))
    except TypeError:
        what = 'an objective must return a number, a mapping with a number as "score", or an Evaluation'
        raise TypeError(f"{what}, not {returned!r:.100}") from None
    reason = "" if isfinite(value) else f"the score is {value}"
    latency = _taken_latency(extra)
    return Evaluation(Outcome.OK if isfinite(value) else Outcome.NAN, value, reason=reason, latency=latency, extra=plain(extra))


def _taken_latency(extra: dict[str, Any]) -> float | None:
    """The latency that an objective returned, removed from the other values; None where it is not a finite number over 0."""
    try:
        latency = scored(extra.get("latency"))
    except TypeError:
        return None
    if not 0 < latency < inf:
        return None
    del extra["latency"]
    return latency
