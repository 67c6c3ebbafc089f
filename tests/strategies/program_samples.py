"""Programs that propose, as the tests write them."""

import json
import shlex
import sys
from pathlib import Path
from typing import Any


def command(folder: Path, source: str) -> str:
    """The command of a program with this source."""
    path = folder / "proposing.py"
    path.write_text(source)
    return f"{shlex.quote(sys.executable)} {shlex.quote(str(path))}"


def writing(folder: Path, *lines: str, code: int = 0) -> str:
    """A program that writes lines, reads nothing, and ends."""
    return command(folder, f"import sys\nprint({chr(10).join(lines)!r})\nsys.exit({code})\n")


def answering(folder: Path, *lines: str) -> str:
    """A program that answers each question with the next line, and keeps what it reads in `read.jsonl`."""
    source = f"""
import json, sys
answers = iter({lines!r})
with open({str(folder / "read.jsonl")!r}, "w", buffering=1) as copy:
    for line in sys.stdin:
        copy.write(line)
        if "ask" in json.loads(line):
            try:
                print(next(answers), flush=True)
            except StopIteration:
                break
"""
    return command(folder, source)


def read(folder: Path, key: str) -> list[Any]:
    """What a program has read under a key."""
    lines = map(json.loads, (folder / "read.jsonl").read_text().splitlines())
    return [line[key] for line in lines if key in line]
