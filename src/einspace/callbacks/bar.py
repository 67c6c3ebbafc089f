"""Bar: the progress of a search, as lines that change in a terminal or in a notebook, and elsewhere as a line for each new best."""

from collections.abc import Callable, Iterable, Sequence
from time import monotonic
from types import TracebackType
from typing import Any, Self

from rich.console import Console, RenderableType
from rich.jupyter import JupyterMixin
from rich.progress import BarColumn, ProgressColumn, Task, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Lines
from rich.text import Text

from einspace.callbacks.base import AtWork
from einspace.callbacks.base import Progress as News
from einspace.echo import escaped
from einspace.quantities import counted, decimal, duration
from einspace.trial import PHASES, SEARCH

WIDTH = 12
"""Letters of the curve of the best."""

LEVELS = "▁▂▃▄▅▆▇█"

SHOWN = 8
"""Workers that have a line, at most."""

MEMORY = 600.0
"""Seconds of the past from which the time left is estimated."""

SILENCE = 30.0
"""Seconds after which a log has a line though there is no new best."""


def sparkline(values: Sequence[float], width: int = WIDTH) -> str:
    """A curve in as many letters, the lowest value low and the highest high.

    >>> sparkline([0, 1, 2, 3]), sparkline([5.0]), sparkline(list(range(100)), 4)
    ('▁▃▅█', '▁', '▁▃▅█')
    """
    if not values:
        return ""
    count = min(width, len(values))
    chosen = [values[round(i * (len(values) - 1) / max(1, count - 1))] for i in range(count)]
    low, high = min(chosen), max(chosen)
    return "".join(LEVELS[int((value - low) / ((high - low) or 1) * (len(LEVELS) - 1))] for value in chosen)


class Bar(JupyterMixin):
    """A line for each phase of a search, its trials or, where only that bounds it, its time; and below a line that compares the best with
    the best baseline, and one for each worker.

    It is a function of the news of a search, and a context manager that shows and ends the lines. A notebook draws them anew in their
    place at each news, without widgets. Where there is neither a terminal nor a notebook, each phase that begins and each new best is a
    line that stays, and so is how far the search is, after half a minute without one and at the end of a phase.
    """

    def __init__(self, title: str, console: Console | None = None) -> None:
        self._seconds: float | None = None
        self._said = monotonic()
        self._logged: dict[str, int] = {}
        self._states: dict[str, tuple[int, str]] = {}
        self._console = console or Console(stderr=True, emoji=False)
        self._drawn = self._console.is_terminal or self._console.is_jupyter
        self._curve: list[float] = []
        self._standing = ""
        self._running: tuple[AtWork, ...] = ()
        self._used: tuple[float, float] | None = None
        self._place: Any = None
        self._lines = _Lines(self._below, self._console, disable=not self._drawn or self._console.is_jupyter)
        self._phases = {SEARCH: self._lines.add_task(escaped(title, keep=""), total=None, done="", best="", timed=False)}

    def __enter__(self) -> Self:
        self._lines.start()
        if self._console.is_jupyter:
            from IPython.display import display

            self._place = display(self, display_id=True)  # type: ignore[no-untyped-call]
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def stop(self) -> None:
        """End the lines; may be called twice."""
        self._running = ()
        self._standing = ""
        self._used = None
        self._lines.stop()
        self._draw()
        self._catch_up()

    def __call__(self, news: News) -> None:
        """Show the news of a search."""
        self._take(news)
        self._draw()

    def _draw(self) -> None:
        """Draw the lines of a notebook anew; a terminal's are drawn by themselves."""
        if self._place is not None:
            self._place.update(self)

    def _take(self, news: News) -> None:
        self._running = news.running
        trial, name = news.trial, escaped(PHASES.get(news.phase, news.phase), keep="")
        if news.phase not in self._phases:
            self._catch_up()
            self._phases[news.phase] = self._lines.add_task(name, total=news.total, done="", best="", timed=False)
            count = "trainings for as long as there is time" if news.total is None else counted(news.total, "training")
            self._say(f"{name}: {count}")
        line = self._phases[news.phase]
        if news.phase != SEARCH:
            done = counted(news.done, "training") if news.total is None else f"{news.done}/{news.total}"
            self._sign(news, f"{name}: {done}")
            self._lines.update(line, completed=news.done, total=news.total, done=done)
            self._stand(news.standing)
            return
        trials = counted(news.done, "trial") if news.total is None else f"{news.done} of {counted(news.total, 'trial')}"
        if trial is not None and news.best is not None:
            if not self._curve or news.best != self._curve[-1]:
                of_it = f" (trial {trial.number})" if trial.value == news.best else ""  # another call may have found the best
                self._say(f"{trials}: best {decimal(news.best)}{of_it}")
                self._logged[SEARCH] = news.done
            self._curve.append(news.best)
        budget = "" if news.budget is None else f" of {duration(news.budget)}"
        best = "none has a score" if news.best is None else f"best {decimal(news.best)}"
        self._sign(news, f"{trials} in {duration(news.seconds)}{budget}: {best}")
        state: dict[str, Any]
        if news.total is None:
            self._seconds, self._used = news.budget, (news.seconds, monotonic())
            state = {"completed": news.seconds, "total": news.budget, "done": f"{counted(news.done, 'trial')},", "timed": True}
        else:
            state = {"completed": news.done, "total": news.total, "done": f"{news.done}/{news.total}"}
        self._lines.update(line, best=self._best(news), **state)
        self._stand(news.standing)

    def __rich__(self) -> RenderableType:
        """The lines in their present state."""
        return self._lines.get_renderable()

    def _best(self, news: News) -> str:
        """The best score so far and its curve, and how many trials have no score."""
        facts = [] if news.best is None else [f"best {decimal(news.best)} {sparkline(self._curve)}".rstrip()]
        return ", ".join(facts + [f"{news.failed} without a score"] * bool(news.failed))

    def _stand(self, standing: str) -> None:
        """Show the comparison of the best with the best baseline."""
        if standing != self._standing and standing:
            self._say(f"  so far: {standing}")
        self._standing = standing

    def _say(self, words: str) -> None:
        """Print a line, where there is nothing to draw on."""
        if not self._drawn:
            self._said = monotonic()
            self._console.print(escaped(words, keep=""), markup=False, highlight=False, soft_wrap=True)

    def _sign(self, news: News, words: str) -> None:
        """Print the state of a phase where a log has had no line for a while, and keep it for the end of the phase otherwise."""
        self._states[news.phase] = news.done, words
        if monotonic() - self._said >= SILENCE:
            self._say(words)
            self._logged[news.phase] = news.done

    def _catch_up(self) -> None:
        """Print the state of each phase that has gone on since its last line in a log."""
        for phase, (done, words) in self._states.items():
            if done != self._logged.get(phase, 0):
                self._say(words)
                self._logged[phase] = done

    def _below(self) -> Iterable[Text]:
        """The lines below the progress: the comparison of the best with the best baseline, and the work of each worker, at this moment."""
        if self._used is not None and self._seconds is not None:
            seconds, then = self._used
            self._lines.update(self._phases[SEARCH], completed=min(self._seconds, seconds + monotonic() - then))
        if self._standing:
            yield Text(escaped(f"So far: {self._standing}", keep=""))
        more = [f"and {len(self._running) - SHOWN} more"] if len(self._running) > SHOWN else []
        for line in [*map(str, self._running[:SHOWN]), *more]:
            yield Text(escaped(f"  {line}", keep=""), style="dim", overflow="ellipsis", no_wrap=True)


class _Left(ProgressColumn):
    """The time that is left: of a budget of time the rest, and else an estimate, once there is one."""

    def render(self, task: Task) -> Text:
        """The words."""
        rest = task.remaining if task.fields["timed"] else task.time_remaining
        return Text("" if rest is None or task.finished else f"{duration(rest)} left", style="progress.remaining")


class _Lines(Lines):
    """Rich's display of progress, with lines below it that are made anew whenever it is drawn."""

    def __init__(self, below: Callable[[], Iterable[RenderableType]], console: Console, disable: bool) -> None:
        self._below = below
        super().__init__(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=16),
            TextColumn("{task.fields[done]}", markup=False, style="progress.download"),
            TextColumn("{task.fields[best]}", markup=False, style="bold"),
            TimeElapsedColumn(),
            _Left(),
            console=console,
            disable=disable,
            speed_estimate_period=MEMORY,
        )

    def get_renderables(self) -> Iterable[RenderableType]:
        """The lines of the phases, and those below."""
        below = list(self._below())
        yield self.make_tasks_table(self.tasks)
        yield from below
