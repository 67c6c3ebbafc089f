"""Learned: the probabilities of productions, learnt from the best trials of a search in place of the grammar's alone."""

from einspace.learned.learner import Learner
from einspace.learned.probabilities import SHARE, Learned, mixed
from einspace.learned.uses import EDGES, Region, Uses, regions, uses

__all__ = ["EDGES", "SHARE", "Learned", "Learner", "Region", "Uses", "mixed", "regions", "uses"]
