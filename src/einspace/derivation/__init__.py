"""Derivations: the tree, its text, and its shapes and costs by arithmetic."""

from einspace.derivation.inference import Cost, Inferred, Memo, infer
from einspace.derivation.notation import parse, text
from einspace.derivation.tree import Derivation

__all__ = ["Cost", "Inferred", "Memo", "Derivation", "infer", "parse", "text"]
