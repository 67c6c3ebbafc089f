"""Runs: one of a method on a task from a seed, the record that is kept of it, and the file of records, which a benchmark goes on from."""

import os
import platform
import subprocess
import tempfile
from collections.abc import Iterable, Mapping
from contextlib import nullcontext
from importlib.metadata import version
from pathlib import Path
from time import perf_counter
from typing import Any

from benchmarks.search.terms import Method, Terms, retrained
from pydantic import BaseModel, ConfigDict, FiniteFloat, ValidationError

from einspace import Task
from einspace.errors import DataError, SettingError

RETRAININGS = (9_000, 9_001, 9_002)
"""Seeds of the trainings that are scored on test, the same for all methods, and none of those that a race has chosen with."""

Key = tuple[str, str, int, float, int]
"""Method, task, seed, minutes and workers: of two runs with the same key the second is not done."""


class Run(BaseModel):
    """A line of the file. Scores are in the units of the metric; None where there is none."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    method: str
    options: dict[str, Any]
    task: str
    seed: int
    minutes: FiniteFloat
    workers: int
    metric: str
    higher_is_better: bool
    trials: int
    outcomes: dict[str, int]
    unfinished: FiniteFloat | None
    """The share of the time of all trials that went into those without a score."""
    seconds: FiniteFloat
    """Of the search, by the wall clock, the start of its processes included."""
    claimed: FiniteFloat | None
    """The score of the best on validation."""
    reevaluated: FiniteFloat | None = None
    """Its mean when it was trained again, on validation."""
    verdict: str = ""
    """The word on the best beside the best baseline; empty where there is none."""
    tests: list[FiniteFloat | None] = []
    """Scores of the best on test, after training it from each of the seeds `RETRAININGS`; none before that."""
    rival: list[FiniteFloat | None] = []
    """The same of the baseline of the verdict."""
    recommends_rival: bool = False
    """Whether that baseline is what the method recommends, and so what it is scored by."""
    found: str
    found_rival: str = ""
    """What is retrained for the two."""
    versions: dict[str, str]
    machine: str

    @property
    def key(self) -> Key:
        """What tells two runs apart."""
        return self.method, self.task, self.seed, self.minutes, self.workers


def read(path: Path) -> list[Run]:
    """The runs of a file, none where there is no file; raises DataError that names the line which is not a run.

    A run stands there when its search has ended, and once more when it has been retrained, which is the line that counts.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: cannot be read: {error}") from None
    runs: dict[Key, Run] = {}
    for number, line in enumerate(lines, start=1):
        try:
            run = Run.model_validate_json(line)
            runs[run.key] = run
        except ValidationError as error:
            problem = error.errors()[0]
            where = ".".join(map(str, problem["loc"])) or "it"
            raise DataError(
                f"{path}, line {number}: is not a run of the benchmark ({where}: {problem['msg']}); remove the line to repeat it"
            ) from None
    return list(runs.values())


def append(path: Path, run: Run) -> None:
    """Add a line to the file, which is on the disk afterwards."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as stream:
        stream.write(run.model_dump_json() + "\n")
        stream.flush()
        os.fsync(stream.fileno())


def missing(
    done: list[Run],
    methods: Mapping[str, Method],
    tasks: list[str],
    seeds: list[int],
    minutes: float,
    workers: int,
    retraining: bool = True,
) -> list[Key]:
    """The runs that are not in the file yet, or were not retrained, all methods and tasks of a seed before the next seed.

    Raises SettingError where a method of the same name was run with other options.
    """
    for run in done:
        if run.method in methods and run.options != dict(methods[run.method].options):
            raise SettingError(
                f"the method {run.method} stands in the file with the options {run.options}, "
                f"but its options are {dict(methods[run.method].options)}: give it another name, or write to another file"
            )
    known = {run.key for run in done if run.tests or not retraining}
    keys = [(method, task, seed, minutes, workers) for seed in seeds for task in tasks for method in methods]
    return [key for key in keys if key not in known]


def conduct(key: Key, method: Method, task: Task, keep: Path | None = None) -> Run:
    """Search, and say what was found; `tested` trains it for test. The folder of the search is a new one in `keep`, if that is given."""
    name, _, seed, minutes, workers = key
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
    prefix = f"{name}-{task.name}-{seed}-"
    with tempfile.TemporaryDirectory() if keep is None else nullcontext(tempfile.mkdtemp(prefix=prefix, dir=keep)) as folder:
        start = perf_counter()
        found = method(task, Terms(60 * minutes, workers, seed, Path(folder)))
        seconds = perf_counter() - start
    return Run(
        method=name,
        options=dict(method.options),
        task=task.name,
        seed=seed,
        minutes=minutes,
        workers=workers,
        metric=task.metric.name,
        higher_is_better=task.metric.higher_is_better,
        trials=found.trials,
        outcomes=dict(found.outcomes),
        unfinished=None if found.unfinished is None else round(found.unfinished, 4),
        seconds=round(seconds, 1),
        claimed=found.claimed,
        reevaluated=found.reevaluated,
        verdict=found.verdict,
        recommends_rival=found.recommends_rival,
        found=found.what,
        found_rival=found.rival,
        versions=versions(),
        machine=machine(),
    )


def tested(run: Run, method: Method, task: Task, done: Iterable[Run]) -> Run:
    """The run with the scores on test of what it found, trained from each of the seeds.

    A baseline is the same in many runs; where one of `done`, of this method, task, machine and versions, has its scores, they are taken.
    """

    def scores(what: str) -> list[float | None]:
        return retrained(method, task, what, RETRAININGS, run.workers)

    def same(other: Run) -> tuple[object, ...]:
        return other.method, other.task, other.machine, other.versions, other.found_rival

    tests = scores(run.found) if run.found else [None] * len(RETRAININGS)
    known = next((other.rival for other in done if other.rival and same(other) == same(run)), None)
    rival = (known or scores(run.found_rival)) if run.found_rival else []
    return run.model_copy(update={"tests": tests, "rival": rival})


def versions() -> dict[str, str]:
    """Versions of what the figures depend on, and the commit of this repository where git knows it."""
    found = {name: version(name) for name in ("einspace", "torch", "optuna", "numpy")}
    words = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty"]
    try:
        commit = subprocess.run(words, capture_output=True, text=True, check=True, timeout=10).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return found
    return {**found, "commit": commit}


def machine() -> str:
    """The processor and the number of cores that this process may use."""
    names = [line.split(":", 1)[1].strip() for line in _lines(Path("/proc/cpuinfo")) if line.startswith("model name")]
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{names[0] if names else platform.machine()}, {cores} cores"


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text().splitlines()
    except OSError:
        return []
