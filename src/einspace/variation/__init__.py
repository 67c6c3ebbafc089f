"""Variation of derivations: mutation as in section 4.1, edits by hand, crossover of two parents, changes of the recipe, and distance."""

from einspace.variation.changes import Choices, canonical, check_choices, mutate_changes, neighbours
from einspace.variation.child import TRIES, Offspring, VariationReport
from einspace.variation.crossover import CrossoverReport, crossover
from einspace.variation.distance import distance
from einspace.variation.edits import EDITS, EditReport, edit, widened
from einspace.variation.mutation import MutationReport, mutate

__all__ = [
    "EDITS",
    "TRIES",
    "Offspring",
    "Choices",
    "CrossoverReport",
    "EditReport",
    "MutationReport",
    "VariationReport",
    "canonical",
    "check_choices",
    "crossover",
    "distance",
    "edit",
    "mutate",
    "mutate_changes",
    "neighbours",
    "widened",
]
