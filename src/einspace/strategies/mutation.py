"""Mutation without ageing: as regularised evolution, but a good architecture stays as long as it is among the best."""

from heapq import nlargest

from einspace.strategies.base import History, Individual
from einspace.strategies.evolution import TournamentStrategy


class Mutation(TournamentStrategy):
    """The population is the best `population` of everything that ended well; of equals, the older one stays."""

    def members(self, history: History) -> list[Individual]:
        """The best, oldest first."""
        best = nlargest(self.population, history, key=lambda individual: individual.fitness)
        return sorted(best, key=lambda individual: individual.number)
