"""Timing: where the time of one driver and of its workers went."""

from bisect import insort
from collections.abc import Mapping
from dataclasses import dataclass, field
from time import perf_counter, time


@dataclass
class Clock:
    """Counts where the time of one driver's workers went, from its start to the end of the search, and the seconds after that.

    `evaluating`: in evaluations. `starting`: before the first evaluation of each worker, while processes start and import PyTorch.
    `ending`: of idle workers during the last evaluations of others. The rest of `workers` times the duration is the loop's own.
    """

    workers: int
    evaluating: float = 0.0
    start: float = field(default_factory=perf_counter)
    began: float = field(default_factory=time)
    _starts: list[float] = field(default_factory=list)
    _last: list[float] = field(default_factory=list)
    _exhausted: float | None = None
    _busy: int = 0
    _search: tuple[float, Mapping[str, float]] | None = None

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
        """The search proposes no more."""
        if self._exhausted is None:
            self._exhausted = perf_counter()
            self._last = [self._exhausted] * max(0, self.workers - self._busy)

    def figures(self, end: float) -> Mapping[str, float]:
        """Seconds until `end`, of `perf_counter`: `search` of the wall clock, the others summed over the workers."""
        starting = sum(max(0.0, start - self.start) for start in self._starts)
        ending = sum(max(0.0, end - last) for last in self._last[-self.workers :]) if self._exhausted is not None else 0.0
        figures = {"search": end - self.start, "evaluating": self.evaluating, "starting": starting, "ending": ending}
        return {"workers": float(self.workers), **figures}

    def searched(self) -> None:
        """The search has ended: the evaluations after it are not its own. One that evaluated nothing took no time of the workers."""
        now = perf_counter()
        figures = self.figures(now)
        self._search = now, figures if self.evaluating else dict.fromkeys(figures, 0.0)

    def session(self) -> Mapping[str, float]:
        """The figures of the search, the seconds since its end as `final`, and as `began` the time of day at its start."""
        now = perf_counter()
        end, figures = self._search or (now, self.figures(now))
        return {"began": self.began, **figures, "final": now - end}
