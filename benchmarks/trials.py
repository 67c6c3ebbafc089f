"""Trials: the trials of some runs in one table, which `einspace.load_trials` reads.

    python -m benchmarks.trials RUN... --output results/NAME.jsonl

RUN is the folder of a run, finished or not; of a run that goes on, the trials that have ended are written. `docs/trials.md` says what
can be studied with a table. Tracebacks, devices and numbers of workers are left out.
"""

import argparse
import os
from pathlib import Path

from einspace.result import load_result
from einspace.result.table import write_table


def main(words: list[str] | None = None) -> None:
    """Read and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="+", metavar="RUN", type=Path)
    parser.add_argument("--output", "-o", required=True, metavar="FILE", type=Path, help="ends in .jsonl")
    given = parser.parse_args(words)
    if given.output.suffix != ".jsonl":
        parser.error(f"a table is called NAME.jsonl, not {given.output}")
    folders = [Path(os.path.realpath(run)) for run in given.runs]
    count = write_table(given.output, [load_result(folder.name, str(folder.parent)) for folder in folders])
    print(f"{given.output}: {count} trials of {len(folders)} runs, {given.output.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
