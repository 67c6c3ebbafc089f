"""Derivations: the tree, its text, and its shapes and costs by arithmetic."""

from einspace.derivation.inference import Cost, Inferred, Memo, infer
from einspace.derivation.notation import parse, text
from einspace.derivation.tree import Node

__all__ = ["Cost", "Inferred", "Memo", "Node", "infer", "parse", "text"]
