"""Running: the searches behind a table. A cell whose run has ended is read, never run again; one that was cut off goes on."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, replace
from functools import cache
from typing import Any

from einspace.callbacks import Progress
from einspace.config import OF_A_STRATEGY, SearchSettings
from einspace.config.origin import differences
from einspace.errors import LimitError, RunError, StorageError, TaskError
from einspace.quantities import counted
from einspace.reproduction.cells import Cell, wanted
from einspace.reproduction.described import Column, Number, Selection
from einspace.result import Result, load_result
from einspace.run.folder import Run
from einspace.strategies.initial import parse_initial
from einspace.study import conduct
from einspace.tasks import TASKS, Task, load_task, over_seeds
from einspace.tasks.published import PUBLISHED
from einspace.trial import INITIAL

Hear = Callable[[Cell], AbstractContextManager[Callable[[Progress], None] | None]]
"""Called with each cell that is run; what it gives hears how far the search is."""


@dataclass(frozen=True)
class Ended:
    """The outcome of a cell: its score on test, whether that is a score on the published data, and why there is none."""

    score: float | None = None
    official: bool = False
    note: str = ""
    failed: bool = False


def numbers(selection: Selection, seeds: int, machine: Mapping[str, Any], hear: Hear | None) -> list[Number]:
    """The numbers of an experiment with searches, task by task.

    Args:
        selection: The tasks and the columns.
        seeds: The searches of each cell, from seed 0 on.
        machine: Settings that say where searches run and where runs and data lie, by their keys.
        hear: Hears of the cells that are run; None: nothing is run, and the runs that exist are read.

    Raises:
        SettingError: A setting of the machine makes no sense.
        RunError: The storage is not the address of a database.
        StorageError: The database cannot be used (any more).
        Interrupted: On Ctrl-C, TERM or HUP; what had ended is stored.
    """
    for column in selection.columns:  # what makes no sense is refused before anything begins
        if column.settings is not None and selection.rows:
            settings = Cell(selection, selection.rows[0], column, 0).settings(machine)
            Run(settings.runs, settings.run).study(settings.storage)
    found: list[Number] = []
    for row in selection.rows:
        of_row: dict[str, Number] = {}
        load = _loader(Cell(selection, row, selection.columns[0], 0), machine)
        for column in selection.columns:
            if column.settings is None:
                of_row[column.name] = Number(row, column.name, None, PUBLISHED[row][column.title])
                continue
            cells = [Cell(selection, row, column, seed) for seed in range(seeds)]
            ended = [_ended(cell, machine, load, hear) for cell in cells]
            of_row[column.name] = _number(row, column, cells, ended, of_row.get(column.against))
        found += of_row.values()
    return found


def score(result: Result) -> float | None:
    """The number of a table: the score on test of the best, or the mean of random samples; None where there is none yet."""
    if result.best is not None:
        return result.best.test
    return None if result.sampling is None else result.sampling.mean


def _loader(cell: Cell, machine: Mapping[str, Any]) -> Callable[[], Task]:
    """Loads the task of a cell once, when it is needed. Its baselines are columns of their own, so no search trains them beside it."""

    @cache
    def load() -> Task:
        return replace(load_task(cell.task, machine.get("data_folder"), cell.own), baselines=())

    return load


def _ended(cell: Cell, machine: Mapping[str, Any], load: Callable[[], Task], hear: Hear | None) -> Ended:
    """The outcome of a cell, after it was run where that is wanted and was not done."""
    settings = cell.settings(machine)
    result = _stored(settings)
    others = [] if result is None else _others(result, settings)
    if others:
        where = settings.runs if settings.storage is None else "the storage"
        return Ended(note=f"the run {cell.name} in {where} has other settings ({'; '.join(others)}): rename or remove it", failed=True)
    if hear is not None and not _is_complete(result, settings):
        try:
            task = load()
            with hear(cell) as told:
                result = conduct(settings, task, told)
        except StorageError:
            raise  # every other cell needs it too
        except TaskError as error:
            return Ended(note=str(error), failed=not TASKS[cell.task].missing(settings.data_folder))
        except (LimitError, RunError) as error:
            return Ended(note=str(error), failed=True)
    if result is None:
        return Ended(note="not run")
    official = bool(result.settings["published"])
    if not _is_complete(result, settings):
        if len(result.history) < wanted(settings) or hear is None:
            return Ended(None, official, f"{len(result.history)} of {counted(wanted(settings), 'trial')} have ended")
        return Ended(None, official, _reason(result), failed=True)
    notes = [] if official else [f"on {TASKS[cell.task].title}, not on the published data"]
    if result.sampling is not None and (lost := len(result.history) - result.sampling.seeds):
        notes.append(f"the mean of {result.sampling.seeds:,} of {len(result.history):,} samples: {lost:,} ended without a score")
    members = [trial for trial in result.history if trial.proposal.is_initial]
    lost_members = [f"{trial.origin.removeprefix(INITIAL)} ({trial.outcome})" for trial in members if trial.value is None]
    if lost_members:
        notes.append(f"without a score among the initial members: {', '.join(lost_members)}")
        if len(lost_members) == len(members):
            return Ended(None, official, "; ".join([*notes, "so the search was one from scratch"]), failed=True)
    return Ended(score(result), official, "; ".join(notes))


def _stored(settings: SearchSettings) -> Result | None:
    """The run of a cell as it is stored; None where there is none, and where it cannot be read, which running it will say."""
    try:
        return load_result(str(settings.run), settings.runs, settings.storage)
    except StorageError:
        raise
    except RunError:
        return None


def _others(result: Result, settings: SearchSettings) -> list[str]:
    """The settings of a run that are not those of the cell; a run that is continued is compared once more, with its data."""
    recipe = TASKS[settings.task].recipe.override(**settings.recipe.model_dump())
    here = {name: getattr(settings, name) for name in ("task", "strategy", "protocol", "seed")}
    here |= {name: value for name in OF_A_STRATEGY if (value := getattr(settings, name)) is not None}
    here |= {"init": list(parse_initial(settings.init or "")), "limits": asdict(settings.limits)}
    here["metric"] = settings.own.metric or TASKS[settings.task].metric.name
    stored = {name: result.settings.get(name) for name in here} | {"metric": result.metric}
    trained = result.settings.get("recipe", {})
    known = {name: value for name, value in asdict(recipe).items() if name in trained}  # an older run has fewer options, all others off
    return differences({**stored, "recipe": trained}, {**here, "recipe": known})


def _is_complete(result: Result | None, settings: SearchSettings) -> bool:
    return result is not None and len(result.history) >= wanted(settings) and score(result) is not None


def _reason(result: Result) -> str:
    """Why a search that has ended gave no score."""
    trials = [trial.reason for trial in result.history if trial.value is None and trial.reason]
    final = "" if result.best is None else result.best.reason
    return final or f"every trial failed: {next(iter(trials), 'no reason is known')}"


def _number(row: str, column: Column, cells: Sequence[Cell], ended: Sequence[Ended], against: Number | None) -> Number:
    """The number of a cell over its seeds."""
    seeds = over_seeds([one.score for one in ended])
    reference = PUBLISHED.get(row, {}).get(column.title) if against is None else against.ours
    notes = dict.fromkeys(one.note for one in ended if one.note)
    return Number(
        row,
        column.name,
        seeds.mean,
        reference,
        seeds.deviation if len(ended) > 1 else None,
        comparable=column.against != "" or all(one.official for one in ended),
        note="; ".join(notes),
        runs=tuple(cell.name for cell in cells),
        failed=any(one.failed for one in ended),
    )
