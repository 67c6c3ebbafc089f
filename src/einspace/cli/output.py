"""Output of the commands: figures go to standard output, progress and errors to standard error."""

import codecs
import errno
import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Timer
from typing import Any

import typer
from rich.console import Console, ConsoleOptions, ConsoleRenderable, RenderHook, RenderResult
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.segment import Segment
from rich.text import Text

from einspace.disk.drafts import draft_of
from einspace.disk.regular import size_of
from einspace.echo import escaped, masked
from einspace.errors import EinspaceError

PLAIN = {"→": "->", "←": "<-", "×": "x", "…": "...", "–": "-", "·": "*", "±": "+-", "ε": "eps", "²": "2", "█": "#", "━": "-"}
"""Characters of ours, as an encoding that lacks them shows them."""

LOST = {errno.ENOSPC, errno.EPIPE, errno.EIO, errno.EDQUOT, errno.EBADF}
"""Errors of a stream that takes nothing more."""

if os.environ.get("COLUMNS", "").strip() == "0":  # some programs set it where the width is unknown: nothing would be printed
    del os.environ["COLUMNS"]

out = Console(markup=False, emoji=False)
err = Console(stderr=True, markup=False, emoji=False)


class _Safe:
    """Whatever is shown, with the control characters of others escaped and their passwords masked."""

    def __init__(self, shown: ConsoleRenderable) -> None:
        self.shown = shown

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for segment in console.render(self.shown, options):
            yield segment if segment.control else Segment(escaped(masked(segment.text)), segment.style)


class _Safely(RenderHook):
    def process_renderables(self, renderables: list[ConsoleRenderable]) -> list[ConsoleRenderable]:
        """The text that a console prints, made safe; what a live display draws is made after this, and escaped where its text begins."""
        return [_Safe(shown) for shown in renderables]


for _console in (out, err):
    _console.push_render_hook(_Safely())


def prepare_streams() -> None:
    """Let standard output and errors show what their encoding lacks in plain characters, in place of an exception.

    A stream that was closed before the program began is None in Python; its output is dropped.
    """
    sys.stdout = sys.stdout or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - as long as the process
    sys.stderr = sys.stderr or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    codecs.register_error("einspace-plain", _plainly)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="einspace-plain")


def _plainly(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lacking = error.object[error.start : error.end]
    return "".join(PLAIN.get(one, f"\\u{ord(one):04x}" if ord(one) < 2**16 else f"\\U{ord(one):08x}") for one in lacking), error.end


def complain(message: str) -> None:
    """Print an error on standard error; nothing can be done where that takes nothing."""
    try:
        err.print("[bold red]error:[/] ", end="", markup=True)
        err.print(message, highlight=False, soft_wrap=True)
    except OSError as error:
        if not is_lost(error):
            raise
        _give_up(sys.stderr)


def is_lost(error: OSError) -> bool:
    """True if the error is of a standard stream that is closed or full, and not of a file."""
    return error.errno in LOST and error.filename is None


def end(code: int) -> int:
    """Write out what standard output still holds, and give the exit code: 1, after one line, where it takes no more."""
    try:
        sys.stdout.flush()
    except OSError as error:
        if not is_lost(error):
            raise
        return lose(error)
    return code


def lose(error: OSError) -> int:
    """Say that the output is lost, and give the exit code; a reader that wants no more needs no message."""
    _give_up(sys.stdout)
    if error.errno != errno.EPIPE:
        complain(f"the output cannot be written: {error.strerror}")
    return 1


def _give_up(stream: Any) -> None:
    """Redirect a lost stream to nowhere: Python flushes it at its end, and would complain once more."""
    with suppress(OSError, ValueError), open(os.devnull, "wb") as nothing:
        os.dup2(nothing.fileno(), stream.fileno())


def print_json(value: object) -> None:
    """Print one JSON value on standard output, unstyled and unwrapped."""
    typer.echo(json.dumps(value, indent=2, allow_nan=False))


def write(path: Path, content: str | bytes) -> None:
    """Write a file, whole or not at all, or say why that cannot be; a link is followed."""
    try:
        with suppress(FileNotFoundError):
            size_of(path)
        with draft_of(path.resolve()) as draft:
            draft.write_bytes(content.encode() if isinstance(content, str) else content)
    except OSError as error:
        raise EinspaceError(f"cannot write {path}: {error.strerror}") from None


@contextmanager
def later(seconds: float, action: Callable[[], object]) -> Iterator[None]:
    """Call an action in a thread of its own, once the block has taken some seconds."""
    timer = Timer(seconds, action)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()  # the action may have begun just before


@contextmanager
def waiting(words: str, seconds: float = 2.0) -> Iterator[None]:
    """Show a message once the block has taken some seconds: on a terminal with a moving sign, elsewhere as a line."""
    text = Text(f"{escaped(words, keep='')} ...")  # no markup: a name may look like some
    status = err.status(text)
    try:
        with later(seconds, status.start if err.is_terminal else lambda: err.print(text, highlight=False, soft_wrap=True)):
            yield
    finally:
        status.stop()


def progress(transient: bool = False) -> Progress:
    """A progress bar on standard error, so that standard output holds results only; a transient one leaves no trace."""
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[best]}", style="bold"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        console=err,
        transient=transient,
        disable=not err.is_terminal,
    )
