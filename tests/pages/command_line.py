"""The page of the command line, made of what the program says of itself. `python -m tests.pages.command_line` writes it anew."""

import re
import subprocess
import sys

from tests.pages.blocks import DOCS

FILE = DOCS / "reference" / "command-line.md"

HEAD = """# The command line

Every command has `--help`, and `--json` where it prints figures, for machines. A mistake in the input is one message and exit code 2;
an interrupted search ends with exit code 130. A default in round brackets is that of a setting, which a file of settings may change.
`python -m tests.pages.command_line` makes this page of the program.
"""


def page() -> str:
    """The page as Typer describes the program, without its lists of commands, whose sentences are cut."""
    words = [sys.executable, "-m", "typer", "einspace.cli", "utils", "docs", "--name", "einspace"]
    text = subprocess.run(words, capture_output=True, text=True, check=True, timeout=100).stdout
    text = re.sub(r"\*\*Commands\*\*:\n\n(\* [^\n]+\n)+\n", "", text)
    return HEAD + text.removeprefix("# `einspace`\n").rstrip() + "\n"


if __name__ == "__main__":
    FILE.write_text(page(), encoding="utf-8")
