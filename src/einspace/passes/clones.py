"""Clones: all branches read the one value itself."""

from dataclasses import replace

from einspace.graph import Graph
from einspace.operations import Clone


def share_clones(graph: Graph) -> Graph:
    """Drop every clone: its readers read its input, so that `uses` counts all who do. Exact types: a user's clone may do more."""
    source: dict[int, int] = {}
    kept = []
    for instruction in graph.instructions:
        inputs = tuple(source.get(value, value) for value in instruction.inputs)
        if type(instruction.operation) is Clone:
            source.update((value, inputs[0]) for value in instruction.outputs)
        else:
            kept.append(replace(instruction, inputs=inputs))
    return replace(graph, instructions=tuple(kept), output=source.get(graph.output, graph.output))
