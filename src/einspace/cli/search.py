"""Many architectures on one task: `search`."""

import shlex
import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.progress import Progress

from einspace.cli.options import OWN, AsJson, with_settings
from einspace.cli.output import err, out, print_json, progress
from einspace.config import SearchSettings, flags, leaves, load, notes, parameter

if TYPE_CHECKING:
    from einspace import study


def option(key: str) -> Any:
    """An option of the settings as one of the command line, whose default is "not given": only what is given wins over a file."""
    field = leaves()[key]
    default = False if field.default in (None, "", []) else str(field.default)
    return typer.Option(*flags(key), help=field.description, show_default=default)


@with_settings(*OWN)
def search(
    context: typer.Context,
    task: Annotated[str | None, typer.Argument(metavar="TASK", help=leaves()["task"].description, show_default=False)] = None,
    config: Annotated[
        Path | None,
        typer.Option("--config", metavar="FILE", help="Settings in YAML, such as runs/NAME/config.yaml; the command line wins."),
    ] = None,
    strategy: Annotated[str | None, option("strategy")] = None,
    init: Annotated[str | None, option("init")] = None,
    trials: Annotated[int | None, option("trials")] = None,
    workers: Annotated[int | None, option("workers")] = None,
    seed: Annotated[int | None, option("seed")] = None,
    run: Annotated[str | None, option("run")] = None,
    runs: Annotated[str | None, option("runs")] = None,
    population: Annotated[int | None, option("population")] = None,
    tournament: Annotated[int | None, option("tournament")] = None,
    cost: Annotated[str | None, option("cost")] = None,
    time_limit: Annotated[float | None, option("time_limit")] = None,
    computation_probability: Annotated[float | None, option("computation_probability")] = None,
    recipe_epochs_search: Annotated[int | None, option("recipe.epochs_search")] = None,
    recipe_epochs_final: Annotated[int | None, option("recipe.epochs_final")] = None,
    recipe_batch_size: Annotated[int | None, option("recipe.batch_size")] = None,
    recipe_learning_rate: Annotated[float | None, option("recipe.learning_rate")] = None,
    recipe_weight_decay: Annotated[float | None, option("recipe.weight_decay")] = None,
    recipe_momentum: Annotated[float | None, option("recipe.momentum")] = None,
    limits_operations: Annotated[int | None, option("limits.operations")] = None,
    limits_parameters: Annotated[int | None, option("limits.parameters")] = None,
    limits_activation_bytes: Annotated[int | None, option("limits.activation_bytes")] = None,
    limits_flops: Annotated[int | None, option("limits.flops")] = None,
    limits_min_parameters: Annotated[int | None, option("limits.min_parameters")] = None,
    keep_weights: Annotated[bool | None, option("keep_weights")] = None,
    final_seeds: Annotated[int | None, option("final_seeds")] = None,
    storage: Annotated[str | None, option("storage")] = None,
    pruner: Annotated[str | None, option("pruner")] = None,
    devices: Annotated[str | None, option("devices")] = None,
    executor: Annotated[str | None, option("executor")] = None,
    address: Annotated[str | None, option("address")] = None,
    cpus_per_trial: Annotated[float | None, option("cpus_per_trial")] = None,
    gpus_per_trial: Annotated[float | None, option("gpus_per_trial")] = None,
    data_folder: Annotated[str | None, option("data_folder")] = None,
    top: Annotated[int | None, option("top")] = None,
    log: Annotated[list[str] | None, option("log")] = None,
    as_json: AsJson = False,
    **own: Any,
) -> None:
    """Search an architecture for a task, train the best one and the baselines, and score them on test."""
    given = {key: context.params[parameter(key)] for key in leaves() if _is_given(context, parameter(key))}
    given |= {key: list(value) for key, value in given.items() if isinstance(value, tuple)}
    settings, origin = load(config, given)
    conduct(settings, config, origin.data, notes(origin), as_json)


def _is_given(context: typer.Context, name: str) -> bool:
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


def conduct(settings: SearchSettings, config: Path | None, data: str | None, told: list[str], as_json: bool) -> None:
    """Search, show how far it is, and print what was found; `data` and `told` are what a stored file says of where it was written."""
    from einspace import callbacks, study
    from einspace.executors import choose
    from einspace.reporting.result import summary
    from einspace.settings import fingerprint
    from einspace.tasks import load_task

    task = load_task(settings.task, settings.data_folder, settings.own.build())
    err.print(task.summary(), markup=False, highlight=False, soft_wrap=True)
    if data is not None and fingerprint(task) != data:
        told = [*told, f"data: the samples of {task.name} are others here"]
    for line in told:
        err.print(f"note: unlike where {config} was written: {line}", style="dim", markup=False, highlight=False, soft_wrap=True)
    watchers = [callbacks.parse(spec) for spec in settings.log]
    run = settings.run or study.new_name(task.name, settings.runs)
    with redirect_stdout(sys.stderr), progress() as bar:  # Ray tells of lost workers on stdout, which is for the result
        try:
            result = study.search(
                task,
                settings.strategy,
                settings.trials,
                settings.workers,
                settings.seed,
                init=settings.init,
                population=settings.population,
                tournament=settings.tournament,
                cost=settings.cost,
                recipe=settings.recipe.model_dump(),
                limits=settings.limits.build(),
                computation_probability=settings.computation_probability,
                time_limit=settings.time_limit,
                run=run,
                runs=settings.runs,
                progress=_Bar(bar, f"search {run}", settings.trials).tell,
                callbacks=watchers,
                keep_weights=settings.keep_weights,
                final_seeds=settings.final_seeds,
                storage=settings.storage,
                pruner=settings.pruner,
                executor=choose(settings.executor, settings.devices, settings.address, settings.cpus_per_trial, settings.gpus_per_trial),
            )
        except study.Interrupted as interrupted:
            bar.stop()
            err.print(f"{interrupted}:", markup=False, highlight=False, soft_wrap=True)
            err.print(f"  {again(run)}", markup=False, highlight=False, soft_wrap=True)
            raise typer.Exit(130) from None
    if as_json:
        print_json(result.to_json(settings.top))
        return
    for part in summary(result, out.width, settings.top):
        out.print(part)
    out.print(f"The run lies in {result.run}. To go on from it, with more trials:", highlight=False, soft_wrap=True)
    out.print(f"  {again(run, settings.trials * 2)}", markup=False, highlight=False, soft_wrap=True)


class _Bar:
    """The line of a search in the progress display."""

    def __init__(self, bar: Progress, title: str, total: int) -> None:
        self.bar = bar
        self.line = bar.add_task(title, total=total, best="")

    def tell(self, news: "study.Progress") -> None:
        """What a search calls after each trial."""
        if news.phase == "final":
            self.bar.update(self.line, description="train for test", completed=news.done, total=news.total)
        else:
            best = "" if news.best is None else f"best {news.best:.4f}"
            self.bar.update(self.line, completed=news.done, total=news.total, best=best)


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
