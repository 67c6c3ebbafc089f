"""Passes: each is a function from a graph to a graph that computes the same with the same weights, only faster."""

from collections.abc import Callable

from einspace.graph.attention import fuse_attention
from einspace.graph.clones import share_clones
from einspace.graph.flat import Graph
from einspace.graph.fusion import fuse_convolutions
from einspace.graph.heads import pack_heads
from einspace.graph.inplace import relu_in_place

PASSES: tuple[Callable[[Graph], Graph], ...] = (share_clones, fuse_convolutions, fuse_attention, pack_heads, relu_in_place)
"""In this order: values have all of their readers once clones are gone, heads are packed once they are attention, and what is in place depends on what is fused."""


def optimize(graph: Graph) -> Graph:
    """Run all passes."""
    for run in PASSES:
        graph = run(graph)
    return graph
