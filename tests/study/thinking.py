"""A search whose strategy thinks for ever, in a process of its own."""

import os
import signal
import time
from contextlib import nullcontext, suppress
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
        with signals.ending():
            drive(Path(folder), how, 5)
    except Interrupted as interrupted:
        print(interrupted, flush=True)
        os._exit(128 + interrupted.signal)


def stop(program: str) -> None:
    """Be stopped by a first Ctrl-C in a search and by a second one right after it, as a program that ends, where the first came too late to
    end the search, or as another one.
    """
    try:
        with signals.ending() if program != "other" else nullcontext():
            with suppress(TimeoutError), signals.handled() as stops:
                stops.append(lambda _: False)
                os.kill(os.getpid(), signal.SIGINT)
                stops.clear()
                if program != "late":
                    raise TimeoutError
            os.kill(os.getpid(), signal.SIGINT)
            print("ends in order", flush=True)
        os.kill(os.getpid(), signal.SIGTERM)
        print("still", flush=True)
    except KeyboardInterrupt:
        print("Ctrl-C", flush=True)
