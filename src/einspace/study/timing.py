"""Timing: where the workers' time went during the search of one driver."""

from bisect import insort
from collections.abc import Mapping
from dataclasses import dataclass, field
from time import perf_counter


@dataclass
class Clock:
    """Counts what the workers of one driver did from its start to the end of the search.

    `evaluating`: inside of evaluations. `starting`: from the driver's start to the first evaluation of each worker, in which processes
    start and import PyTorch. `ending`: of workers that had nothing left to do while others were still at their last evaluation. What is
    left of `workers` times the duration is the loop's own: storing, asking, proposing, waiting for locks, and evaluations that died.
    """

    workers: int
    evaluating: float = 0.0
    start: float = field(default_factory=perf_counter)
    _starts: list[float] = field(default_factory=list)
    _last: list[float] = field(default_factory=list)
    _exhausted: float | None = None
    _busy: int = 0

    def submitted(self) -> None:
        """An evaluation is on its way."""
        self._busy += 1
        self._exhausted = None

    def evaluated(self, seconds: float) -> None:
        """An evaluation that took so long has just ended; 0 for one that died."""
        now = perf_counter()
        self._busy -= 1
        self.evaluating += seconds
        insort(self._starts, now - seconds)
        del self._starts[self.workers :]
        if self._exhausted is not None:
            self._last.append(now)

    def exhausted(self) -> None:
        """Nothing is left to be proposed."""
        if self._exhausted is None:
            self._exhausted = perf_counter()
            self._last = [self._exhausted] * max(0, self.workers - self._busy)

    def figures(self, end: float) -> Mapping[str, float]:
        """Seconds until `end`, of `perf_counter`: `search` of the wall clock, the others summed over the workers."""
        starting = sum(max(0.0, start - self.start) for start in self._starts)
        ending = sum(max(0.0, end - last) for last in self._last[-self.workers :]) if self._exhausted is not None else 0.0
        figures = {"search": end - self.start, "evaluating": self.evaluating, "starting": starting, "ending": ending}
        return {"workers": float(self.workers), **figures}
