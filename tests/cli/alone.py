"""Commands in processes of their own that are forked: what they change and import stays there, and they may end the process."""

import resource
import sys
import threading
from collections.abc import Callable
from importlib import import_module
from types import SimpleNamespace
from typing import Any

from einspace import executors
from einspace.cli import main, overdue
from einspace.executors import forkserver
from einspace.executors.local import LocalExecutor


def run(*words: str, largest: int | None = None) -> None:
    """Run a command; `largest` bounds the bytes of a file."""
    if largest is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest, largest))
    sys.argv = ["einspace", *words]
    main()


def searching(*words: str, choose: Callable[..., Any] | None = None) -> None:
    """Run a command whose searches train in this process, or with the executors that `choose` gives."""
    executors.choose = choose or (lambda *_: lambda work, *_: LocalExecutor(work))  # type: ignore[assignment]
    forkserver.start = lambda: None
    run(*words)


def run_all(calls: list[list[str]]) -> None:
    """Run commands one after the other, and print their exit codes."""
    codes = []
    for words in calls:
        try:
            run(*words)
        except SystemExit as end:
            codes.append(end.code or 0)
    print(codes)


def held(where: str, *words: str) -> None:
    """Run a command of whose work a function, given as `module:name`, never ends and looks at no clock."""

    def wait(*_: Any, **__: Any) -> None:
        threading.Event().wait()

    module, name = where.split(":")
    setattr(import_module(module), name, wait)
    overdue.GRACE = 0.0
    run(*words)


def predicting(*words: str) -> None:
    """Run `predict` with a predictor that never ends."""
    from einspace.cli import predict

    predictor: Any = SimpleNamespace(about=SimpleNamespace(kind="classification"), samples=lambda *_: None)
    predictor.to = lambda _: predictor
    predict._predictor = lambda *_: predictor
    held("einspace.cli.predict:_table", *words)
