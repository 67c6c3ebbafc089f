"""Several seeds of one architecture: how much of a score is luck."""

from collections.abc import Callable
from typing import Any

from einspace.errors import SettingError
from einspace.evaluation.evaluate import evaluate
from einspace.evaluation.outcome import Evaluation, NotANumber, Outcome, Request
from einspace.tasks.recipe import Recipe
from einspace.tasks.task import Task


def evaluate_seeds(
    text: str,
    task: Task,
    recipe: Recipe,
    seeds: int,
    seed: int = 0,
    final: bool = False,
    on_epoch: Callable[[int, int, float], None] | None = None,
    **given: Any,
) -> list[Evaluation]:
    """Train an architecture from the seeds `seed`, `seed + 1`, ... one after the other, and give what came of each.

    `on_epoch(seed, epoch, loss)` is told of each epoch; `given` is what `evaluate` takes besides, such as `device`. A training whose
    loss is lost is an evaluation without a value; `over_seeds` makes mean and spread of the values. Raises SettingError for fewer than
    one seed, and otherwise what `evaluate` raises.
    """
    if type(seeds) is not int or seeds < 1:
        raise SettingError(f"seeds must be a whole number of at least 1, not {seeds!r}")
    evaluations = []
    for number in range(seed, seed + seeds):

        def told(epoch: int, loss: float, number: int = number) -> None:
            if on_epoch is not None:
                on_epoch(number, epoch, loss)

        try:
            evaluations.append(evaluate(Request(text, final, number), task, recipe, on_epoch=told, **given))
        except NotANumber as error:
            evaluations.append(Evaluation(Outcome.NAN, epochs=error.losses, reason=str(error)))
    return evaluations
