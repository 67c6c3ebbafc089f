"""Trace: a module as a `torch.fx` graph, with the shape of every value at one input."""

import copy
import operator
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, fx, nn

from einspace.errors import NetworkError

BATCH = 13
"""Samples in the batch that shapes are found with: a size that no other axis is likely to have."""

Shape = tuple[int, ...]

_CHANGING = (operator.iadd, operator.isub, operator.imul, operator.itruediv, operator.ifloordiv, operator.imod, operator.ipow)
"""The functions that `x += y` and the like call, which change a tensor."""


def traced(module: nn.Module, shape: Shape) -> fx.GraphModule:
    """Trace a module at an input, without running it on data.

    A node whose value is a tensor has `meta["shape"]`, with the batch axis, and `meta["memory"]`, which it shares with its views; one
    whose value is a number or a size has `meta["number"]`. Raises NetworkError for what cannot be traced, fails at the input, or takes or
    gives more than one tensor.
    """
    name = type(module).__name__
    if has_hooks(module):
        raise NetworkError(f"{name} has hooks, which a trace of it leaves out: wrap it in nn.Sequential, and they are traced with it")
    try:
        network = fx.GraphModule(module, _Tracer().trace(module), name)
    except Exception as error:  # the module is the user's, and may raise anything
        raise NetworkError(
            f"{name} cannot be traced: {_line(error)}; torch.fx follows a forward that does the same for every input, "
            "so a loop or an if must not depend on a value"
        ) from error
    inputs = [node.name for node in network.graph.nodes if node.op == "placeholder"]
    if len(inputs) != 1:
        raise NetworkError(f"{name} needs one input, not {len(inputs)} ({', '.join(inputs)}): wrap it in a module that takes x alone")
    reached: list[str] = []
    try:
        without_data = copy.deepcopy(network).to("meta", torch.float32).eval()
        _Shapes(without_data, network.graph, reached).run(torch.empty(BATCH, *shape, device="meta"))
    except Exception as error:  # as above
        raise NetworkError(f"{name} fails at the input {shape} in {(reached or ['its input'])[-1]}: {_line(error)}") from error
    if "shape" not in result(network).meta:
        raise NetworkError(f"{name} gives no single tensor: wrap it in a module whose forward returns one")
    return network


def result(network: fx.GraphModule) -> fx.Node:
    """The node whose value the network returns; the output node itself where that is not a node."""
    output = network.graph.output_node()
    return output.args[0] if isinstance(output.args[0], fx.Node) else output


def needed(end: fx.Node) -> list[fx.Node]:
    """The nodes that a value follows from, in order, and itself."""
    found = {end}
    for node in reversed(end.graph.nodes):
        if node in found:
            found.update(node.all_input_nodes)
    return [node for node in end.graph.nodes if node in found]


def sample(node: fx.Node) -> Shape:
    """The shape of a node's value without the batch axis."""
    shape: Shape = node.meta["shape"]
    return shape[1:]


def function(node: fx.Node) -> str:
    """The name of what a node calls, the same for `torch.relu`, `functional.relu` and `x.relu`; empty for a module.

    A function of another package has the package in its name.
    """
    if node.op == "call_function":
        name, package = str(getattr(node.target, "__name__", node.target)), getattr(node.target, "__module__", None) or "torch"
        return name if package.split(".")[0] in ("torch", "_operator", "builtins") else f"{package}.{name}"
    return str(node.target) if node.op == "call_method" else ""


def argument(node: fx.Node, position: int, name: str, default: Any = None) -> Any:
    """An argument of a call, by position or by name."""
    return node.args[position] if position < len(node.args) else node.kwargs.get(name, default)


def has_hooks(module: nn.Module) -> bool:
    """True if a module has hooks, so that a call of it does more than its forward."""
    return bool(module._forward_hooks or module._forward_pre_hooks)


def hooked(network: fx.GraphModule) -> list[fx.Node]:
    """Layers with hooks, which are not in the graph, where the result follows from them."""
    layers = [node for node in needed(result(network)) if node.op == "call_module"]
    return [node for node in layers if has_hooks(network.get_submodule(str(node.target)))]


def overwritten(network: fx.GraphModule) -> list[fx.Node]:
    """Nodes that change a tensor in place that is read again later, itself or as a view: the graph does not hold this change."""
    order = {node: i for i, node in enumerate(network.graph.nodes)}
    tensors = [node for node in order if "memory" in node.meta]

    def read_again(change: fx.Node) -> bool:
        """True if an earlier value in the same memory is read after the change, and not only its shape."""
        older = [node for node in tensors if node.meta["memory"] is change.meta["memory"] and order[node] < order[change]]
        return any(order[user] > order[change] and "number" not in user.meta for node in older for user in node.users)

    return [node for node in tensors if _in_place(network, node) and read_again(node)]


def _in_place(network: fx.GraphModule, node: fx.Node) -> bool:
    if node.op == "call_module":
        return bool(getattr(network.get_submodule(str(node.target)), "inplace", False))
    return node.target in _CHANGING or function(node).endswith("_") or node.kwargs.get("inplace") is True


def _line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]


class _Value(fx.Proxy):
    """A value under trace that has methods for `x += y` and the like; without them Python would trace `x = x + y`."""


def _change(operation: Callable[[Any, Any], Any]) -> Callable[[fx.Proxy, Any], fx.Proxy]:
    """The method of a value under trace for an operator."""
    return lambda value, other: value.tracer.create_proxy("call_function", operation, (value, other), {})


for _operation in _CHANGING:
    setattr(_Value, f"__{_operation.__name__}__", _change(_operation))


class _Tracer(fx.Tracer):
    """Traces as `fx.symbolic_trace` does, but for changes in place."""

    def proxy(self, node: fx.Node) -> fx.Proxy:
        """The value of a node."""
        return _Value(node, self)


class _Shapes(fx.Interpreter):
    """Runs a graph on tensors without data and writes down their shapes."""

    def __init__(self, network: fx.GraphModule, graph: fx.Graph, reached: list[str]) -> None:
        super().__init__(network, graph=graph)
        self.reached = reached

    def run_node(self, n: fx.Node) -> Any:
        """Run one node."""
        self.reached.append(str(n.target))
        value = super().run_node(n)
        if isinstance(value, Tensor):
            n.meta["shape"], n.meta["memory"] = tuple(value.shape), value.untyped_storage()
        elif isinstance(value, int | float | torch.Size | torch.device | torch.dtype):
            n.meta["number"] = True
        return value
