"""Data of the paper's tasks (B.2) in their official formats: built from their sources, and a list of what there is."""

from einspace.data.building import Built, Plan, Sizes
from einspace.data.catalogue import BUILT_IN, CATALOGUE, DataSet, State, data_folder, states
from einspace.data.prepare import BUILDERS, Builder, plan, prepare

__all__ = [
    "BUILDERS",
    "BUILT_IN",
    "CATALOGUE",
    "Builder",
    "Built",
    "DataSet",
    "Plan",
    "Sizes",
    "State",
    "data_folder",
    "plan",
    "prepare",
    "states",
]
