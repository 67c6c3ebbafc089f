"""What a search finds per hour, against the paper's methods and against what a user would pick instead, at equal wall-clock time.

    python -m benchmarks.search --minutes 5 [--tasks adddigits,mnist1d] [--methods einspace,cnn-tpe] [--seeds 0,1,2] [--workers 2]
        [--ablation 'half={"population": 50}'] [--out FILE] [--search-only]
    python -m benchmarks.search --table [--markdown] [--out FILE]

Every method gets the same seconds of wall clock for its search and the same worker processes, of one thread each; what it found is then
trained from three seeds, outside of that time, and scored on test. The file has a line of JSON for each search, and one more with the
scores on test; what stands there is not done again, so a benchmark that was ended goes on with the same command. With `--search-only` the
retraining is left to another call. `--table` prints the table from the file alone, and with `--markdown` it prints all runs,
as the pages of the results have them.

Run it on a machine that does nothing else. Data are fetched or generated into ~/.cache/einspace, or $EINSPACE_CACHE.
"""

import argparse
import sys
from pathlib import Path

from benchmarks.search import runs
from benchmarks.search.methods import METHODS, ablation, named
from benchmarks.search.page import markdown
from benchmarks.search.table import score, tables
from benchmarks.search.tasks import SIX, TASKS, load
from benchmarks.search.terms import Method
from rich.console import Console

from einspace.errors import EinspaceError, SettingError


def main(words: list[str] | None = None) -> int:
    """Run what is missing, and print the table; returns the exit code, 2 for a mistake in the input."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, help="Of wall clock for each search.")
    parser.add_argument(
        "--tasks", default=",".join(SIX), help=f"Names with commas between them, of {', '.join(TASKS)}; the first six if not given."
    )
    parser.add_argument("--methods", default=",".join(METHODS), help="The same; none: ablations alone.")
    parser.add_argument("--ablation", action="append", default=[], metavar="NAME={...}", help="Another method: options of es.search.")
    parser.add_argument("--seeds", default="0,1,2", help="Of the searches.")
    parser.add_argument("--workers", type=int, default=2, help="Processes of each search.")
    parser.add_argument("--out", type=Path, default=Path("runs", "benchmark.jsonl"), help="The file of runs.")
    parser.add_argument("--table", action="store_true", help="Only print the table of the file.")
    parser.add_argument("--markdown", action="store_true", help="Print the table, and a row for each run, as Markdown.")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="Keep the run of each search there; they are deleted if not given.")
    parser.add_argument("--search-only", action="store_true", help="Leave the retraining to another call.")
    options = parser.parse_args(words)
    console = Console(width=200)
    try:
        if not options.table:
            methods = named([name for name in options.methods.split(",") if name], dict(map(ablation, options.ablation)))
            seeds, kept = _seeds(options.seeds), (options.search_only, options.keep)
            _run(options.out, methods, options.tasks.split(","), seeds, options.minutes, options.workers, *kept, console)
        done = runs.read(options.out)
    except EinspaceError as error:
        print(error, file=sys.stderr)
        return 2
    if not done:
        print(f"{options.out} has no runs", file=sys.stderr)
        return 2
    if options.markdown:
        print(markdown(done))
        return 0
    for table in tables(done):
        console.print(table)
    return 0


def _run(
    out: Path,
    methods: dict[str, Method],
    names: list[str],
    seeds: list[int],
    minutes: float | None,
    workers: int,
    search_only: bool,
    keep: Path | None,
    console: Console,
) -> None:
    """Do the runs that are missing, and say of each what it found."""
    if minutes is None or not 0 < minutes < 10_000:
        raise SettingError(f"the benchmark needs --minutes over 0, the time for each search, not {minutes!r}")
    if workers < 1:
        raise SettingError(f"the benchmark needs --workers of at least 1, not {workers}")
    tasks = {name: load(name) for name in names}
    known = {run.key: run for run in runs.read(out)}
    keys = runs.missing(list(known.values()), methods, names, seeds, minutes, workers, not search_only)
    for number, key in enumerate(keys, start=1):
        method, task = methods[key[0]], tasks[key[1]]
        run = known.get(key)
        if run is None:
            run = runs.conduct(key, method, task, keep)
            runs.append(out, run)
        if not search_only:
            run = runs.tested(run, method, task, known.values())
            runs.append(out, run)
        known[key] = run
        scores = ", ".join("none" if value is None else f"{value:.4f}" for value in (run.claimed, score(run)))
        console.print(
            f"{number} of {len(keys)}: {run.method}, {run.task}, seed {run.seed}: {run.trials} trials, valid and test {scores}",
            highlight=False,
        )


def _seeds(text: str) -> list[int]:
    words = text.split(",")
    if not all(word.strip().isdecimal() for word in words):
        raise SettingError(f"--seeds must be whole numbers of at least 0 with commas between them, not {text!r}")
    return [int(word) for word in words]


if __name__ == "__main__":
    raise SystemExit(main())
