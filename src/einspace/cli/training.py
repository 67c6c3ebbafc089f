"""One architecture on one task: `evaluate`."""

from typing import Annotated, Any

import typer

from einspace.cli.options import OWN, AsJson, Data, Seed, TaskName, Text, read_architecture, with_settings
from einspace.cli.output import out, print_json, progress
from einspace.config import load, parameter
from einspace.errors import EinspaceError
from einspace.reporting.tables import facts


@with_settings(*OWN)
def evaluate(
    text: Text,
    task_name: TaskName,
    epochs: Annotated[int | None, typer.Option("--epochs", min=1, help="Epochs, in place of the task's recipe.")] = None,
    final: Annotated[bool, typer.Option("--final", help="Train on train and valid, and score on test.")] = False,
    seed: Seed = 0,
    data: Data = None,
    as_json: AsJson = False,
    **own: Any,
) -> None:
    """Train one architecture on a task and score it."""
    from einspace.evaluation.evaluate import evaluate as run
    from einspace.evaluation.outcome import NotANumber, Request
    from einspace.tasks import load_task

    given = {key: own[parameter(key)] for key in OWN if own[parameter(key)] is not None}
    settings, _ = load(None, {"task": task_name, **given})
    task = load_task(settings.task, data, settings.own.build())
    architecture = read_architecture(text, task.input)
    recipe = task.recipe.override(epochs_search=epochs, epochs_final=epochs)
    total = recipe.epochs_final if final else recipe.epochs_search
    with progress() as bar:
        line = bar.add_task("training", total=total, best="")
        try:
            result = run(
                Request(str(architecture), final=final, seed=seed),
                task,
                recipe,
                on_epoch=lambda epoch, loss: bar.update(line, completed=epoch, best=f"loss {loss:.3f}"),
            )
        except NotANumber as error:
            raise EinspaceError(f"the architecture cannot be trained on {task.name}: {error}") from None
    split = "test" if final else "valid"
    if as_json:
        figures: dict[str, Any] = {"task": task.name, "split": split, task.metric.name: result.value, "outcome": result.outcome.value}
        figures |= {"published": dict(task.published)} if task.published else {}
        print_json({**facts(architecture), **figures, "losses": list(result.epochs), "seconds": result.seconds.total})
        return
    if result.value is None:
        raise EinspaceError(f"no score: {result.reason}")
    out.print(
        f"{task.metric.name} on {split}: [bold]{result.value:.4f}[/] after {total} epochs in {result.seconds.total:.1f} s "
        f"({result.parameters:,} parameters with the head)"
    )
    if task.published:
        scores = ", ".join(f"{method} {score:.4f}" for method, score in task.published.items())
        out.print(f"published, on test: {scores}", highlight=False, soft_wrap=True)
