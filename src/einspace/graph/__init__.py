"""Graphs: what a derivation computes. Normal form and key, the flat dataflow, fusion, and what needs all of it to be counted."""

from einspace.graph.attention import Attention, fuse_attention
from einspace.graph.batching import Batched, batch_branches
from einspace.graph.clones import share_clones
from einspace.graph.costs import saved_bytes
from einspace.graph.flat import Graph, Instruction, lower
from einspace.graph.fusion import Convolution, fuse_convolutions, relu_before_pixels
from einspace.graph.heads import Heads, pack_heads
from einspace.graph.inplace import ReluInPlace, relu_in_place
from einspace.graph.normal import series
from einspace.graph.passes import OPTIONAL, PASSES, optimize
from einspace.graph.series import Series

__all__ = [
    "OPTIONAL",
    "PASSES",
    "Attention",
    "Batched",
    "Convolution",
    "Graph",
    "Heads",
    "Instruction",
    "ReluInPlace",
    "Series",
    "batch_branches",
    "fuse_attention",
    "fuse_convolutions",
    "lower",
    "optimize",
    "pack_heads",
    "relu_before_pixels",
    "relu_in_place",
    "saved_bytes",
    "series",
    "share_clones",
]
