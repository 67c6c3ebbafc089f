"""Regularised evolution (section 4.1): a tournament among the youngest, whose winner is mutated."""

from abc import abstractmethod
from collections.abc import Sequence
from itertools import cycle, islice, takewhile
from random import Random

from einspace.errors import MutationError, SettingError
from einspace.space import EinSpace
from einspace.strategies.base import History, Individual, Proposal, Strategy
from einspace.strategies.initial import RANDOM, label, member
from einspace.variation import MutationReport


class TournamentStrategy(Strategy):
    """What the evolving strategies share: initial members, then mutants of the fittest of `tournament` members of a population.

    `initial` holds names of baselines, texts and "random"; each is tried once, in this order. If it is empty, the search starts from
    scratch: with random samples until `population` of them ended well. Where there is nobody to mutate, or no mutant is found, a fresh
    sample is proposed.
    Raises UnknownNameError, NotationError, ShapeError, NetworkError or GrammarError at once for initial members that the space does not
    have, and SettingError for a population or a tournament without members.
    """

    def __init__(self, space: EinSpace, population: int = 100, tournament: int = 10, initial: Sequence[str] = ()) -> None:
        for option, value in (("population", population), ("tournament", tournament)):
            if type(value) is not int or value < 1:
                raise SettingError(f"{option} must be a whole number of at least 1, not {value!r}")
        self.space = space
        self.population = population
        self.tournament = tournament
        self.initial = tuple(initial)
        self._seeds = {name: member(space, name) for name in self.initial if name != RANDOM}

    @abstractmethod
    def members(self, history: History) -> list[Individual]:
        """The population that follows from the history: at most `population` places, oldest first; one individual may hold several."""

    def winner(self, drawn: Sequence[Individual]) -> Individual:
        """Who wins a tournament: the fittest, the earliest drawn of equals."""
        return max(drawn, key=lambda member: member.fitness)

    def propose(self, number: int, history: History, rng: Random) -> Proposal:
        """An initial member, a sample or a mutant."""
        if number < len(self.initial):
            name = self.initial[number]
            return Proposal.of(self.space.sample(rng) if name == RANDOM else self._seeds[name], f"seed {label(name, number)}")
        members = self.members(history) if history and (self.initial or len(history) >= self.population) else []
        if members:
            drawn = rng.sample(members, min(self.tournament, len(members)))
            winner = self.winner(drawn)
            report = MutationReport()
            try:
                child = self.space.mutate(self.space.parse(winner.text), rng, report)
            except MutationError:
                return Proposal.of(self.space.sample(rng), "sample")
            return Proposal.of(child, "mutation", (winner.number,), report.place)
        return Proposal.of(self.space.sample(rng), "sample")


class RegularisedEvolution(TournamentStrategy):
    """The population is the youngest `population`: fitness wins tournaments, but no one lives for ever.

    Seeds that ended well are cycled to fill `population` places; each child takes the oldest place, so seeds age out as children come.
    """

    def members(self, history: History) -> list[Individual]:
        """The last `population` of the cycled seeds and the children after them."""
        seeds = list(takewhile(lambda individual: individual.number < len(self.initial), history))
        children = history[max(len(seeds), len(history) - self.population) :]
        return [*islice(cycle(seeds), self.population), *children][-self.population :]
