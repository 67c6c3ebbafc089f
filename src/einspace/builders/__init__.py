"""Builders: data of the paper's tasks (B.2) in their official formats, made from their sources."""

from einspace.builders.building import Built, Plan, Sizes
from einspace.builders.prepare import BUILDERS, plan, prepare, target_of

__all__ = ["BUILDERS", "Built", "Plan", "Sizes", "plan", "prepare", "target_of"]
