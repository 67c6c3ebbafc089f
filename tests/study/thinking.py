"""A search whose strategy thinks for ever, in a process of its own."""

import os
import time
from pathlib import Path
from random import Random
from typing import Any

from tests.study_samples import SMALL, ThreadExecutor, small_task

from einspace import EinSpace
from einspace.result import Result
from einspace.strategies import History, RandomSearch
from einspace.study import Interrupted, search, signals
from einspace.trial import Proposal

SPACE = EinSpace((1, 8, 8), limits=SMALL)

BEFORE = 3
"""Trials that it proposes before it thinks for ever."""


class Thinker(RandomSearch):
    """Never returns from the fourth proposal on, while there is a file of that name; a deaf one catches whatever is raised in it."""

    def __init__(self, space: EinSpace, folder: str, how: str) -> None:
        super().__init__(space)
        self.folder = folder
        self.how = how

    def propose(self, history: History, rng: Random) -> Proposal:
        thinking = Path(self.folder, "thinking")
        while len(history) >= BEFORE and thinking.exists():
            thinking.write_text("yes")
            try:
                while self.how == "busy":
                    pass
                time.sleep(60)
            except BaseException:
                if self.how != "deaf":
                    raise
        return super().propose(history, rng)


def drive(folder: Path, how: str, trials: int, run: str = "test", workers: int = 2) -> Result:
    """Search with a thinker; trials take a fifth of a second."""
    given: dict[str, Any] = {"limits": SMALL, "runs": folder, "run": run, "race": False, "report": False, "workers": workers}
    executor = ThreadExecutor(workers=workers, delay=0.2)
    return search(small_task(), Thinker(SPACE, str(folder), how), trials=trials, executor=executor, **given)


def main(folder: str, how: str) -> None:
    """Drive a run in a process of its own."""
    if how == "deaf":
        signals.GRACE = 0.5
    try:
        drive(Path(folder), how, 5)
    except Interrupted as interrupted:
        signals.ignore()
        print(interrupted, flush=True)
        os._exit(128 + interrupted.signal)
