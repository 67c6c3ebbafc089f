"""Emit: a flat graph as a `torch.fx.GraphModule`, whose forward is straight-line code."""

from typing import Any, cast

from torch import Tensor, fx, nn
from torch.fx.proxy import GraphAppendingTracer

from einspace.graph import Graph
from einspace.networks.heads import Head
from einspace.operations.layers import Packed
from einspace.space import Architecture

HEAD = "head"
"""Name of the head among the network's modules."""


def build(architecture: Architecture, head: Head | None = None, optimize: bool = True, batch_branches: bool = False) -> fx.GraphModule:
    """The network of an architecture: takes a batch of its input, gives a batch of predictions, or of features without a head.

    `optimize=False` keeps one module per operation, as derived. `batch_branches` makes one call of equal layers that read the same value;
    `batching_pays` measures whether that is faster. Weights start as PyTorch starts each layer.
    """
    return emit(architecture.graph(optimize, batch_branches), head, inline=optimize)


def emit(graph: Graph, head: Head | None = None, inline: bool = True) -> fx.GraphModule:
    """Turn a graph into a module. `inline` writes operations without weights as function calls instead of modules."""
    modules: dict[str, nn.Module] = {}
    code = fx.Graph()
    tracer = GraphAppendingTracer(code)
    values: dict[int, fx.Proxy] = {0: fx.Proxy(code.placeholder("x"), tracer)}
    for instruction in graph.instructions:
        result: Any
        layer = instruction.operation.layer(graph.inputs(instruction))
        arguments = [values[number] for number in instruction.inputs]
        if isinstance(layer, Packed):
            parts = dict(zip(instruction.parts, layer.parts, strict=True))
            modules |= parts
            names = [f"{place}.{name}" for place, part in parts.items() for name, _ in part.named_parameters()]
            result = layer.combine(*cast("list[Tensor]", [*arguments, *(fx.Proxy(code.get_attr(name), tracer) for name in names)]))
        elif inline and not _keeps_weights(layer):
            result = layer.forward(*arguments)
        else:
            modules[instruction.name] = layer
            result = fx.Proxy(code.call_module(instruction.name, tuple(argument.node for argument in arguments)), tracer)
        if len(instruction.outputs) == 1:
            values[instruction.outputs[0]] = result
        else:
            values.update((number, result[i]) for i, number in enumerate(instruction.outputs))
    output = values[graph.output].node
    if head is not None:
        modules[HEAD] = head.layer(graph.features[graph.output])
        output = code.call_module(HEAD, (output,))
    code.output(output)
    network = fx.GraphModule(nn.ModuleDict(modules), code, "Network")
    for name, module in modules.items():
        setattr(network, name, module)  # fx keeps only the weights of a module that is never called
    return network


def _keeps_weights(layer: nn.Module) -> bool:
    return any(True for _ in layer.parameters()) or any(True for _ in layer.buffers())
