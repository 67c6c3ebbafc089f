"""Progress: how far a run is."""

from dataclasses import dataclass

from einspace.trial import Trial


@dataclass(frozen=True)
class Progress:
    """How far a phase is, and the trial that has just ended, if one has.

    `total` is None where only time ends the search, of which `seconds` are used up. `best` is the best validation score of the phase.
    """

    phase: str
    done: int
    total: int | None
    best: float | None
    trial: Trial | None = None
    seconds: float = 0.0
