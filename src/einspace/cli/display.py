"""How a search goes, on standard error: a bar with the best and its curve on a terminal, and else a line for each new best."""

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.progress import Progress as Bar

from einspace.cli.output import err
from einspace.config import SearchSettings

if TYPE_CHECKING:
    from einspace.callbacks import Progress

WIDTH = 12
"""Letters of the curve of the best."""

LEVELS = "▁▂▃▄▅▆▇█"


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


class SearchDisplay:
    """The line of a search in the progress display: its trials, or its time where only that bounds it."""

    def __init__(self, bar: Bar, title: str, settings: SearchSettings) -> None:
        from einspace.quantities import seconds_of

        self._bar = bar
        self._budget = None if settings.budget is None else seconds_of(settings.budget)
        self._line = bar.add_task(title, total=settings.trials or self._budget, best="")
        self._curve: list[float] = []
        self._outcomes: Counter[str] = Counter()
        self._said: float | None = None

    def tell(self, news: "Progress") -> None:
        """Called after each trial."""
        from einspace.trial import DOING

        if news.phase != "search":
            self._bar.update(self._line, description=DOING[news.phase], completed=news.done, total=news.total)
            return
        if news.trial is not None:
            self._outcomes["scored" if news.trial.value is not None else "failed"] += 1
        if news.best is not None:
            self._curve.append(news.best)
        self._announce(news)
        facts = [] if news.best is None else [f"best {news.best:.4f} {sparkline(self._curve)}"]
        facts += [f"{self._outcomes['failed']} without a score"] * bool(self._outcomes["failed"])
        if news.total is None:
            words = ", ".join([f"{news.done} trials", *facts])
            self._bar.update(self._line, completed=round(news.seconds), total=self._budget, best=words)
        else:
            self._bar.update(self._line, completed=news.done, total=news.total, best=", ".join(facts))

    def _announce(self, news: "Progress") -> None:
        """A new best as a line of its own, where there is no terminal to draw on."""
        if err.is_terminal or news.trial is None or news.best is None or news.best == self._said:
            return
        self._said = news.best
        of = "" if news.total is None else f" of {news.total}"
        err.print(f"{news.done}{of} trials: best {news.best:.4f} (trial {news.trial.number})", highlight=False, soft_wrap=True)
