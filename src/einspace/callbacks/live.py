"""Live: the report of a search on this machine's own address, for as long as the search goes on."""

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from einspace.callbacks.base import Callback, Progress
from einspace.result import Following
from einspace.result.report import LiveReport


class FollowLive(Callback):
    """Serves the report while the search runs, on a port that is free.

    Args:
        announce: Called with the page's address.
        storage: The address of the run's database, if it has one of its own.
    """

    name = "live report"

    def __init__(self, announce: Callable[[str], None], storage: str | None = None) -> None:
        self._announce = announce
        self._storage = storage
        self._stack = ExitStack()
        self._news: Progress | None = None

    def start(self, run: Path, settings: Mapping[str, Any]) -> None:
        """Start the server."""

        def now() -> list[str]:
            news = self._news
            if news is None:
                return []
            return [*([f"So far: {news.standing}"] if news.standing else []), *map(str, news.running)]

        following = self._stack.enter_context(Following(run.name, str(run.parent), self._storage))
        server = self._stack.enter_context(LiveReport(following.read, run.name, port=0, now=now))
        self._announce(server.address)

    def progress(self, news: Progress) -> None:
        """Keep the trials that the workers train, for the next request of the page."""
        self._news = news

    def close(self) -> None:
        """End the server."""
        self._stack.close()
