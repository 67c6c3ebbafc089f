"""Variation of derivations: mutation as in section 4.1, crossover of two parents, and how far two derivations are apart."""

from einspace.variation.child import TRIES, Child, VariationReport
from einspace.variation.crossover import CrossoverReport, crossover
from einspace.variation.distance import distance
from einspace.variation.mutation import MutationReport, mutate

__all__ = ["TRIES", "Child", "CrossoverReport", "MutationReport", "VariationReport", "crossover", "distance", "mutate"]
