"""Bar: how far a search is, as one line of a terminal or of a notebook."""

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from einspace.callbacks.base import Progress as News
from einspace.trial import DOING


class Bar:
    """A progress bar: its trials, or its time where only that bounds a search; then its final trainings.

    It is a function of the news of a search, and a context manager that shows and ends the line. Rich draws it in notebooks too.
    """

    def __init__(self, title: str, trials: int | None = None, seconds: float | None = None, console: Console | None = None) -> None:
        self._seconds = seconds
        shown = console or Console(stderr=True)
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[best]}"))
        self._progress = Progress(
            *columns, TimeElapsedColumn(), TimeRemainingColumn(), console=shown, disable=not shown.is_terminal and not shown.is_jupyter
        )
        self._line = self._progress.add_task(title, total=trials or seconds, best="")

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def stop(self) -> None:
        """End the line; may be called twice."""
        self._progress.stop()

    def __call__(self, news: News) -> None:
        """Show the news of a trial that has ended."""
        best = "" if news.best is None else f"best {news.best:.4f}"
        if news.phase != "search":
            self._progress.update(self._line, description=DOING[news.phase], completed=news.done, total=news.total)
        elif news.total is None:
            done = f"{news.done} trials, {best}"
            self._progress.update(self._line, completed=round(news.seconds), total=self._seconds, best=done)
        else:
            self._progress.update(self._line, completed=news.done, total=news.total, best=best)
