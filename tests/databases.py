"""SQLite files of searches in tests: what a commit waits for would take longer than all else of a small search."""

import sqlite3
from typing import Any


class Hasty(sqlite3.Connection):
    """A connection that leaves it to the system when it writes: only a power cut could tell."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.execute("PRAGMA synchronous = OFF")
