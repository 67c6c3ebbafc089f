"""Graphs: what a derivation computes. Normal form and key, the flat dataflow, fusion, and what needs all of it to be counted."""

from einspace.graph.attention import Attention, fuse_attention
from einspace.graph.batching import Batched, batch_branches
from einspace.graph.clones import share_clones
from einspace.graph.costs import saved_bytes
from einspace.graph.flat import Graph, Instruction, lower
from einspace.graph.fusion import Convolution, fuse_convolutions, relu_before_pixels
from einspace.graph.heads import AttentionHeads, pack_heads
from einspace.graph.inplace import ReluInPlace, relu_in_place
from einspace.graph.normal import normal_form
from einspace.graph.passes import OPTIONAL, PASSES, optimize
from einspace.graph.series import NormalForm

__all__ = [
    "OPTIONAL",
    "PASSES",
    "Attention",
    "AttentionHeads",
    "Batched",
    "Convolution",
    "Graph",
    "Instruction",
    "ReluInPlace",
    "NormalForm",
    "batch_branches",
    "fuse_attention",
    "fuse_convolutions",
    "lower",
    "optimize",
    "pack_heads",
    "relu_before_pixels",
    "relu_in_place",
    "saved_bytes",
    "normal_form",
    "share_clones",
]
