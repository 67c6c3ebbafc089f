"""The command line. Figures go to standard output, as tables or with `--json` as JSON; progress and errors go to standard error.

A mistake in the input is one message and exit code 2, an interrupted search is exit code 130; a traceback is a bug of ours.
"""

import json
import os
import shlex
import sys
from pathlib import Path
from random import Random
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from einspace.errors import EinspaceError, UnknownNameError
from einspace.features import Feature
from einspace.limits import Limits
from einspace.reporting.tables import architectures, facts, operations, quantity
from einspace.sampling import SamplingReport
from einspace.space import Architecture, EinSpace

app = typer.Typer(
    help="Search neural architectures from fundamental operations.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
out = Console()
err = Console(stderr=True)

Shape = Annotated[str, typer.Option("--shape", help="Input without the batch axis: C,H,W for images, S,D for sequences.")]
Seed = Annotated[int, typer.Option("--seed", help="Same seed, same result.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]
Text = Annotated[str, typer.Argument(metavar="TEXT", help="An architecture in brackets, or the name of a baseline.")]
TaskName = Annotated[str, typer.Argument(metavar="TASK", help="A task, as `einspace tasks` lists them.")]


def main() -> None:
    """Run the command line and turn mistakes in the input into one message."""
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # threads that spin slow each other down on a busy machine
    try:
        app()
    except EinspaceError as error:
        err.print("[bold red]error:[/] ", end="")
        err.print(str(error), markup=False, highlight=False, soft_wrap=True)
        sys.exit(2)


def print_json(value: object) -> None:
    """Print one JSON value on standard output, unstyled and unwrapped."""
    typer.echo(json.dumps(value, indent=2, allow_nan=False))


def read_architecture(text: str, shape: Feature) -> Architecture:
    """An architecture from its text, or a baseline by its name."""
    from einspace import baselines

    space = EinSpace(shape)
    if text in baselines.names():
        return baselines.get(text, shape)
    if not text.lstrip().startswith(("[", "{")) and text.strip().split("(")[0] not in space.grammar.operations:
        raise UnknownNameError("architecture or baseline", text, baselines.names())
    return space.parse(text)


@app.command()
def sample(
    shape: Shape = "3,32,32",
    count: Annotated[int, typer.Option("-n", "--count", min=1, help="How many.")] = 5,
    seed: Seed = 0,
    probability: Annotated[float, typer.Option("-p", "--probability", help="p(M -> C), the share of computation modules.")] = 0.32,
    as_json: AsJson = False,
) -> None:
    """Sample architectures from the grammar."""
    space = EinSpace(Feature.parse(shape), computation_probability=probability)
    report = SamplingReport()
    found = [space.sample(Random(f"{seed}:{i}"), report) for i in range(count)]
    if as_json:
        print_json([facts(architecture) for architecture in found])
        return
    rows = [(str(i), architecture) for i, architecture in enumerate(found)]
    out.print(architectures(rows, f"{count} samples at {space.input}, p = {probability:g}", out.width))
    restarted = report.attempts - report.samples
    out.print(f"{report.decisions:,} decisions, {report.backtracks:,} taken back, {restarted} attempts restarted", style="dim")


@app.command()
def show(
    text: Text,
    shape: Shape = "3,32,32",
    svg: Annotated[Path | None, typer.Option("--svg", metavar="FILE", help="Draw the architecture into this file.")] = None,
    derived: Annotated[bool, typer.Option("--derived", help="List every operation as derived, not simplified and fused.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show what an architecture computes and what it costs."""
    architecture = read_architecture(text, Feature.parse(shape))
    if svg is not None:
        from einspace.reporting.svg import picture

        write(svg, picture(architecture))
    if as_json:
        print_json(facts(architecture))
        return
    out.print(str(architecture), markup=False, highlight=False, soft_wrap=True)
    out.print(operations(architecture, optimize=not derived))
    out.print(
        f"{architecture.parameters:,} parameters, {quantity(architecture.flops)}FLOPs, "
        f"{quantity(architecture.activation_bytes)}B written and "
        f"{quantity(architecture.saved_bytes)}B kept for the backward pass per sample; key {architecture.key}",
        soft_wrap=True,
    )
    if svg is not None:
        out.print(f"drawn into {svg}")


def write(path: Path, content: str) -> None:
    """Write a file, or say why that cannot be."""
    try:
        path.write_text(content, encoding="utf-8")
    except OSError as error:
        raise EinspaceError(f"cannot write {path}: {error.strerror}") from None


@app.command()
def baselines(shape: Shape = "3,64,64", as_json: AsJson = False) -> None:
    """List the human-designed architectures that a search can start from."""
    from einspace import baselines as known

    inputs = Feature.parse(shape)
    rows = [(name, known.get(name, inputs)) for name in known.names()]
    if as_json:
        print_json([{"name": name, **facts(architecture)} for name, architecture in rows])
    else:
        out.print(architectures(rows, f"Baselines at {inputs}", out.width))


@app.command()
def tasks(as_json: AsJson = False) -> None:
    """List the tasks."""
    from rich.table import Table

    from einspace.tasks import load_task, names

    loaded = [load_task(name) for name in names()]
    if as_json:
        print_json(
            [
                {
                    "name": task.name,
                    "input": list(task.input.shape),
                    "classes": task.classes,
                    "train": len(task.train),
                    "valid": len(task.valid),
                    "test": len(task.test),
                    "metric": task.metric.name,
                    "baselines": list(task.baselines),
                    "description": task.description,
                }
                for task in loaded
            ]
        )
        return
    table = Table(title="Tasks", title_justify="left", header_style="bold")
    for column in ("name", "input", "classes", "train / valid / test", "metric"):
        table.add_column(column)
    for task in loaded:
        sizes = f"{len(task.train):,} / {len(task.valid):,} / {len(task.test):,}"
        table.add_row(task.name, str(task.input), str(task.classes), sizes, task.metric.name)
    out.print(table)
    for task in loaded:
        out.print(f"[bold]{task.name}[/]: {task.description}")


@app.command()
def evaluate(
    text: Text,
    task_name: TaskName,
    epochs: Annotated[int | None, typer.Option("--epochs", min=1, help="Epochs, in place of the task's recipe.")] = None,
    final: Annotated[bool, typer.Option("--final", help="Train on train and valid, and score on test.")] = False,
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """Train one architecture on a task and score it."""
    from einspace.evaluation.evaluate import evaluate as run
    from einspace.evaluation.outcome import NotANumber, Request
    from einspace.tasks import load_task

    task = load_task(task_name)
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
        print_json({**facts(architecture), **figures, "losses": list(result.epochs), "seconds": result.seconds.total})
        return
    if result.value is None:
        raise EinspaceError(f"no score: {result.reason}")
    out.print(
        f"{task.metric.name} on {split}: [bold]{result.value:.4f}[/] after {total} epochs in {result.seconds.total:.1f} s "
        f"({result.parameters:,} parameters with the head)"
    )


@app.command()
def search(
    task_name: TaskName,
    strategy: Annotated[str, typer.Option("--strategy", help="sampling, random, evolution or mutation.")] = "evolution",
    init: Annotated[str, typer.Option("--init", help="Initial members, as resnet18,vit,random*8; none: from scratch.")] = "",
    trials: Annotated[int, typer.Option("--trials", help="Architectures that the run has when it is finished.")] = 100,
    workers: Annotated[int, typer.Option("--workers", help="Worker processes.")] = 2,
    seed: Seed = 0,
    run: Annotated[str | None, typer.Option("--run", help="The run's name; the same name continues it.")] = None,
    runs: Annotated[str, typer.Option("--runs", help="The folder of all runs.")] = "runs",
    population: Annotated[int, typer.Option("--population", help="Architectures that can be parents.")] = 100,
    tournament: Annotated[int, typer.Option("--tournament", help="How many of them compete to be one.")] = 10,
    epochs: Annotated[int | None, typer.Option("--epochs", help="Epochs of a trial, in place of the task's recipe.")] = None,
    final_epochs: Annotated[int | None, typer.Option("--final-epochs", help="Epochs of the final training.")] = None,
    batch_size: Annotated[int | None, typer.Option("--batch-size", help="Samples of a training step.")] = None,
    learning_rate: Annotated[float | None, typer.Option("--learning-rate", help="Of the first step; a cosine takes it to zero.")] = None,
    weight_decay: Annotated[float | None, typer.Option("--weight-decay")] = None,
    time_limit: Annotated[float, typer.Option("--time-limit", help="Seconds that one trial may take.")] = 3600.0,
    max_parameters: Annotated[int, typer.Option("--max-parameters", help="Of a backbone.")] = 100_000_000,
    max_flops: Annotated[int, typer.Option("--max-flops", help="Of a backbone, for one sample.")] = 100_000_000_000,
    probability: Annotated[float, typer.Option("-p", "--probability", help="p(M -> C), the share of computation modules.")] = 0.32,
    as_json: AsJson = False,
) -> None:
    """Search an architecture for a task, train the best one and the baselines, and score them on test."""
    from einspace import study
    from einspace.reporting.result import summary

    changes = {"epochs_search": epochs, "epochs_final": final_epochs, "batch_size": batch_size}
    changes |= {"learning_rate": learning_rate, "weight_decay": weight_decay}  # type: ignore[dict-item]
    run = study.new_name(task_name, runs) if run is None else run
    with progress() as bar:
        line = bar.add_task(f"search {run}", total=trials, best="")

        def told(news: study.Progress) -> None:
            if news.phase == "final":
                bar.update(line, description="train for test", completed=news.done, total=news.total)
            else:
                best = "" if news.best is None else f"best {news.best:.4f}"
                bar.update(line, completed=news.done, total=news.total, best=best)

        try:
            result = study.search(
                task_name,
                strategy,
                trials,
                workers,
                seed,
                init=init,
                population=population,
                tournament=tournament,
                recipe=changes,
                limits=Limits(parameters=max_parameters, flops=max_flops),
                computation_probability=probability,
                time_limit=time_limit,
                run=run,
                runs=runs,
                progress=told,
            )
        except study.Interrupted as interrupted:
            bar.stop()
            err.print(f"{interrupted}:", markup=False, highlight=False, soft_wrap=True)
            err.print(f"  {again(run)}", markup=False, highlight=False, soft_wrap=True)
            raise typer.Exit(130) from None
    if as_json:
        print_json(result.to_json())
        return
    for part in summary(result, out.width):
        out.print(part)
    out.print(f"The run lies in {result.run}. To go on from it, with more trials:", highlight=False, soft_wrap=True)
    out.print(f"  {again(run, trials * 2)}", markup=False, highlight=False, soft_wrap=True)


def again(run: str, trials: int | None = None) -> str:
    """The command that continues a run: this one, with the run's name in it, and with more trials if wished."""
    words = sys.argv[1:]
    if not any(word == "--run" or word.startswith("--run=") for word in words):
        words += ["--run", run]
    if trials is not None:
        for i, word in enumerate(words):
            if word.startswith("--trials="):
                words[i] = f"--trials={trials}"
            elif word == "--trials":
                words[i + 1] = str(trials)
        if not any(word.startswith("--trials") for word in words):
            words += ["--trials", str(trials)]
    return shlex.join(["einspace", *words])


def progress() -> Progress:
    """A progress bar on standard error, so that standard output holds results only."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[best]}", style="bold"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        console=err,
        disable=not err.is_terminal,
    )


if __name__ == "__main__":
    main()
