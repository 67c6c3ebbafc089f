"""Overdue: the time limit of a command. It ends the process, since nothing else ends a single long operation."""

import inspect
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial, wraps
from threading import TIMEOUT_MAX
from typing import Annotated, Any

import typer

from einspace.cli.output import complain, err, later
from einspace.disk import drafts
from einspace.errors import SettingError
from einspace.memory import bounded

GRACE = 10.0
"""Seconds beyond its limit in which work that looks at the clock may still end by itself."""

LONGER = "; --time-limit gives it longer"

HOUR = 3600.0
"""Seconds of a command that trains nothing."""


@contextmanager
def ended_after(seconds: float | None, words: str) -> Iterator[None]:
    """End this process with one message and code 2 where the block takes longer than so many seconds; None is no limit.

    A signal or an exception would not do: Python handles either only once the operation has ended.
    """
    if seconds is None or seconds > TIMEOUT_MAX:  # three centuries
        yield
        return
    with later(seconds, partial(_end, words)):
        yield


def limited(work: str, default: float | None) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """A decorator: a command has the option --time-limit, ends by `ended_after`, and takes no more memory than is free.

    Args:
        work: What the command does, after "to".
        default: Seconds that it may take where the option is not given; None is no limit.
    """
    told = typer.Option("--time-limit", metavar="X", help="Seconds after which the command gives up.", show_default=default is not None)

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        @wraps(command)
        def within(*, time_limit: float | None = default, **options: Any) -> None:
            if time_limit is not None and not time_limit > 0:
                raise SettingError(f"--time-limit must be a number over 0, not {time_limit:g}")
            with ended_after(time_limit, f"timeout: it took over {time_limit or 0:g} seconds to {work}{LONGER}"), bounded(work):
                command(**options)

        signature = inspect.signature(command)
        option = inspect.Parameter("time_limit", inspect.Parameter.KEYWORD_ONLY, default=default, annotation=Annotated[float | None, told])
        within.__signature__ = signature.replace(parameters=[*signature.parameters.values(), option])  # type: ignore[attr-defined]
        return within

    return decorate


def _end(words: str) -> None:
    err.show_cursor(True)
    complain(words)
    drafts.remove_open()  # last, since the work goes on meanwhile
    os._exit(2)
