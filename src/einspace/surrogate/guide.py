"""Guide: of several children that a strategy would propose, the one that a forest promises most of is trained.

Everything that it decides by is a function of the trials: a search of one worker that is interrupted goes on as if it had not been.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from math import inf

from einspace.known import known, levels
from einspace.surrogate.agreement import trusted
from einspace.surrogate.features import Row
from einspace.surrogate.forest import Forest
from einspace.trial import Prediction, Proposal, Trial

DRAWN, ASKED = 20, 2
"""Children among which one is chosen, and how often the strategy is asked for each of them at most."""

FEWEST, A_SECOND = 2, 3.0
"""Children, at least, and for each second that a trial takes: all that a surrogate does takes less than 2% of it, on any machine."""

BYPASS = 5
"""One of so many proposals is the strategy's own, without the surrogate's choice, so that the forest learns of others too."""

OPTIMISM = 0.5
"""Standard deviations over the trees that are added to the mean: what is not known may be good."""

Ask = Callable[[], Proposal | None]
"""Gives one more proposal of the strategy; None where it waits."""

Prefer = Callable[[Sequence[Proposal], Sequence[float]], int]
"""The place of the best of some children, from what is promised of each."""


def highest(children: Sequence[Proposal], promise: Sequence[float]) -> int:
    """The place of the child that most is promised of, the earliest of equals."""
    return max(range(len(children)), key=lambda i: promise[i])


class Guide:
    """Chooses for one strategy. What it remembers saves time and changes nothing.

    Args:
        features: Gives the features of a proposal whose parents are trials of the history, such as `Features.of`.
        initial: How many initial members there are, which are proposed as they are.
        drawn: Children among which one is chosen, at most.
        asked: How often the strategy is asked for each of them at most.
    """

    def __init__(self, features: Callable[[Proposal, Sequence[Trial]], Row], initial: int, drawn: int = DRAWN, asked: int = ASKED) -> None:
        self.initial = initial
        self._drawn, self._asked = drawn, asked
        self._features = features
        self._fitted: tuple[tuple[tuple[int, float], ...], Forest] | None = None

    def propose(self, ask: Ask, prefer: Prefer, history: Sequence[Trial], seconds: float = inf) -> Proposal | None:
        """The proposal of the next trial, with its prediction where there is one; None where the strategy waits.

        Args:
            ask: Asks the strategy.
            prefer: Says which child is the best.
            history: All trials so far, by number.
            seconds: What a trial takes; the shorter it is, the fewer children are drawn.
        """
        first = ask()
        forest = None if first is None or len(history) < self.initial else self.forest(history)
        if first is None or forest is None:
            return first
        alone = len(history) % BYPASS == 0 or not trusted(history)
        children = [first] if alone else self._children(first, ask, history, int(max(FEWEST, min(self._drawn, A_SECOND * seconds))))
        means, spreads = forest.predict([self._features(child, history) for child in children])
        best = 0 if alone else prefer(children, (means + OPTIMISM * spreads).tolist())
        return replace(children[best], prediction=Prediction(float(means[best]), len(children)))

    def forest(self, history: Sequence[Trial]) -> Forest | None:
        """The forest of the known trials (`known`); None while they are too few."""
        trials = known(history, self.initial)
        if not trials:
            return None
        learnt = tuple(zip((trial.number for trial in trials), levels(trials), strict=True))
        if self._fitted is None or self._fitted[0] != learnt:
            rows = [self._features(trial.proposal, history) for trial in trials]
            forest = Forest.fit(rows, [fitness for _, fitness in learnt], f"{history[0].seed}:{len(trials)}")
            self._fitted = learnt, forest
        return self._fitted[1]

    def _children(self, first: Proposal, ask: Ask, history: Sequence[Trial], count: int) -> list[Proposal]:
        """So many children that are trained like no trial and unlike each other, fewer where the strategy waits before.

        It is the first alone where there are no such.
        """
        tried = {trial.proposal.identity for trial in history}
        found: dict[str, Proposal] = {} if first.identity in tried else {first.identity: first}
        for _ in range(count * self._asked - 1):
            if len(found) == count or (child := ask()) is None:
                break
            if child.identity not in tried:
                found.setdefault(child.identity, child)
        return list(found.values()) or [first]
