"""Emit: a flat graph as a `torch.fx.GraphModule`, whose forward is straight-line code."""

from itertools import chain
from typing import Any, cast

import torch
from torch import Tensor, fx, nn
from torch.fx.proxy import GraphAppendingTracer

from einspace.graph import Graph
from einspace.networks.heads import Head
from einspace.operations import layers
from einspace.space import Architecture

HEAD = "head"
"""Name of the head among the network's modules."""


def build(architecture: Architecture, head: Head | None = None, optimize: bool = True, batch_branches: bool = False) -> fx.GraphModule:
    """Build the network of an architecture: (C, H, W) or (S, D) -> the prediction of the head, or the feature where there is no head.

    Weights start as PyTorch starts each layer.

    Args:
        architecture: The backbone.
        head: The head that is put behind the backbone.
        optimize: Whether the graph is simplified and faster; otherwise the network has one module per operation, as derived.
        batch_branches: Whether equal layers that read the same value become one call; `batching_pays` measures whether that is faster.

    Returns:
        A `torch.fx.GraphModule` that takes a batch of inputs.

    Raises:
        NetworkError: The head does not fit the output of the architecture.
        LimitError: The network has more than a million operations.
    """
    return emit(architecture.graph(optimize, batch_branches), head, inline=optimize)


def parameters_of(architecture: Architecture, head: Head) -> int:
    """Trainable parameters of an architecture's network with its head, by their shapes alone: nothing is built to be counted."""
    with torch.device("meta"):
        own = sum(parameter.numel() for parameter in head.layer(architecture.output).parameters())
    return architecture.parameters + own


def emit(graph: Graph, head: Head | None = None, inline: bool = True) -> fx.GraphModule:
    """Turn a graph into a module. `inline` writes our own layers without weights as function calls instead of modules."""
    modules: dict[str, nn.Module] = {}
    code = fx.Graph()
    tracer = GraphAppendingTracer(code)
    values: dict[int, fx.Proxy] = {0: fx.Proxy(code.placeholder("x"), tracer)}
    for instruction in graph.instructions:
        result: Any
        layer = instruction.operation.layer(graph.inputs(instruction))
        arguments = [values[number] for number in instruction.inputs]
        if isinstance(layer, layers.Packed):
            parts = dict(zip(instruction.parts, layer.parts, strict=True))
            modules |= parts
            names = [f"{place}.{name}" for place, part in parts.items() for name, _ in part.named_parameters()]
            result = layer.combine(*cast("list[Tensor]", [*arguments, *(fx.Proxy(code.get_attr(name), tracer) for name in names)]))
        elif inline and _is_function(layer):
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


def _is_function(layer: nn.Module) -> bool:
    """True if a layer is one of ours, without weights. Any other may be random, keep a state, or do something else in training."""
    return type(layer).__module__ == layers.__name__ and not any(True for _ in chain(layer.parameters(), layer.buffers()))
