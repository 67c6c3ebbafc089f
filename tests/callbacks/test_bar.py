"""The progress bar shows what a search is at, in a terminal, and nothing where nobody looks."""

from io import StringIO

from rich.console import Console

from einspace.callbacks import Progress
from einspace.callbacks.bar import Bar


def shown(*news: Progress, terminal: bool = True, **bounds: float) -> str:
    """What a bar has drawn in the end."""
    out = StringIO()
    with Bar("search mine", console=Console(file=out, force_terminal=terminal, force_jupyter=False, width=120), **bounds) as bar:  # type: ignore[arg-type]
        for each in news:
            bar(each)
    return out.getvalue()


def test_trials_and_the_best_score_are_shown() -> None:
    """Of a search that is bounded by trials, how many have ended."""
    text = shown(Progress("search", 3, 8, 0.75), trials=8)
    assert "search mine" in text
    assert "3/8" in text
    assert "best 0.7500" in text


def test_a_search_that_time_ends_shows_seconds() -> None:
    """And how many trials that were."""
    text = shown(Progress("search", 3, None, 0.75, seconds=12.4), seconds=60)
    assert "12/60" in text
    assert "3 trials, best 0.7500" in text


def test_final_trainings_are_named() -> None:
    """They follow the search."""
    assert "train for test" in shown(Progress("final", 1, 2, None), trials=8)


def test_nothing_is_drawn_into_a_file() -> None:
    """As where standard error is a log."""
    assert shown(Progress("search", 3, 8, 0.75), terminal=False, trials=8) == ""
