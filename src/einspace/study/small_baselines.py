"""The small baselines of a task: which of them a search begins with and compares with, by the seconds that their trainings take."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from math import inf

from einspace import baselines
from einspace.errors import GrammarError, NetworkError, ShapeError
from einspace.evaluation.pace import LEAST as LEAST_STEPS
from einspace.limits import Limits
from einspace.networks import check_fit
from einspace.quantities import duration
from einspace.space import Architecture, EinSpace
from einspace.strategies.affordable import Training
from einspace.tasks import Task
from einspace.tasks.options import NARROW, RECURRENT, WIDE, small_baselines

MEASURED, PART = 0.4, 0.005
"""Seconds for which the steps of a small baseline are measured, at most, and the part of a budget that this may take."""

Step = Callable[[Architecture, Mapping[str, float], float], float | None]
"""Measures the seconds of a step of a training with changes on this machine, for so many seconds; None where none is to be had."""


@dataclass(frozen=True)
class SmallBaselines:
    """The baselines that fit a task, and the seconds that their trainings are predicted to take before anything is measured.

    Of `NARROW` and `WIDE`, which are one network in two widths, the one that there is time for takes part: for as many trials as a search
    should have, and for a decision. A decision between networks as wide as `WIDE` needs final epochs: short trainings favour many steps and
    few strides, and next to a narrow baseline that decides little, since it is behind in long trainings as well (decision 032).

    Args:
        training: Of all trials.
        known: By their names, the two widths among them.
        small: The names of the small ones for this kind of task but for `WIDE`; not all of them need be known.
        is_wide: Whether `WIDE` takes the place of `NARROW`.
        wide: The seconds that a training of `WIDE` may take.
    """

    training: Training
    known: Mapping[str, Architecture]
    small: tuple[str, ...]
    is_wide: bool = False
    wide: float = inf

    @classmethod
    def of(cls, task: Task, space: EinSpace, training: Training) -> "SmallBaselines":
        """Those of a task, the small and the recurrent ones, as far as they are at its input, in the grammar, and for its head."""
        small, found = small_baselines(task.kind, task.input), dict[str, Architecture]()
        for name in dict.fromkeys((*task.baselines, *small, *RECURRENT)):
            try:
                architecture = baselines.within(space, name)
                check_fit(task.head, architecture.output, task.output, task.name)
            except (NetworkError, ShapeError, GrammarError):
                continue
            found[name] = architecture
        return cls(training, found, tuple(name for name in small if name != WIDE))

    def seconds(self, name: str, changes: Mapping[str, float]) -> float:
        """The predicted seconds of a training of one that is known, with changes of recipe and head."""
        return self.training.seconds(self.known[name], changes)

    def small_ones(self) -> list[Architecture]:
        """The small ones that fit the task."""
        return [self.known[name] for name in self.small if name in self.known]

    def at_pace(self, step: Step, changes: Mapping[str, float], budget: float) -> "SmallBaselines":
        """The same, predicted from the steps of the small ones that are measured: machines differ by more than the epochs of a search."""
        part = PART * budget
        quick = [architecture for architecture in self.small_ones() if LEAST_STEPS * self.training.step(architecture, changes) <= part]
        found = [(architecture, step(architecture, changes, min(MEASURED, part))) for architecture in quick]
        known = [(architecture, changes, seconds) for architecture, seconds in found if seconds is not None]
        return replace(self, training=self.training.at_pace(known))

    def with_wide(self, seconds: float, changes: Mapping[str, float], limits: Limits) -> "SmallBaselines":
        """The same with `WIDE` in the place of `NARROW`, if it is known, takes so many seconds at most, and fits into the limits."""
        fits = WIDE in self.known and self.seconds(WIDE, changes) <= seconds and not limits.objection(self.known[WIDE].cost)
        return replace(self, is_wide=fits, wide=seconds)

    def largest(self, changes: Mapping[str, float]) -> float:
        """The seconds of the slowest small one but for `WIDE`, 0 where there is none."""
        return max((self.training.seconds(architecture, changes) for architecture in self.small_ones()), default=0.0)

    def within(self, seconds: float, changes: Mapping[str, float], limits: Limits) -> list[str]:
        """The names of those that take so long at most, and fit into the limits, with one of the two widths."""
        absent = NARROW if self.is_wide else WIDE
        fitting = [name for name, architecture in self.known.items() if name != absent and not limits.objection(architecture.cost)]
        return [name for name in fitting if name == WIDE or self.seconds(name, changes) <= seconds]

    def compared(self, task: Task, initial: Collection[str]) -> list[str]:
        """The names of the baselines that a task is compared with beside the initial members.

        They are its own, but for the narrower of the two widths beside the wider one, unless the user has chosen them.
        """
        chosen = task.baselines != small_baselines(task.kind, task.input)
        absent = NARROW if not chosen and (self.is_wide or WIDE in initial) else None
        return [name for name in task.baselines if name not in initial and name != absent]

    def left_out(self, names: Iterable[str], changes: Mapping[str, float], limit: float, by_time: bool) -> dict[str, str]:
        """Reasons, by name, why baselines cannot be compared within the seconds of a trial, which follow from the budget or were given."""
        found: dict[str, str] = {}
        for name in names:
            seconds = self.seconds(name, changes) if name in self.known else 0.0
            if seconds > limit:
                times = f"a training is predicted to take {duration(seconds)}, and a trial may take {duration(limit)}"
                found[name] = f"{times}; a longer {'budget' if by_time else 'time limit'} has room for it"
            elif name == WIDE and seconds > self.wide:
                times = f"a training is predicted to take {duration(seconds)}, and one of {duration(self.wide)} would leave time for enough"
                found[name] = f"{times} other trials and for comparisons at final epochs; a longer budget has room for it"
        return found
