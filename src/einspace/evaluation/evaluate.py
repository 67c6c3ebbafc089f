"""Evaluate: train one architecture in this process, from one seed or from several."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from einspace.errors import NetworkError, SettingError
from einspace.evaluation.compute import Compute
from einspace.evaluation.objective import TaskObjective
from einspace.evaluation.outcome import Context, Evaluation, NotANumber, Outcome
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


def evaluate(
    architecture: Architecture | str,
    task: Task,
    *,
    seeds: int = 1,
    seed: int = 0,
    final: bool = False,
    device: str = "cpu",
    recipe: Recipe | None = None,
    changes: Mapping[str, float] | None = None,
    compute: Compute = Compute(),
    on_epoch: Callable[[int, int, float], None] | None = None,
) -> Scores:
    """Train one architecture on a task and score it.

    Args:
        architecture: Backbone whose input is the task's, (C, H, W) or (S, D), or its text in the paper's grammar.
        task: Data, head and metric.
        seeds: Number of independent trainings, from the seeds `seed`, `seed + 1`, ...
        seed: The first seed.
        final: Train on train + valid for `recipe.epochs_final` epochs and score on test (B.1).
        device: Where to train, such as "cuda:0".
        recipe: In place of the task's own.
        changes: Changes to the recipe and to the head, such as those of a trial, `trial.proposal.changes`; see `tasks.changes.apply`.
        compute: Precision, layout and compilation of the training.
        on_epoch: Called with the seed, the epoch, counted from 1, and the training loss.

    Returns:
        The evaluations, with their mean and standard deviation in the metric's units. A training whose loss is not finite is an
        evaluation without a value.

    Raises:
        SettingError: Fewer than one seed, or changes that recipe and head do not have.
        NotationError, ShapeError: A text that is no architecture, or that does not fit the task's input.
        NetworkError: The task's input or its head does not fit the architecture.
    """
    if type(seeds) is not int or seeds < 1:
        raise SettingError(f"seeds must be a whole number of at least 1, not {seeds!r}")
    if isinstance(architecture, str):
        architecture = EinSpace(task.input).parse(architecture)
    if architecture.input.shape != task.input.shape:
        raise NetworkError(f"the architecture is for samples of {architecture.input}, but those of {task.name} are {task.input}")
    objective = TaskObjective(task, task.recipe if recipe is None else recipe, compute)
    evaluations = []
    for number in range(seed, seed + seeds):

        def tell(epoch: int, loss: float, number: int = number) -> None:
            if on_epoch is not None:
                on_epoch(number, epoch, loss)

        try:
            evaluations.append(objective.evaluate(architecture, Context(number, final, device, dict(changes or {})), tell))
        except NotANumber as error:
            evaluations.append(Evaluation(Outcome.NAN, losses=error.losses, reason=str(error), device=device))
    over = over_seeds([evaluation.value for evaluation in evaluations])
    return Scores(tuple(evaluations), over.mean, over.deviation, over.failed)
