"""Progress: what a search tells while it runs."""

from dataclasses import dataclass

from einspace.result.row import Row


@dataclass(frozen=True)
class Progress:
    """How far the phase ("search" or "final") is, and the trial that has just ended, if one has."""

    phase: str
    done: int
    total: int
    best: float | None
    row: Row | None = None
