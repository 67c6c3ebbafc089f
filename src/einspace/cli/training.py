"""One architecture on one task: `evaluate`."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from einspace.cli import overdue
from einspace.cli.options import COMPUTE, OWN, AsJson, Data, Seed, TaskName, Text, parameter, read_architecture, with_settings
from einspace.cli.output import err, out, print_json, progress, waiting
from einspace.config import load
from einspace.errors import EinspaceError, SettingError
from einspace.quantities import counted, decimal
from einspace.reporting.tables import facts

if TYPE_CHECKING:
    from einspace.evaluation import Evaluation


@with_settings("time_limit", *COMPUTE, *OWN)
def evaluate(
    text: Text,
    task_name: TaskName,
    epochs: Annotated[int | None, typer.Option("--epochs", min=1, help="Number of epochs, in place of that of the task's recipe.")] = None,
    final: Annotated[bool, typer.Option("--final", help="Train as a final training does: on train and valid, scored on test.")] = False,
    seed: Seed = 0,
    seeds: Annotated[
        int,
        typer.Option(
            "--seeds", min=1, help="Number of trainings, from seeds that count up from --seed; prints their mean and standard deviation."
        ),
    ] = 1,
    data: Data = None,
    as_json: AsJson = False,
    **options: Any,
) -> None:
    """Train one architecture on a task and score it."""
    from einspace import baselines
    from einspace.evaluation.evaluate import Scores
    from einspace.evaluation.evaluate import evaluate as train
    from einspace.tasks import load_task
    from einspace.tasks.metrics import Seeds
    from einspace.tasks.sources import is_path

    given = {key: options[parameter(key)] for key in ("time_limit", *COMPUTE, *OWN) if options[parameter(key)] is not None}
    if task_name in baselines.names() and not is_path(task_name):
        raise SettingError(f"{task_name} is a network, not a task: the network comes first, as in `einspace evaluate {task_name} TASK`")
    settings, _ = load(None, {"task": task_name, **given})
    with waiting(f"reading the data of {settings.task}"):
        task = load_task(settings.task, data, settings.own)
    if task.path:
        err.print(task.summary(), highlight=False, soft_wrap=True)
    architecture = read_architecture(text, task.input)
    recipe = task.recipe.override(epochs_search=epochs, epochs_final=epochs)
    total = recipe.epochs_final if final else recipe.epochs_search
    longer = max(1.0, recipe.epochs_final / recipe.epochs_search) if final else 1.0  # as final trainings of a search have
    limit = None if settings.time_limit is None else settings.time_limit * longer
    with progress() as bar:
        line = bar.add_task("training", total=total * seeds, best="")

        def on_epoch(number: int, epoch: int, loss: float) -> None:
            bar.update(line, completed=(number - seed) * total + epoch, best=f"loss {loss:.3f}")

        compute, found = settings.compute.build(), list["Evaluation"]()
        words = f"the architecture cannot be trained on {task.name}: timeout: one operation still ran after {limit or 0:g} seconds"
        for number in range(seed, seed + seeds):
            with overdue.ended_after(None if limit is None else limit + overdue.GRACE, f"{words}{overdue.LONGER}"):
                found += train(
                    architecture, task, seed=number, final=final, recipe=recipe, compute=compute, time_limit=limit, on_epoch=on_epoch
                ).evaluations
    scores = Scores.of(found)
    results = scores.evaluations
    first, split = results[0], "test" if final else "valid"
    if scores.failed == seeds:
        raise EinspaceError(f"the architecture cannot be trained on {task.name}: {_why(first)}")
    seconds = sum(result.seconds.total for result in results)
    if as_json:
        figures: dict[str, Any] = {"task": task.name, "split": split, task.metric.name: scores.mean}
        if seeds == 1:
            figures |= {"outcome": first.outcome.value, "losses": first.to_json()["losses"]}
        else:
            figures |= {"deviation": scores.deviation, "failed": scores.failed}
            figures["seeds"] = [
                {
                    "seed": number,
                    task.metric.name: result.value,
                    "outcome": result.outcome.value,
                    "losses": result.to_json()["losses"],
                }
                for number, result in enumerate(results, seed)
            ]
        figures |= {"published": dict(task.published)} if task.published else {}
        print_json({**facts(architecture), **figures, "seconds": seconds})
        return
    for number, result in enumerate(results, seed) if seeds > 1 else ():
        value = f"no score: {_why(result)}" if result.value is None else decimal(result.value)
        out.print(f"seed {number}: {value}", highlight=False, soft_wrap=True)
    parameters = next(result.parameters for result in results if result.value is not None)
    shown = (
        str(Seeds(scores.mean, scores.deviation, seeds, 0))
        if scores.mean is not None
        else f"no mean, {scores.failed} of {counted(seeds, 'seed')} without a score"
    )
    times = f"after {counted(total, 'epoch')}" if seeds == 1 else f"over {seeds} seeds of {counted(total, 'epoch')}"
    out.print(
        f"{task.metric.name} on {split}: [bold]{shown}[/] {times} in {seconds:.1f} s ({parameters:,} parameters with the head)",
        soft_wrap=True,
        markup=True,
    )
    if task.published:
        published = ", ".join(f"{method} {decimal(score)}" for method, score in task.published.items())
        out.print(f"published, on test: {published}", highlight=False, soft_wrap=True)


def _why(result: "Evaluation") -> str:
    """The outcome of a training without a score, and the reason; the reason alone for NaN, since it names the loss."""
    hint = overdue.LONGER if result.outcome == "timeout" else ""
    return f"{'' if result.outcome == 'nan' else f'{result.outcome}: '}{result.reason}{hint}"
