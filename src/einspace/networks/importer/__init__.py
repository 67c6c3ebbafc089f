"""Import: a network of the user's own as an architecture of the space, with its weights."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, fx, nn

from einspace.derivation.build import sequence, whole
from einspace.errors import NetworkError
from einspace.features import Feature
from einspace.networks.emit import HEAD, build
from einspace.networks.heads import Classification
from einspace.networks.importer.calls import Step, read, title
from einspace.networks.importer.computed import computed
from einspace.networks.importer.head import cut_head
from einspace.networks.importer.joins import IDENTITY, Part, Shared, assemble, in_series
from einspace.networks.importer.layers import Misfit
from einspace.networks.importer.trace import hooked, needed, overwritten, result, traced
from einspace.operations import Linear, Norm, PosEnc
from einspace.quantities import counted
from einspace.space import Architecture

FROZEN = "frozen there, ours is trained"
SHOWN = 4
"""Layers that a note names."""


@dataclass(frozen=True)
class Imported:
    """A network of the user's own in the space."""

    architecture: Architecture
    """The backbone."""
    head: Classification | None
    """The head behind the backbone; None where the network does not end with a linear layer that gives a vector."""
    notes: tuple[str, ...]
    """The differences of the architecture from the module, where it is only near to it."""
    module: nn.Module
    """The module itself."""
    sources: tuple[str, ...]
    """The names of the layers and parameters that the architecture's weights come from, in the order of its text."""
    classifier: str = ""
    """The name of the head's linear layer."""
    warm_start: bool = False
    """True if a search that begins with this network keeps its weights."""

    @property
    def name(self) -> str:
        """Its name in tables: the class of the module."""
        return type(self.module).__name__

    def network(self, optimize: bool = True) -> fx.GraphModule:
        """The architecture and its head as `build` makes them, with copies of the weights that the module has now.

        It computes what the module computes, but for what the notes say.
        """
        network = build(self.architecture, self.head, optimize)
        terminals = (node.terminal for node in self.architecture.node.walk() if node.terminal is not None)
        names = [
            f"{operation.name.replace('-', '_')}_{leaf}"
            for leaf, operation in enumerate(terminals)
            if isinstance(operation, Linear | Norm | PosEnc)
        ]
        for name, source in zip(names, self.sources, strict=True):
            _copy(_attribute(self.module, source), network.get_submodule(name))
        if self.head is not None:
            _copy(_attribute(self.module, self.classifier), network.get_submodule(f"{HEAD}.linear"))
        first = next(self.module.parameters(), None)
        return network.train(self.module.training) if first is None else network.to(first).train(self.module.training)


def from_module(module: nn.Module, input_shape: Feature | Iterable[int], warm_start: bool = False) -> Imported:
    """Read a network of convolutions, linear layers, norms, relus, sums and concatenations as an architecture.

    The module is traced by `torch.fx` and not changed. A linear layer at its end, and a global average before it, is the head.

    The result can be an initial member of a search: `search(task, init=[from_module(mine, shape), "random*8"])` makes it a seed and the
    baseline that the best one found is compared with.

    Args:
        module: The network.
        input_shape: (C, H, W) or (S, D), without the batch axis.
        warm_start: Whether its trainings begin with the weights that the module has when the search begins, not with fresh ones. They were
            made for samples that were normalised as the task normalises its own, or nearly so. Where its own head is not the task's, the
            task's head starts afresh.

    Returns:
        The architecture, the head and the names of the weights, with notes on what differs from the module.

    Raises:
        NetworkError: The module cannot be traced, its input is a vector, or layers do not fit the space: all are named, with the reasons.
        ShapeError: The input shape does not have two or three positive axes.

    >>> imported = from_module(nn.Sequential(nn.Conv2d(3, 8, 3), nn.LeakyReLU(0.01), nn.Flatten(), nn.Linear(288, 10)), (3, 8, 8))
    >>> print(imported.architecture)
    [[[im2col(k=3,s=1,p=0) linear(d=8) col2im] relu] [im2col(k=6,s=6,p=0) identity identity]]
    >>> imported.head
    Classification(classes=10, pool='channels')
    """
    inputs = _input(input_shape)
    if weights := list(computed(module)):
        raise _refusal(module, weights)
    network = traced(module, inputs.shape)
    cut = cut_head(network)
    problems = dict.fromkeys(overwritten(network), "changes in place what is read again after it")
    problems |= dict.fromkeys(hooked(network), "has hooks, which would be lost")
    steps: dict[fx.Node, Step] = {}
    for node in needed(cut.end):
        if node.op in ("placeholder", "get_attr") or "number" in node.meta or not _readable(node):
            continue
        try:
            steps[node] = read(network, node)
        except Misfit as misfit:
            problems.setdefault(node, str(misfit))
    sources = {node: step.source for node, step in steps.items() if step.source}
    if cut.classifier:
        sources[result(network)] = cut.classifier
    problems |= _sharing(module, sources)
    if problems:
        raise _refusal(module, [(title(network, node), reason) for node, reason in problems.items()])
    try:
        part = assemble(steps, next(iter(network.graph.find_nodes(op="placeholder"))), cut.end)
    except Shared as shared:
        raise _refusal(module, [(title(network, join), _shared(network, twice)) for join, twice in shared.joins]) from None
    notes = [(step.note, title(network, node)) for node, step in steps.items() if step.note]
    notes += [*cut.notes, *((FROZEN, name) for name in _frozen(module, sources.values()))]
    return Imported(_architecture(part, inputs), cut.head, _notes(notes), module, part.sources, cut.classifier, warm_start)


def _input(input_shape: Feature | Iterable[int]) -> Feature:
    shape = input_shape.shape if isinstance(input_shape, Feature) else tuple(input_shape)
    if len(shape) == 1:
        raise NetworkError(f"an input {shape} is not a feature: a vector is one token, (1, {shape[0]}), which nn.Flatten flattens")
    return Feature.of(shape)


def _readable(node: fx.Node) -> bool:
    """True if all operands are tensors or numbers; any other one belongs to a step that was refused before."""
    return all("shape" in other.meta or "number" in other.meta for other in node.all_input_nodes)


def _sharing(module: nn.Module, sources: Mapping[fx.Node, str]) -> dict[fx.Node, str]:
    """The problem of each node whose weights an earlier node uses too."""
    owners: dict[int, str] = {}
    problems = {}
    for node, source in sources.items():
        for tensor in _tensors(module, source):
            if id(tensor) in owners:
                problems[node] = f"shares weights with {owners[id(tensor)]}, read earlier: every operation of the space has its own"
            owners.setdefault(id(tensor), f"{source} ({node.name})")
    return problems


def _tensors(module: nn.Module, source: str) -> list[Tensor]:
    """The weights and statistics of a layer, or a parameter itself."""
    found = _attribute(module, source)
    return [*found.parameters(), *found.buffers()] if isinstance(found, nn.Module) else [found]


def _frozen(module: nn.Module, sources: Iterable[str]) -> list[str]:
    """The layers and the parameters with weights that are not trained, by name and type."""
    weights = {name: [tensor for tensor in _tensors(module, name) if isinstance(tensor, nn.Parameter)] for name in sources}
    frozen = [name for name, given in weights.items() if not all(weight.requires_grad for weight in given)]
    return [f"{name} ({type(_attribute(module, name)).__name__})" for name in frozen]


def _shared(network: fx.GraphModule, nodes: Iterable[fx.Node]) -> str:
    names = sorted(title(network, node) for node in nodes)
    return f"two of its branches share {', '.join(names[:SHOWN])}: branches split at one place and join at one place"


def _refusal(module: nn.Module, problems: Iterable[tuple[str, str]]) -> NetworkError:
    lines = [f"  {name}: {reason}" for name, reason in problems]
    verb = "does" if len(lines) == 1 else "do"
    return NetworkError(f"{counted(len(lines), 'layer')} of {type(module).__name__} {verb} not fit the space:", *lines)


def _notes(notes: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """The notes as lines: one for each kind, with the names of the layers that it is about."""
    named: dict[str, list[str]] = {}
    for note, name in notes:
        named.setdefault(note, []).append(name)
    named = {note: list(dict.fromkeys(names)) for note, names in named.items()}
    more = {note: f" and {len(names) - SHOWN} more" if len(names) > SHOWN else "" for note, names in named.items()}
    return tuple(f"{', '.join(names[:SHOWN])}{more[note]}: {note}" for note, names in named.items())


def _architecture(part: Part, inputs: Feature) -> Architecture:
    node = in_series(part.items)
    return Architecture(whole(node if len(node.children) > 1 else sequence(node, IDENTITY)), inputs)


def _attribute(module: nn.Module, name: str) -> Any:
    """A submodule or a parameter by its qualified name."""
    owner, _, attribute = name.rpartition(".")
    return getattr(module.get_submodule(owner), attribute)


def _copy(source: nn.Module | Tensor, target: nn.Module) -> None:
    """Copy weights; scales that the source lacks are one, and biases zero."""
    with torch.no_grad():
        for name, value in target.state_dict().items():
            given = source if isinstance(source, Tensor) else getattr(source, name, None)
            if given is None:
                value.fill_(1 if name == "weight" else 0)
            else:
                value.copy_(given.reshape(value.shape))


__all__ = ["Imported", "from_module"]
