"""The command line in tests: in a process of its own where that matters, else in this one, which has everything imported."""

import os
import sys
from contextlib import chdir, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from unittest.mock import patch

import pytest

from einspace.cli import main
from einspace.evaluation.work import Work
from einspace.executors.local import LocalExecutor

COMMAND = [sys.executable, "-m", "einspace.cli"]


@dataclass(frozen=True)
class Done:
    """What came of a command."""

    returncode: int
    stdout: str
    stderr: str


def call(*words: str, cwd: Path | None = None) -> Done:
    """Run a command in this process; what it raises but SystemExit would be a traceback, and is raised."""
    said, complained, code = StringIO(), StringIO(), 0
    here = patch.object(sys, "argv", ["einspace", *words]), patch.dict(os.environ), chdir(cwd or Path.cwd())
    with here[0], here[1], here[2], redirect_stdout(said), redirect_stderr(complained):
        try:
            main()
        except SystemExit as end:
            code = int(end.code or 0)
    return Done(code, said.getvalue(), complained.getvalue())


def train_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let searches train in this process, where everything is imported."""

    def make(work: Work, workers: int, time_limit: float | None) -> LocalExecutor:
        return LocalExecutor(work)

    monkeypatch.setattr("einspace.executors.choose", lambda *_: make)
    monkeypatch.setattr("einspace.executors.forkserver.start", lambda: None)
