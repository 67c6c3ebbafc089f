"""Trace: a network as straight-line calls of PyTorch's functions and layers, with our own and users' modules opened up."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, fx, nn

from einspace.networks.export.layers import constructor, refuse

BATCH = 1_000_003
"""A batch size that no axis has by chance, nor a multiple of it: how the axes that follow the batch are found, without data."""


class _Tracer(fx.Tracer):
    """Opens every module that no constructor of `torch.nn` makes."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.inside = ""
        self.leaves = {module for module in network.modules() if constructor(module) is not None}

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        return m in self.leaves

    def call_module(self, m: nn.Module, forward: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        self.inside = self.path_of_module(m).split(".")[0]
        return super().call_module(m, forward, args, kwargs)


def trace(network: nn.Module, operations: Mapping[str, str]) -> fx.Graph:
    """The calls of a network's forward pass. `operations` are the texts of its modules' operations, to name the one that fails.

    Raises ExportError for a forward pass that depends on the values of tensors, or holds tensors that are not weights.
    """
    tracer = _Tracer(network)
    try:
        graph = tracer.trace(network)
    except Exception as error:
        reason = str(error).strip().splitlines()
        raise refuse(operations.get(tracer.inside, tracer.inside), reason[0] if reason else type(error).__name__) from error
    weights = network.state_dict().keys()
    for node in graph.nodes:
        if node.op == "get_attr" and node.target not in weights:
            raise refuse(operation_of(node, operations), "it holds a tensor that is not among its weights")
    return graph


def flat(graph: fx.Graph) -> fx.Graph:
    """The graph, changed in place: the names of the parts of a `RawNetwork` lose the prefix `network.`"""
    for node in graph.nodes:
        if node.op in ("call_module", "get_attr"):
            node.target = str(node.target).removeprefix("network.")
    return graph


def operation_of(node: fx.Node, operations: Mapping[str, str]) -> str:
    """The text of the operation that a call comes from."""
    stack = node.meta.get("nn_module_stack") or {}
    names = [str(path).split(".")[0] for path in stack] or [str(node.target).split(".")[0]]
    return next((operations[name] for name in names if name in operations), names[0])


def shapes(network: nn.Module, graph: fx.Graph, sizes: tuple[int, ...]) -> dict[fx.Node, Any]:
    """The result of each call on the meta device: the shape of a tensor with "n" for the batch, or how many values in a tuple.

    Nothing where a layer does not run without data.
    """
    module = fx.GraphModule(network, graph)
    module.eval()
    run = _Shapes(module)
    try:
        with torch.no_grad():
            run.run(torch.empty(BATCH, *sizes, device="meta"))
    except Exception:  # noqa: BLE001 - a user's layer that wants data: the source goes without comments
        return {}
    return {node: run.found[node.name] for node in graph.nodes if node.name in run.found}


class _Shapes(fx.Interpreter):
    def __init__(self, module: fx.GraphModule) -> None:
        super().__init__(module)
        self.found: dict[str, Any] = {}

    def run_node(self, n: fx.Node) -> Any:
        value = super().run_node(n)
        if isinstance(value, Tensor):
            self.found[n.name] = tuple(_size(size) for size in value.shape)
        elif isinstance(value, tuple | list):
            self.found[n.name] = len(value)
        return value


def _size(size: int) -> str:
    """An axis as the source writes it: `n` for the batch, `4n` for four of them merged with it.

    >>> _size(64), _size(BATCH), _size(4 * BATCH)
    ('64', 'n', '4n')
    """
    count, rest = divmod(size, BATCH)
    return str(size) if rest or not count else "n" if count == 1 else f"{count}n"
