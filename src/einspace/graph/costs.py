"""Costs that need the whole graph: what is kept for the backward pass depends on who shares memory with whom."""

from einspace.features import BYTES_PER_ELEMENT
from einspace.graph.flat import Graph
from einspace.operations import Storage, Value


def saved_bytes(graph: Graph) -> int:
    """Bytes that autograd keeps for the backward pass of one sample, in float32, for the network that is built from this graph.

    A storage counts once, whoever keeps it or a view of it, and the input of the graph counts where a layer keeps it. Weights do not
    count, nor does what is the same for every batch size (the statistics of a batch norm). What each operation keeps, it says itself.
    """
    values = {0: Value.new(graph.features[0].shape)}
    kept: set[Storage] = set()
    for instruction in graph.instructions:
        operation = instruction.operation
        inputs = tuple(values[number] for number in instruction.inputs)
        requires_grad = any(value.requires_grad for value in inputs) or operation.parameters(graph.inputs(instruction)) > 0
        laid_out = operation.layout(inputs, tuple(graph.features[number] for number in instruction.outputs))
        outputs = tuple(value._replace(requires_grad=requires_grad) for value in laid_out)
        if requires_grad:
            kept.update(operation.saved(inputs, outputs))
        values.update(zip(instruction.outputs, outputs, strict=True))
    return BYTES_PER_ELEMENT * sum(storage.elements + storage.spare for storage in kept)
