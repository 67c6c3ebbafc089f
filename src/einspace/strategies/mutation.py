"""Mutation without ageing: as regularised evolution, but a good architecture stays as long as it is among the best."""

from einspace.known import best
from einspace.strategies.base import History
from einspace.strategies.evolution import TournamentStrategy
from einspace.trial import Trial


class Mutation(TournamentStrategy):
    """The population is the best `population` of everything that ended well; of equals, the older one stays."""

    def members(self, history: History) -> list[Trial]:
        """The best, oldest first."""
        good = [trial for trial in history if trial.fitness is not None]
        return sorted(best(good, self.population), key=lambda trial: trial.number)
