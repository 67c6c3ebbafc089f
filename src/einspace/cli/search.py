"""Many architectures on one task: `search`."""

import shlex
import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from einspace.cli.options import AsJson, parameter, with_settings
from einspace.cli.output import err, out, print_json, waiting
from einspace.config import SearchSettings, leaves, load, notes
from einspace.errors import SettingError, StorageError
from einspace.executors import forkserver
from einspace.quantities import budget_of, seconds_of

if TYPE_CHECKING:
    from einspace.result import Result


@with_settings(*leaves())
def search(
    *,
    config: Annotated[
        Path | None,
        typer.Option(
            "--config", metavar="FILE", help="Settings in YAML, such as runs/NAME/config.yaml; options on the command line replace them."
        ),
    ] = None,
    as_json: AsJson = False,
    **options: Any,
) -> None:
    """Search an architecture for a task, train the best one and the baselines, and score them on test."""
    settings, origin = load(config, {key: options[parameter(key)] for key in leaves() if options[parameter(key)] is not None})
    if settings.proposer is not None and options["proposer"] is None:
        raise SettingError(f"{config}: a settings file may not start a program: give its proposer, {settings.proposer!r}, as --proposer")
    for line in outward(settings, {key for key in leaves() if options[parameter(key)] is None}):
        err.print(f"note: the settings of {config} connect to {line}", style="dim", highlight=False, soft_wrap=True)
    conduct(settings, config, origin.data, notes(origin), as_json)


def outward(settings: SearchSettings, of_file: set[str]) -> list[str]:
    """The servers that are named by settings from a file, for a user who has the file from somebody else."""
    found = []
    if "storage" in of_file and settings.storage is not None and not settings.storage.startswith("sqlite:"):
        found.append(f"{settings.storage} (storage), which gets every trial")
    if "address" in of_file and settings.address not in (None, "local"):
        found.append(f"{settings.address} (address), which gets the data and runs the trials")
    for spec in settings.log if "log" in of_file else ():
        name, _, where = spec.partition(":")
        if name == "wandb" or (name == "mlflow" and "://" in where and not where.startswith(("sqlite:", "file:"))):
            found.append(f"{where or name} (log: {name}), which gets every trial")
    return found


def conduct(settings: SearchSettings, config: Path | None, data: str | None, told: list[str], as_json: bool) -> None:
    """Search, show how far it is, and print what was found; `data` and `told` are what a stored file says about its origin."""
    if settings.executor == "processes":
        forkserver.start()  # it loads PyTorch for the workers while this process loads it too, and the data
    from einspace import callbacks, study
    from einspace.reporting.result import counts, summary
    from einspace.result import REPORT
    from einspace.result.report import is_page_of
    from einspace.study.signals import ending
    from einspace.tasks import load_task
    from einspace.tasks.fingerprints import fingerprint

    with waiting(f"reading the data of {settings.task}"):
        task = load_task(settings.task, settings.data_folder, settings.own)
        others = data is not None and fingerprint(task) != data
    err.print(task.summary(), highlight=False, soft_wrap=True)
    if others:
        told = [*told, f"data: {task.name} has other samples here"]
    for line in told:
        err.print(f"note: unlike where {config} was written: {line}", style="dim", highlight=False, soft_wrap=True)
    watchers = [callbacks.parse(spec) for spec in settings.log]
    watchers.append(callbacks.SayRecipe(task.recipe, _announce))
    if settings.live:
        watchers.append(callbacks.FollowLive(lambda address: _announce(f"The report follows the search at {address}"), settings.storage))
    bar = callbacks.Bar(f"search {settings.run or task.name}", err)
    with redirect_stdout(sys.stderr), ending(), bar:  # Ray reports lost workers on stdout, which is for the result
        try:
            result = study.conduct(settings, task, bar, watchers)
        except study.Interrupted as interrupted:
            bar.stop()
            err.print(f"{interrupted}:", highlight=False, soft_wrap=True)
            err.print(f"  {again(interrupted.run.name)}", highlight=False, soft_wrap=True)
            raise typer.Exit(128 + interrupted.signal) from None
        except StorageError as error:
            raise (
                error if error.run is None or not error.run.is_dir() else StorageError(f"{error}:", f"  {again(error.run.name)}")
            ) from None
    if as_json:
        print_json(result.to_json(settings.top))
    else:
        for part in summary(result, out.width, settings.top):
            out.print(part)
        if settings.report and is_page_of(result.run / REPORT, result):
            out.print(f"The report is {result.run / REPORT}: open it in a browser.", highlight=False, soft_wrap=True)
        out.print(f"The run lies in {result.run}. To go on from it, for longer:", highlight=False, soft_wrap=True)
        out.print(f"  {again(result.run.name, *_more(settings, result))}", highlight=False, soft_wrap=True)
    if result.history and not any(trial.value is not None for trial in result.history):
        reason = next((trial.reason for trial in result.history if trial.reason), "")
        err.print(f"every trial failed: {counts(result)}; the first says: {reason}", style="red", soft_wrap=True)
        raise typer.Exit(1)


def _announce(line: str) -> None:
    err.print(line, highlight=False, soft_wrap=True)


def again(run: str, *options: str) -> str:
    """The command that continues a run: this one, with the run's name in it, and with other values of some options if wished."""
    words = sys.argv[1:]
    if not any(word == "--run" or word.startswith("--run=") for word in words):
        words += ["--run", run]
    for flag, value in zip(options[::2], options[1::2], strict=True):
        for i, word in enumerate(words):
            if word.startswith(f"{flag}="):
                words[i] = f"{flag}={value}"
            elif word == flag:
                words[i + 1] = value
        if not any(word == flag or word.startswith(f"{flag}=") for word in words):
            words += [flag, value]
    return shlex.join(["einspace", *words])


def _more(settings: SearchSettings, result: "Result") -> tuple[str, ...]:
    """The options that let a finished search go on: its bounds, twice as large, and a number of trials that time has cut short as it is."""
    from einspace.study.bounds import Bounds, bounds

    given = Bounds(settings.trials, settings.iterations, settings.budget)
    trials, iterations, budget = bounds(given, result.protocol, False, result.settings.get("init", ()))
    found: list[str] = [] if budget is None else ["--budget", budget_of(2 * seconds_of(budget))]
    if iterations is not None:
        found += ["--iterations", str(2 * iterations)]
    elif trials is not None and (budget is None or len(result.history) >= trials):
        found += ["--trials", str(2 * len(result.history))]
    return tuple(found)
