"""Where a command's words go: figures to standard output, progress and errors to standard error."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Timer

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from einspace.errors import EinspaceError

out = Console()
err = Console(stderr=True)


def print_json(value: object) -> None:
    """Print one JSON value on standard output, unstyled and unwrapped."""
    typer.echo(json.dumps(value, indent=2, allow_nan=False))


def write(path: Path, content: str) -> None:
    """Write a file, or say why that cannot be."""
    try:
        path.write_text(content, encoding="utf-8")
    except OSError as error:
        raise EinspaceError(f"cannot write {path}: {error.strerror}") from None


@contextmanager
def waiting(words: str, seconds: float = 2.0) -> Iterator[None]:
    """Say on a terminal what is going on, once that has taken some seconds."""
    status = err.status(words)
    timer = Timer(seconds, status.start)
    timer.daemon = True
    if err.is_terminal:
        timer.start()
    try:
        yield
    finally:
        timer.cancel()
        if timer.is_alive():
            timer.join()
        status.stop()


def progress(transient: bool = False) -> Progress:
    """A progress bar on standard error, so that standard output holds results only; a transient one leaves no trace."""
    return Progress(
        TextColumn("{task.description}"),
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
