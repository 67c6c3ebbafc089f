"""Graphs: what a derivation computes. Normal form and key, the flat dataflow, fusion, and what needs all of it to be counted."""

from einspace.graph.costs import saved_bytes
from einspace.graph.flat import Graph, Instruction, lower
from einspace.graph.fusion import Convolution, fuse_convolutions
from einspace.graph.normal import series
from einspace.graph.series import Series

__all__ = ["Convolution", "Graph", "Instruction", "Series", "fuse_convolutions", "lower", "saved_bytes", "series"]
