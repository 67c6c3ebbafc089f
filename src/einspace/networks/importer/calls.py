"""Calls: the nodes of a trace read as modules of the grammar: layers, functions on one value, and joins of branches."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from torch import fx, nn

from einspace.derivation.build import compute
from einspace.networks.importer.layers import DROPPED, Item, Misfit, Reading, column, leaky, read_layer, reshaped, unknown
from einspace.networks.importer.trace import BATCH, argument, function, sample
from einspace.operations import Add, Aggregation, Concat, Permute, PosEnc


@dataclass(frozen=True)
class Step:
    """A node read: modules in series on one operand, or two operands and more, and the aggregation that joins two of them.

    `source` is the layer or the parameter whose weights the modules take.
    """

    operands: tuple[fx.Node, ...]
    items: tuple[Item, ...] = ()
    join: Aggregation | None = None
    source: str = ""
    note: str = ""


def read(network: fx.GraphModule, node: fx.Node) -> Step:
    """Read a node whose operands have shapes; raises Misfit."""
    name = function(node)
    if node.op == "call_module":
        layer = network.get_submodule(str(node.target))
        if len(node.all_input_nodes) != 1:
            raise unknown(type(layer).__name__)
        return _read_layer(node, layer)
    if name in ("add", "iadd", "add_"):
        step = _sum(network, node)
    elif name in ("cat", "concat", "concatenate"):
        step = _concatenation(node)
    elif name in _FUNCTIONS:
        operand = argument(node, 0, "input")
        reading = _FUNCTIONS[name](node)
        step = Step((operand,), reading.items, note=reading.note)
    else:
        raise unknown(name)
    if any(operand.op == "get_attr" for operand in step.operands):
        raise Misfit("a parameter can only be added, one for each element (a positional encoding)")
    return step


def title(network: fx.GraphModule, node: fx.Node) -> str:
    """A node in the words of the user's module: a layer's qualified name and its type, or a function and the module that calls it."""
    if node.op == "call_module":
        return f"{node.target} ({type(network.get_submodule(str(node.target))).__name__})"
    stack: dict[str, Any] = node.meta.get("nn_module_stack") or {}
    owners = [str(entry[0]) if isinstance(entry, tuple) else path for path, entry in stack.items()]
    inside = f" in {owners[-1]}" if owners and owners[-1] else ""
    return f"{function(node) or node.target}(){inside}"


def _read_layer(node: fx.Node, layer: nn.Module) -> Step:
    reading = _reshape(node) if type(layer) is nn.Flatten else read_layer(layer, sample(node.all_input_nodes[0]))
    weights = any(True for _ in layer.parameters()) or any(True for _ in layer.buffers()) or isinstance(layer, nn.LayerNorm)
    return Step((node.all_input_nodes[0],), reading.items, source=str(node.target) if weights else "", note=reading.note)


def _sum(network: fx.GraphModule, node: fx.Node) -> Step:
    left, right = argument(node, 0, "input"), argument(node, 1, "other")
    if argument(node, 2, "alpha", 1) != 1:
        raise Misfit("alpha must be 1")
    if not isinstance(left, fx.Node):
        left, right = right, left
    if not isinstance(right, fx.Node) and right == 0:
        return Step((left,))  # the 0 with which Python's `sum` starts
    if not isinstance(right, fx.Node) or "shape" not in right.meta or "shape" not in left.meta:
        raise Misfit("a number cannot be added")
    if left.op == "get_attr":
        left, right = right, left
    if right.op == "get_attr":
        parameter = _parameter(network, str(right.target))
        shape = sample(left)
        if parameter is None or tuple(parameter.shape) not in (shape, (1, *shape), column(shape)):
            raise Misfit(f"only a parameter of {shape} can be added to it, one for each element")
        return Step((left,), (compute(PosEnc()),), source=str(right.target))
    if left.meta["shape"] != right.meta["shape"]:
        raise Misfit(f"adds {sample(left)} and {sample(right)}, but the shapes must be equal")
    return Step((left, right), join=Add())


def _parameter(network: fx.GraphModule, name: str) -> nn.Parameter | None:
    """The parameter of a name; None for a buffer or a plain tensor."""
    found = {id(parameter) for parameter in network.parameters()}
    owner, _, attribute = name.rpartition(".")
    value = getattr(network.get_submodule(owner), attribute)
    return value if isinstance(value, nn.Parameter) and id(value) in found else None


def _concatenation(node: fx.Node) -> Step:
    operands = argument(node, 0, "tensors")
    axis = argument(node, 1, "dim", 0)
    if not isinstance(operands, list | tuple) or not isinstance(axis, int):
        raise Misfit("needs a list of tensors and a number as axis")
    rank = len(node.meta["shape"])
    axis %= rank
    if axis == 0:
        raise Misfit("concatenates samples")
    if len(operands) == 1:
        return Step((operands[0],))
    return Step(tuple(operands), join=Concat(axis + (rank == 2), 2))  # a vector (D) is (1, D)


def _permutation(node: fx.Node, order: list[int]) -> Reading:
    axes = [axis % len(order) for axis in order]
    if axes[0] != 0:
        raise Misfit("moves the batch axis")
    if len(axes) not in (3, 4):
        raise Misfit(f"has {len(axes)} axes with that of the batch, not 3 or 4")
    return Reading() if axes == sorted(axes) else Reading((Permute(tuple(axes[1:])),))


def _permute(node: fx.Node) -> Reading:
    given: Any = argument(node, 1, "dims")
    order: list[Any] = list(given) if isinstance(given, list | tuple) else list(node.args[1:])
    if not all(isinstance(axis, int) for axis in order):
        raise Misfit("the order of the axes must not be computed")
    return _permutation(node, order)


def _transpose(node: fx.Node) -> Reading:
    first, second = argument(node, 1, "dim0"), argument(node, 2, "dim1")
    if not isinstance(first, int) or not isinstance(second, int):
        raise Misfit("the order of the axes must not be computed")
    order = list(range(len(node.meta["shape"])))
    order[first], order[second] = order[second], order[first]
    return _permutation(node, order)


def _reshape(node: fx.Node) -> Reading:
    if node.meta["shape"][0] != BATCH:
        raise Misfit("moves the batch axis")
    return reshaped(sample(node.all_input_nodes[0]), sample(node))


def _slice(node: fx.Node) -> Reading:
    """`x[:, ::1]` is x."""
    given: Any = node.args[1]
    for part in given if isinstance(given, tuple) else (given,):
        if not isinstance(part, slice) or part not in (slice(None), slice(None, None, 1)):
            raise unknown("getitem")
    return Reading()


def _dropout(node: fx.Node) -> Reading:
    return Reading(note=DROPPED)


_FUNCTIONS: dict[str, Callable[[fx.Node], Reading]] = {
    **dict.fromkeys(("relu", "relu_"), lambda node: leaky(0)),
    **dict.fromkeys(("leaky_relu", "leaky_relu_"), lambda node: leaky(argument(node, 1, "negative_slope", 0.01))),
    **dict.fromkeys(("dropout", "dropout1d", "dropout2d", "feature_dropout"), _dropout),
    **dict.fromkeys(("flatten", "view", "reshape", "squeeze", "unsqueeze"), _reshape),
    "contiguous": lambda node: Reading(),
    "permute": _permute,
    **dict.fromkeys(("transpose", "swapaxes", "swapdims"), _transpose),
    "getitem": _slice,
}
