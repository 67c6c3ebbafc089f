"""A part of the paper's table 1 at the scale `smoke`: ours beside the paper's, in a minute.

    python examples/smoke_table.py [--columns rn18 random-search]

The command line does the same with `einspace reproduce table1 --scale smoke --task multnist --column rn18,random-search`. MultDigits
stands for MultNIST at this scale, so the numbers show that everything works and say nothing about the paper; `--scale paper` has its data
and protocol.
"""

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from einspace.reproduction import reproduce, selected
from einspace.reproduction.cells import Cell


@contextmanager
def announced(cell: Cell) -> Iterator[None]:
    """Say which search begins; a function in place of None would hear of its progress."""
    print(f"searching {cell.task}: {cell.column.title}")
    yield None


def main() -> None:
    """Run what is missing, print the table, and write it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--columns", nargs="+", default=["rn18", "random-search"])
    options = parser.parse_args()
    found = reproduce(selected("table1", "smoke", ["multnist"], options.columns), 1, {"workers": 1}, announced)
    print(found.markdown())
    for suffix, text in found.files().items():
        Path(f"smoke-table{suffix}").write_text(text)


if __name__ == "__main__":
    main()
