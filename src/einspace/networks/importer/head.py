"""The head of a user's network: a global average and a linear layer after the backbone, read as a `Classification`."""

from dataclasses import dataclass
from math import prod
from typing import Any

from torch import fx, nn

from einspace.networks.heads import Classification
from einspace.networks.importer.calls import title
from einspace.networks.importer.layers import DROPPED, NO_BIAS
from einspace.networks.importer.trace import Shape, argument, function, result, sample

_DROPOUT = ("dropout", "dropout1d", "dropout2d")
_SAME = (*_DROPOUT, "identity", "flatten", "view", "reshape", "squeeze", "contiguous")


@dataclass(frozen=True)
class Cut:
    """The end of the backbone, the head after it and the name of the head's linear layer; a note is a text and the layer it is about."""

    end: fx.Node
    head: Classification | None = None
    classifier: str = ""
    notes: tuple[tuple[str, str], ...] = ()


def cut_head(network: fx.GraphModule) -> Cut:
    """Find the last linear layer, if it maps one vector a sample, and the global average right before it, if there is one."""
    last = result(network)
    layer: Any = _layer(network, last)
    if type(layer) is not nn.Linear or len(sample(last)) != 1:
        return Cut(last)
    notes: list[tuple[str, str]] = [] if layer.bias is not None else [(NO_BIAS, title(network, last))]
    # What leads to the last layer is read by nothing else, for it is all that the network gives.
    before: fx.Node = last.all_input_nodes[0]
    node, dropped = before, []
    while _name(network, node) in _SAME and prod(sample(node)) == prod(sample(node.all_input_nodes[0])):
        dropped += [(DROPPED, title(network, node))] if _name(network, node) in _DROPOUT else []
        node = node.all_input_nodes[0]
    pool = _pooled(network, node)
    if pool is None:
        return Cut(before, Classification(layer.out_features), str(last.target), tuple(notes))
    end = node.all_input_nodes[0]
    return Cut(end, Classification(layer.out_features, pool), str(last.target), (*dropped, *notes))


def _pooled(network: fx.GraphModule, node: fx.Node) -> str | None:
    """The `pool` of the head where this node is a global average; None where it is not."""
    name, layer = _name(network, node), _layer(network, node)
    if name not in ("adaptiveavgpool1d", "adaptiveavgpool2d", "avgpool2d", "mean"):
        return None
    shape = sample(node.all_input_nodes[0])
    axes: tuple[int, ...]
    if name == "mean":
        given = argument(node, 1, "dim")
        listed = given if isinstance(given, list | tuple) else (given,)
        if not all(isinstance(axis, int) for axis in listed):
            return None
        axes = tuple(sorted(axis % (len(shape) + 1) for axis in listed))
    elif name == "avgpool2d":
        kernel = layer.kernel_size if layer is not None else argument(node, 1, "kernel_size")
        padding = layer.padding if layer is not None else argument(node, 3, "padding", 0)
        if _pair(kernel) != shape[1:] or _pair(padding) != (0, 0):
            return None
        axes = (2, 3)
    else:
        size = layer.output_size if layer is not None else argument(node, 1, "output_size")
        if size not in (1, (1,), (1, 1), [1, 1]):
            return None
        axes = (2,) if name == "adaptiveavgpool1d" else (2, 3)
    return {(3, (2, 3)): "channels", (2, (1,)): "channels", (2, (2,)): "paper"}.get((len(shape), axes))


def _pair(size: Any) -> Shape:
    return tuple(size) if isinstance(size, list | tuple) else (size, size)


def _layer(network: fx.GraphModule, node: fx.Node) -> Any:
    return network.get_submodule(str(node.target)) if node.op == "call_module" else None


def _name(network: fx.GraphModule, node: fx.Node) -> str:
    """The name of a layer of `torch.nn` or of a function, in small letters and without underlines, so that both are equal."""
    layer = _layer(network, node)
    return (function(node) if layer is None else type(layer).__name__).replace("_", "").lower()
