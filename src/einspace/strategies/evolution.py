"""Regularised evolution (section 4.1): a tournament among the youngest, whose winner is mutated."""

from abc import abstractmethod
from collections.abc import Sequence
from itertools import cycle, islice
from random import Random

from einspace.errors import MutationError, SettingError
from einspace.space import EinSpace
from einspace.strategies.base import History, Strategy
from einspace.strategies.initial import RANDOM, label, member
from einspace.trial import Proposal, Trial
from einspace.variation import MutationReport


class TournamentStrategy(Strategy):
    """The shared part of evolving strategies: initial members, then children of the fittest of `tournament` members of a population.

    `initial` holds names of baselines, texts and "random"; each is tried once, in this order. While none of them has ended well, the
    search waits for those that run, so that nothing but the seeds enters a seeded population (section 4.4). If `initial` is empty, the
    search starts from scratch: with random samples until `population` of them ended well. `crossover` is the probability that a child has
    two parents, the winners of two tournaments. A fresh sample is proposed where no seed ended well, or no child is found.
    Raises UnknownNameError, NotationError, ShapeError, NetworkError or GrammarError at once for initial members that the space does not
    have, and SettingError for a population or a tournament without members and for a probability outside 0 to 1.
    """

    def __init__(
        self, space: EinSpace, population: int = 100, tournament: int = 10, initial: Sequence[str] = (), crossover: float = 0.0
    ) -> None:
        for option, value in (("population", population), ("tournament", tournament)):
            if type(value) is not int or value < 1:
                raise SettingError(f"{option} must be a whole number of at least 1, not {value!r}")
        if not (isinstance(crossover, int | float) and 0 <= crossover <= 1):
            raise SettingError(f"crossover must be a probability from 0 to 1, not {crossover!r}")
        self.space = space
        self.population = population
        self.tournament = tournament
        self.initial = tuple(initial)
        self.crossover = float(crossover)
        self._seeds = {name: member(space, name) for name in self.initial if name != RANDOM}

    @abstractmethod
    def members(self, history: History) -> list[Trial]:
        """The population that follows from the history: at most `population` places, oldest first; one trial may hold several."""

    def winner(self, drawn: Sequence[Trial]) -> Trial:
        """The winner of a tournament: the fittest, the earliest drawn of equals."""
        return max(drawn, key=lambda member: member.fitness or 0.0)

    def propose(self, history: History, rng: Random) -> Proposal | None:
        """An initial member, a sample, a mutant or a child of two; None while seeds are trained and none has ended well."""
        number = len(history)
        if number < len(self.initial):
            name = self.initial[number]
            return Proposal.of(self.space.sample(rng) if name == RANDOM else self._seeds[name], f"seed {label(name, number)}")
        members = self.members(history)
        if self.initial:
            if not members and any(trial.evaluation is None for trial in history[: len(self.initial)]):
                return None
        elif len(list(islice((1 for trial in history if trial.fitness is not None), self.population))) < self.population:
            members = []
        return self._child(members, rng) if members else Proposal.of(self.space.sample(rng), "sample")

    def _child(self, members: Sequence[Trial], rng: Random) -> Proposal:
        first = self._parent(members, rng)
        try:
            if self.crossover and rng.random() < self.crossover:
                second = self._parent(members, rng)
                if second.proposal.key != first.proposal.key:
                    one, other = (self.space.parse(parent.proposal.text) for parent in (first, second))
                    return Proposal.of(self.space.crossover(one, other, rng), "crossover", (first.number, second.number))
            report = MutationReport()
            child = self.space.mutate(self.space.parse(first.proposal.text), rng, report)
            return Proposal.of(child, "mutation", (first.number,), report.place)
        except MutationError:
            return Proposal.of(self.space.sample(rng), "sample")

    def _parent(self, members: Sequence[Trial], rng: Random) -> Trial:
        return self.winner(rng.sample(members, min(self.tournament, len(members))))


class RegularisedEvolution(TournamentStrategy):
    """The population is the youngest `population`: fitness wins tournaments, and members are removed by age.

    Seeds that ended well are cycled to fill `population` places; each child takes the oldest place, so seeds age out as children come.
    """

    def members(self, history: History) -> list[Trial]:
        """The last `population` of the cycled seeds and the children after them."""
        count = len(self.initial)
        seeds = [trial for trial in history[:count] if trial.fitness is not None]
        young = (history[i] for i in range(len(history) - 1, count - 1, -1))
        children = list(islice((trial for trial in young if trial.fitness is not None), self.population))[::-1]
        return [*islice(cycle(seeds), self.population), *children][-self.population :]
