"""Two objectives: evolution towards the Pareto set of a good score and a small or fast network (NSGA-II's selection)."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from einspace.errors import SettingError
from einspace.known import levels
from einspace.strategies.base import History
from einspace.strategies.evolution import TournamentStrategy
from einspace.strategies.fronts import crowding, dominates, fronts
from einspace.trial import Proposal, Trial

COSTS = ("parameters", "flops", "latency")
"""Second objectives, by their names in `Trial.cost`: figures of the backbone, and one that is measured."""


UNMEASURED = 10
"""Trials that ended well and have no cost, after which a search by that cost is ended: without one it would only sample."""


def check_cost(cost: str) -> str:
    """The cost; raises SettingError for one that there is not."""
    if cost not in COSTS:
        raise SettingError(f"the cost must be {', '.join(COSTS[:-1])} or {COSTS[-1]}, not {cost!r}")
    return cost


@dataclass(eq=False)
class ParetoEvolution(TournamentStrategy):
    """The population is the first fronts of everything that ended well; a tournament is won by the front, then by the lonelier member.

    `cost` is the second objective, of which less is better; a trial without one, because a measurement failed, is never a member. Raises
    SettingError for one that there is not, and in a search whose first `UNMEASURED` trials with a score all have none.
    """

    cost: str = "parameters"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_cost(self.cost)

    def members(self, history: History) -> list[Trial]:
        """Whole fronts while there is room, then the loneliest of the next; oldest first."""
        scored = [trial for trial in history if trial.fitness is not None]
        candidates = [trial for trial in scored if trial.cost(self.cost) is not None]
        if len(scored) >= UNMEASURED and not candidates:
            raise SettingError(
                f"none of the {len(scored)} trials with a score has a {self.cost}, by which they are compared: an objective returns it "
                f'beside its score, {{"score": 0.9, "latency": 0.002}}; or choose the cost parameters or flops'
            )
        points = [(level, self._point(trial)[1]) for level, trial in zip(levels(candidates), candidates, strict=True)]
        chosen: list[int] = []
        for front in fronts(points, self.population):
            room = self.population - len(chosen)
            if len(front) > room:
                lonely = crowding(points, front)
                front = sorted(front, key=lambda i: (-lonely[i], i))[:room]
            chosen += front
        return [candidates[i] for i in sorted(chosen)]

    def winner(self, drawn: Sequence[Trial]) -> Trial:
        """The member of the tournament's best front that is farthest from the others on it."""
        points = [self._point(trial) for trial in drawn]
        best = fronts(points, 1)[0]
        lonely = crowding(points, best)
        return drawn[max(best, key=lambda i: (lonely[i], -drawn[i].number))]

    def better(self, child: Trial, parent: Trial) -> bool:
        """Whether its parent is not better in one of the two objectives and as good in the other."""
        return not dominates(self._point(parent), self._point(child))

    def preferred(self, children: Sequence[Proposal], promise: Sequence[float], rng: Random) -> int:
        """One of the first front of what is promised and the cost; FLOPs stand for a latency, which nobody knows before."""
        cost = "flops" if self.cost == "latency" else self.cost
        points = [(good, float(getattr(child.costs, cost) or 0)) for good, child in zip(promise, children, strict=True)]
        return rng.choice(fronts(points, 1)[0])

    def _point(self, trial: Trial) -> tuple[float, float]:
        return trial.fitness or 0.0, float(trial.cost(self.cost) or 0.0)
