"""Evaluate: train one architecture in this process, from one seed or from several, within the memory and the time that a trial has."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from time import monotonic
from typing import Any

from einspace.baselines import BASELINES, within
from einspace.errors import NetworkError, SettingError
from einspace.evaluation.compute import Compute
from einspace.evaluation.objective import TaskObjective
from einspace.evaluation.outcome import Context, Evaluation, NotANumber, Outcome, first_line
from einspace.evaluation.room import lacking
from einspace.grammar import WIDEST_GRAMMAR
from einspace.memory import capped, is_memory_error
from einspace.quantities import check_limit, check_whole
from einspace.space import Architecture, EinSpace
from einspace.tasks.metrics import over_seeds
from einspace.tasks.recipe import Recipe
from einspace.tasks.task import Task


@dataclass(frozen=True)
class Scores:
    """Independent trainings of one architecture: one evaluation for each seed, in order.

    `mean` and `deviation`, of the population, are None if any seed `failed` to give a score: the others would flatter.
    """

    evaluations: tuple[Evaluation, ...]
    mean: float | None
    deviation: float | None
    failed: int

    @classmethod
    def of(cls, evaluations: Sequence[Evaluation]) -> "Scores":
        """The scores of independent trainings."""
        over = over_seeds([evaluation.value for evaluation in evaluations])
        return cls(tuple(evaluations), over.mean, over.deviation, over.failed)


def evaluate(
    architecture: Architecture | str,
    task: Task,
    *,
    seeds: int = 1,
    seed: int = 0,
    final: bool = False,
    device: str = "cpu",
    recipe: Recipe | Mapping[str, Any] | None = None,
    changes: Mapping[str, float] | None = None,
    compute: Compute | Mapping[str, Any] | None = None,
    time_limit: float | None = None,
    on_epoch: Callable[[int, int, float], None] | None = None,
) -> Scores:
    """Train one architecture on a task and score it.

    Args:
        architecture: Backbone whose input is the task's, (C, H, W) or (S, D), its text in any named grammar, or the name of a baseline.
        task: Data, head and metric.
        seeds: Number of independent trainings, from the seeds `seed`, `seed + 1`, ...
        seed: The first seed.
        final: Train on train + valid for `recipe.epochs_final` epochs and score on test (B.1).
        device: Where to train, such as "cuda:0".
        recipe: A recipe, or changes to the task's own, such as `{"epochs_search": 2}`.
        changes: Changes to the recipe and to the head, such as those of a trial, `trial.proposal.changes`; see `tasks.changes.apply`.
        compute: Precision, layout and compilation of the training, such as `{"precision": "bf16"}`; see `evaluation.compute`.
        time_limit: Seconds for one training, which ends after the batch that passes them; None is no limit. An operation that takes
            minutes is waited for: where that must not be, a `ProcessExecutor` ends the worker.
        on_epoch: Called with the seed, the epoch, counted from 1, and the training loss.

    Returns:
        The evaluations, with their mean and standard deviation in the metric's units. A training whose loss is not finite, that takes
        too long, or that needs more memory than is free, is an evaluation without a value, as a trial of a search is; what needs too
        much by the architecture's own figures is not begun.

    Raises:
        SettingError: Fewer than one seed, a seed that no generator takes, changes that recipe and head do not have, or a time limit that is
            not over 0.
        NotationError, ShapeError: A text that is not an architecture, or that does not fit the task's input.
        NetworkError: The task's input or its head does not fit the architecture.
    """
    check_whole("seeds", seeds)
    if type(seed) is not int or not -(2**62) <= seed < 2**62:
        raise SettingError(f"a seed must be a whole number of at most 62 bits, not {seed!r}")
    if isinstance(architecture, str):
        space = EinSpace(task.input, grammar=WIDEST_GRAMMAR)
        architecture = within(space, architecture) if architecture in BASELINES else space.parse(architecture)
    if architecture.input.shape != task.input.shape:
        raise NetworkError(f"the architecture is for samples of {architecture.input}, but those of {task.name} are {task.input}")
    check_limit(time_limit)
    objective = TaskObjective(task, task.recipe.given(recipe), Compute.of(compute))
    evaluations = []
    for number in range(seed, seed + seeds):

        def tell(epoch: int, loss: float, number: int = number) -> None:
            if on_epoch is not None:
                on_epoch(number, epoch, loss)

        evaluations.append(_evaluation(objective, architecture, Context(number, final, device, dict(changes or {})), tell, time_limit))
    return Scores.of(evaluations)


def _evaluation(
    objective: TaskObjective, architecture: Architecture, context: Context, tell: Callable[[int, float], None], time_limit: float | None
) -> Evaluation:
    """Train once; a training that its limits of time or memory end has an outcome that says so."""
    end = None if time_limit is None else monotonic() + time_limit

    def check_time() -> None:
        if end is not None and monotonic() > end:
            raise TimeoutError

    on_cpu = context.device == "cpu"
    samples = min(objective.recipe.batch_size, len(objective.task.train))
    lacks = lacking(architecture, samples, "train", objective.task.head) if on_cpu else ""
    if lacks:
        return Evaluation(Outcome.OUT_OF_MEMORY, reason=lacks, device=context.device)
    try:
        with capped() if on_cpu else nullcontext():
            return objective.evaluate(architecture, context, tell, check_time)
    except NotANumber as error:
        return Evaluation(Outcome.NAN, losses=error.losses, reason=str(error), device=context.device)
    except TimeoutError:
        return Evaluation(Outcome.TIMEOUT, reason=f"not finished after {time_limit:g} seconds", device=context.device)
    except (MemoryError, RuntimeError) as error:
        if not is_memory_error(error):
            raise
        return Evaluation(Outcome.OUT_OF_MEMORY, reason=first_line(error), device=context.device)
