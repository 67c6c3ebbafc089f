"""Data as people have them: what is understood of each of many forms, and whether that is right, said to be a guess, or refused.

    python -m benchmarks.own_data [--only WORD]

Each form is made in memory or in a temporary folder and read as a user reads it, with no option but those that its name says. It is right
where kind, input, number of samples and whatever else the form states are what was meant. Where two readings are possible, the guess has
to be said in the summary's first lines, and counts as said. What cannot be right has to be refused in one line. Anything else is silently
wrong, and makes the exit code 1.
"""

import argparse
import tempfile
import warnings
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from benchmarks.forms import FORMS, Form
from rich.console import Console
from rich.table import Table

from einspace import Task
from einspace.errors import EinspaceError


class Verdict(NamedTuple):
    """What became of a form: `right`, `said`, `refused` or `WRONG`, and what was understood in words."""

    word: str
    understood: str


def judge(form: Form, folder: Path) -> Verdict:
    """Read a form in a folder of its own."""
    try:
        task = form.make(folder)
    except EinspaceError as error:
        text = str(error).replace(str(folder), "").lstrip("/")
        good = form.refused and form.refused in text and "\n" not in text
        return Verdict("refused" if good else "WRONG", text)
    understood = f"{task.kind}, {task.input} -> {task.output}, {sum(map(len, task.splits.values()))} samples"
    if form.refused or not _is_meant(form, task):
        return Verdict("WRONG", understood)
    if form.said and not any(form.said in doubt for doubt in task.doubts):
        return Verdict("WRONG", f"{understood}; not said: {form.said}")
    return Verdict("said" if task.doubts else "right", "; ".join((understood, *task.doubts)))


def _is_meant(form: Form, task: Task) -> bool:
    found = (task.kind, task.input.shape, sum(map(len, task.splits.values())))
    return found == (form.kind, form.input, form.samples) and (form.holds is None or form.holds(task))


def main() -> None:
    """Read every form and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="Forms whose group or name holds this word.")
    only: str = parser.parse_args().only
    warnings.simplefilter("ignore")
    table = Table("group", "form", "verdict", "understood, or why it is refused")
    counts: Counter[str] = Counter()
    for form in FORMS:
        if only.lower() in f"{form.group} {form.name}".lower():
            with tempfile.TemporaryDirectory() as folder:
                verdict = judge(form, Path(folder))
            counts[verdict.word] += 1
            table.add_row(form.group, form.name, verdict.word, verdict.understood)
    console = Console(width=200)
    console.print(table)
    console.print(f"{counts.total()} forms: " + ", ".join(f"{count} {word}" for word, count in counts.most_common()))
    if counts["WRONG"]:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
