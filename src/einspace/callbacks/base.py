"""Callback: hears of a search while it runs, from a thread of its own."""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from shlex import quote
from threading import Thread
from time import monotonic
from types import TracebackType
from typing import Any, Self

from einspace.errors import SettingError
from einspace.result import Result
from einspace.result.words import at_work
from einspace.trial import SEARCH, Trial

CLOSING_SECONDS = 10.0
"""Seconds that the callbacks of an interrupted search get to end."""

_LOG = logging.getLogger("einspace")


@dataclass(frozen=True)
class AtWork:
    """A trial that a worker is training.

    Args:
        trial: The trial.
        since: The moment at which it began, in seconds of `time.monotonic`.
        epoch: The last epoch that is known to be done, counted from 1.
        epochs: The number of all its epochs.
    """

    trial: Trial
    since: float
    epoch: int | None = None
    epochs: int | None = None

    def __str__(self) -> str:
        """One line of words at this moment."""
        return at_work(self.trial, monotonic() - self.since, self.epoch, self.epochs)


@dataclass(frozen=True)
class Progress:
    """Progress of a phase: a trial began, finished an epoch or ended.

    Args:
        phase: The name of the phase.
        done: Trials of the phase that have ended.
        total: Trials of the phase; None where only time ends the search.
        best: The best validation score of the phase; None if there is none.
        trial: The trial that has just ended; None where one begins or has finished an epoch.
        seconds: Seconds that are used up.
        running: The trials that the workers of this driver train.
        standing: The comparison of the best with the best baseline so far, in words; empty where there is nothing to compare.
        budget: Seconds that the search has, if it has a budget of time.
        failed: Trials of the phase that have ended without a score.
    """

    phase: str
    done: int
    total: int | None
    best: float | None
    trial: Trial | None = None
    seconds: float = 0.0
    running: tuple[AtWork, ...] = ()
    standing: str = ""
    budget: float | None = None
    failed: int = 0


class Callback:
    """Receives the events of a search, in order and from one thread that is not the search's. Every method may be left as it is: it does
    nothing.

    A callback that raises is switched off with a warning; the search goes on. A slow one delays the end of the search and nothing else.
    """

    name = "callback"
    """Its name in warnings."""

    unfinished = ""
    """The remedy, for a warning, where the callback had no time to end after an interruption; `{run}` stands for the run's folder."""

    def start(self, run: Path, settings: Mapping[str, Any]) -> None:
        """Hear that the search starts, or goes on.

        Args:
            run: The folder of the run.
            settings: The settings that `run.json` holds, and as `scored_on` the split of the trials' scores, "validation" or "test".
        """

    def trial(self, trial: Trial, best: float | None) -> None:
        """Hear that a trial of the search ended, with or without a score; with several workers in order of ending.

        Args:
            trial: The trial.
            best: The best score of the run by then; None if there is none.
        """

    def progress(self, news: Progress) -> None:
        """Hear that a trial of any phase began, did an epoch or ended; `trial` hears of the ended ones too."""

    def finish(self, result: Result) -> None:
        """The search is over, with the final training; not called for one that was interrupted."""

    def close(self) -> None:
        """The last call, for a search that was interrupted too."""


def checked(callbacks: object) -> tuple[Callback, ...]:
    """The callbacks that were given, checked; raises SettingError for other objects, which would end the thread that calls callbacks."""
    given = tuple(callbacks) if isinstance(callbacks, Iterable) and not isinstance(callbacks, str) else (callbacks,)
    wrong = [one for one in given if not isinstance(one, Callback)]
    if wrong or isinstance(callbacks, Callback):
        raise SettingError(
            f"callbacks are a list of objects of subclasses of einspace.callbacks.Callback, not {(wrong or given)[0]!r:.100}"
        )
    return tuple(one for one in given if isinstance(one, Callback))


class CallbackThread:
    """Stands between a search and its callbacks; `progress` is what the search calls."""

    def __init__(
        self,
        callbacks: Sequence[Callback],
        run: Path,
        settings: Mapping[str, Any],
        progress: Callable[[Progress], None] | None = None,
    ) -> None:
        self.progress = self._tell_both if callbacks else progress
        self._inner = progress
        self._run = run
        self._active = list(callbacks)
        self._waiting: SimpleQueue[Callable[[Callback], None] | None] = SimpleQueue()
        self._thread = Thread(target=self._work, name="einspace-callbacks", daemon=True)
        self._waiting.put(lambda callback: callback.start(run, settings))

    def finish(self, result: Result) -> None:
        """Pass the end of the search on to the callbacks."""
        self._waiting.put(lambda callback: callback.finish(result))

    def __enter__(self) -> Self:
        if self._active:
            self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Wait until the callbacks have heard everything; after an interruption, not for long: a warning names those that have not."""
        self._waiting.put(self._close)
        self._waiting.put(None)
        if self._thread.is_alive():
            self._thread.join(None if kind is None else CLOSING_SECONDS)
        if self._thread.is_alive():
            for callback in list(self._active):
                hint = callback.unfinished.format(run=quote(str(self._run)))
                message = "the callback %s has not ended %g s after the search broke off, and is left unfinished%s"
                _LOG.warning(message, callback.name, CLOSING_SECONDS, f": {hint}" if hint else "")

    def _close(self, callback: Callback) -> None:
        callback.close()
        self._active.remove(callback)

    def _tell_both(self, news: Progress) -> None:
        trial = news.trial
        if trial is not None and trial.phase == SEARCH:
            self._waiting.put(lambda callback: callback.trial(trial, news.best))
        self._waiting.put(lambda callback: callback.progress(news))
        if self._inner is not None:
            self._inner(news)

    def _work(self) -> None:
        while (event := self._waiting.get()) is not None:
            for callback in list(self._active):
                try:
                    event(callback)
                except BaseException as error:  # noqa: BLE001 - whatever a callback raises, `sys.exit` too, the search goes on
                    self._active.remove(callback)
                    reason = (str(error).strip() or type(error).__name__).splitlines()[0]
                    _LOG.warning("the callback %s failed and is switched off: %s", callback.name, reason)
