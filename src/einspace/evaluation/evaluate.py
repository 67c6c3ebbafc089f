"""Evaluate: from a text to a score; `attempt` is the one border where exceptions become outcomes."""

import traceback
from collections.abc import Callable
from math import isfinite
from time import perf_counter

import torch

from einspace.evaluation.outcome import Evaluation, NotANumber, Outcome, Request, Seconds
from einspace.evaluation.training import predict, train
from einspace.grammar import Grammar
from einspace.networks import Head, build, check_fit
from einspace.space import EinSpace
from einspace.tasks.recipe import Recipe
from einspace.tasks.task import Task

Evaluate = Callable[[Request, Task, Recipe], Evaluation]
"""What evaluates a request. One that is sent to a worker is a module's function, or a `functools.partial` of one."""

TRACEBACK_LINES = 12
"""Lines of a traceback that are kept."""

_MEMORY = ("not enough memory", "can't allocate", "cannot allocate", "out of memory", "bad_alloc", "could not create a memory")


def evaluate(
    request: Request,
    task: Task,
    recipe: Recipe,
    device: str = "cpu",
    on_epoch: Callable[[int, float], None] | None = None,
    grammar: Grammar | None = None,
    head: Head | None = None,
) -> Evaluation:
    """Build the architecture, train it and score it; raises what the parts raise.

    During the search: trained on `train` for `recipe.epochs_search`, scored on `valid` after the last epoch. `request.final`: trained on
    `train` and `valid` for `recipe.epochs_final`, scored on `test`, once. Weights and shuffling follow from `request.seed`.
    `on_epoch` is told of each epoch, as in `train`. `grammar` is the one that the text is of, the paper's unless told otherwise. `head`
    is the task's unless told otherwise; NetworkError names both where it does not fit the task.
    """
    clock = perf_counter()
    torch.manual_seed(request.seed)
    architecture = EinSpace(task.input.shape, grammar=grammar).parse(request.text)
    head = task.head if head is None else head
    check_fit(head, architecture.output, task.output, task.name)
    network = build(architecture, head).to(device)
    parameters = sum(parameter.numel() for parameter in network.parameters() if parameter.requires_grad)
    x, y = task.tensors(["train", "valid"] if request.final else ["train"], device)
    built = perf_counter()
    generator = torch.Generator().manual_seed(request.seed)
    epochs = recipe.epochs_final if request.final else recipe.epochs_search
    losses = tuple(train(network, x, y, recipe, epochs, generator, on_epoch, head.loss, task.augmentation))
    trained = perf_counter()
    x, y = task.tensors(["test" if request.final else "valid"], device)
    value = task.score(predict(network, x, recipe.batch_size), y)
    seconds = Seconds(built - clock, trained - built, perf_counter() - trained)
    if not isfinite(value):
        reason = f"the {task.metric.name} after the last epoch is {value}"
        return Evaluation(Outcome.NAN, None, losses, parameters, seconds, reason)
    return Evaluation(Outcome.OK, value, losses, parameters, seconds)


def attempt(request: Request, task: Task, recipe: Recipe, evaluate: Evaluate = evaluate) -> Evaluation:
    """Evaluate, with every exception turned into an outcome: nan, out-of-memory or error (whose time all counts as training).

    Another device is `functools.partial(evaluate, device="cuda")`, another grammar `functools.partial(evaluate, grammar=...)`.
    """
    clock = perf_counter()
    try:
        return evaluate(request, task, recipe)
    except NotANumber as error:
        return Evaluation(Outcome.NAN, epochs=error.losses, seconds=Seconds(train=perf_counter() - clock), reason=str(error))
    except Exception as error:  # noqa: BLE001 - the border: whatever an architecture does, the search goes on
        outcome = Outcome.OUT_OF_MEMORY if is_memory_error(error) else Outcome.ERROR
        lines = traceback.format_exc().rstrip().splitlines()
        return Evaluation(
            outcome,
            seconds=Seconds(train=perf_counter() - clock),
            reason=first_line(error),
            traceback="\n".join(lines[-TRACEBACK_LINES:]),
        )


def is_memory_error(error: BaseException) -> bool:
    """Whether an exception says that memory ran out, of the machine, of the worker's limit or of the accelerator."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    return isinstance(error, RuntimeError) and any(words in str(error).lower() for words in _MEMORY)


def first_line(error: BaseException) -> str:
    """One line for people: the type of an exception and the first line of its message."""
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__
