"""Table: trials of many runs in one file, a JSON object a line, for studies of scores, costs and seeds without the runs."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Self

from pydantic import TypeAdapter, ValidationError
from pydantic_core import from_json

from einspace.disk.drafts import write_text
from einspace.disk.regular import size_of
from einspace.errors import DataError
from einspace.result.result import Result
from einspace.trial import Trial, misfit

SUFFIX = ".jsonl"
"""The suffix of a table's file."""


@dataclass(frozen=True)
class Recorded(Trial):
    """A trial with facts about its run. Numbers of trials, those of parents too, count within a phase of the run."""

    run: str = ""
    task: str = ""
    metric: str = ""
    higher_is_better: bool = True
    epochs: int = 0
    """The number of epochs that it was trained for."""

    @classmethod
    def of(cls, trial: Trial, result: Result, run: str) -> Self:
        """A trial of a run of this name, without tracebacks, devices and worker numbers, which say nothing of the trial."""
        evaluation = trial.evaluation
        kept = None if evaluation is None else replace(evaluation, traceback="", device="", worker=None)
        known: dict[str, Any] = {field.name: getattr(trial, field.name) for field in fields(Trial)}
        known |= {"run": run, "task": str(result.settings["task"]), "epochs": len(trial.losses)}
        return cls(**known | {"evaluation": kept, "metric": result.metric, "higher_is_better": result.higher_is_better})


_ADAPTER = TypeAdapter(Recorded)


def read_table(path: Path) -> list[Recorded]:
    """The trials of a table; raises DataError, with the number of the line, for a line that is not a trial."""
    found = []
    try:
        size_of(path)
        with path.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                if line.strip():
                    found.append(_read(line, f"{path}, line {number}"))
    except OSError as error:
        raise DataError(f"the table {path} cannot be read: {error.strerror}") from None
    return found


def _read(line: bytes, where: str) -> Recorded:
    try:
        record = from_json(line, allow_inf_nan=False)
    except ValueError as error:
        raise DataError(f"{where}: is not a trial: Invalid JSON: {error}") from None
    try:
        return _ADAPTER.validate_python(record)
    except ValidationError as error:
        raise DataError(f"{where}: is not a trial: {misfit(error)}") from None


def write_table(path: Path, results: Iterable[Result]) -> int:
    """Write the trials of some runs that have ended, and return how many; raises DataError where the file cannot be written.

    Of several runs of one name the second is called NAME-2, and so on.
    """
    rows, names = [], Counter[str]()
    for result in results:
        name = result.run.name
        names[name] += 1
        called = name if names[name] == 1 else f"{name}-{names[name]}"
        rows += [Recorded.of(trial, result, called) for trial in result.trials()]
    try:
        write_text(path, "".join(_ADAPTER.dump_json(row).decode() + "\n" for row in rows))
    except OSError as error:
        raise DataError(f"the table {path} cannot be written: {error.strerror}") from None
    return len(rows)
