"""Attempt: the one border where exceptions become outcomes."""

import inspect
import traceback
from collections.abc import Callable
from dataclasses import replace
from time import perf_counter
from typing import Any

import torch

from einspace.evaluation.evaluate import evaluate
from einspace.evaluation.outcome import Evaluation, NotANumber, Outcome, Request, Seconds, Watch, first_line
from einspace.tasks.recipe import Recipe
from einspace.tasks.task import Task

Evaluate = Callable[..., Evaluation]
"""What evaluates: `(Request, Task, Recipe) -> Evaluation`. One that is sent to a worker is a module's function, or a `functools.partial`
of one. If it takes `device`, `watch` or `on_epoch` by keyword too, as `evaluate` does, it gets them where there are any."""

TRACEBACK_LINES = 12
"""Lines of a traceback that are kept."""

_MEMORY = ("not enough memory", "can't allocate", "cannot allocate", "out of memory", "bad_alloc", "could not create a memory")


def attempt(
    request: Request,
    task: Task,
    recipe: Recipe,
    evaluate: Evaluate = evaluate,
    device: str | None = None,
    watch: Watch | None = None,
    on_epoch: Callable[[int, float], None] | None = None,
) -> Evaluation:
    """Evaluate, with every exception turned into an outcome: nan, out-of-memory or error (whose time all counts as training).

    Another grammar is `functools.partial(evaluate, grammar=...)`. The losses and scores that were told before a failure are kept.
    """
    clock = perf_counter()
    losses: list[float] = []
    scores: list[float] = []

    def note(epoch: int, loss: float) -> None:
        losses.append(loss)
        if on_epoch is not None:
            on_epoch(epoch, loss)

    def look(epoch: int, score: float) -> bool:
        scores.append(score)
        return watch is None or watch(epoch, score)

    given: dict[str, Any] = {}
    if device is not None and accepts(evaluate, "device"):
        given["device"] = device
    if watch is not None and not request.final and accepts(evaluate, "watch"):
        given["watch"] = look
        if accepts(evaluate, "on_epoch"):
            given["on_epoch"] = note
    try:
        evaluation = evaluate(request, task, recipe, **given)
        if not isinstance(evaluation, Evaluation):
            raise TypeError(f"an evaluate must return an Evaluation, not {evaluation!r}")
    except NotANumber as error:
        evaluation = Evaluation(Outcome.NAN, epochs=error.losses, seconds=Seconds(train=perf_counter() - clock), reason=str(error))
    except Exception as error:  # noqa: BLE001 - the border: whatever an architecture does, the search goes on
        lines = traceback.format_exc().rstrip().splitlines()
        evaluation = Evaluation(
            Outcome.OUT_OF_MEMORY if is_memory_error(error) else Outcome.ERROR,
            epochs=tuple(losses),
            seconds=Seconds(train=perf_counter() - clock),
            reason=first_line(error),
            traceback="\n".join(lines[-TRACEBACK_LINES:]),
        )
    return replace(evaluation, scores=evaluation.scores or tuple(scores), device=evaluation.device or device or "")


def accepts(evaluate: Evaluate, keyword: str) -> bool:
    """Whether an `evaluate` can be given something by this keyword."""
    parameters = inspect.signature(evaluate).parameters.values()
    return any(p.kind is p.VAR_KEYWORD or (p.name == keyword and p.kind is not p.POSITIONAL_ONLY) for p in parameters)


def is_memory_error(error: BaseException) -> bool:
    """Whether an exception says that memory ran out, of the machine, of the worker's limit or of the accelerator."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    return isinstance(error, RuntimeError) and any(words in str(error).lower() for words in _MEMORY)
