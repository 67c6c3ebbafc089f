"""Passes: each is a function from a graph to a graph that computes the same with the same weights, only faster."""

from collections.abc import Callable
from dataclasses import replace

from einspace.graph import Graph
from einspace.operations import Clone
from einspace.passes.attention import fuse_attention
from einspace.passes.attention_heads import pack_heads
from einspace.passes.batching import batch_branches
from einspace.passes.fusion import fuse_convolutions, relu_before_pixels
from einspace.passes.inplace import relu_in_place

Pass = Callable[[Graph], Graph]


def share_clones(graph: Graph) -> Graph:
    """Drop every clone, by exact type: its readers read its input instead, so that `uses` counts all readers of a value."""
    source: dict[int, int] = {}
    kept = []
    for instruction in graph.instructions:
        inputs = tuple(source.get(value, value) for value in instruction.inputs)
        if type(instruction.operation) is Clone:
            source.update((value, inputs[0]) for value in instruction.outputs)
        else:
            kept.append(replace(instruction, inputs=inputs))
    return replace(graph, instructions=tuple(kept), output=source.get(graph.output, graph.output))


PASSES: tuple[Pass, ...] = (share_clones, fuse_convolutions, relu_before_pixels, fuse_attention, pack_heads, batch_branches, relu_in_place)
"""All passes, in an order that matters: clones go first, so that values have all of their readers; heads are packed once they are
attention; layers outside of heads are batched; and last, after all fusions, relus work in place."""

OPTIONAL: tuple[Pass, ...] = (batch_branches,)
"""Passes that run only where they are asked for: faster on some devices and at some shapes, slower at others."""


def optimize(graph: Graph, optional: bool = False) -> Graph:
    """Run all passes, the optional ones only if asked for."""
    for run in PASSES:
        if optional or run not in OPTIONAL:
            graph = run(graph)
    return graph
