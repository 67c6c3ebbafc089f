"""Joins: from the steps of a trace to a derivation, which is series-parallel; every join becomes a branching module.

The branches of a join start at the last value that all its operands follow from (their nearest common dominator).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from torch import fx

from einspace.derivation.build import branch, compute, route, sequence
from einspace.derivation.tree import Derivation
from einspace.networks.importer.calls import Step
from einspace.networks.importer.layers import TOKENS, Item
from einspace.operations import Aggregation, Clone, Col2im, Identity, Permute

IDENTITY = compute(Identity())


@dataclass(frozen=True)
class Part:
    """Modules in series, where their weights come from, in the order of the derivation, and the nodes that they stand for."""

    items: tuple[Item, ...] = ()
    sources: tuple[str, ...] = ()
    covered: frozenset[fx.Node] = frozenset()


class Shared(Exception):
    """Joins that are not branching modules, each with the nodes that two of its branches share."""

    def __init__(self, joins: Sequence[tuple[fx.Node, Sequence[fx.Node]]]) -> None:
        super().__init__(joins)
        self.joins = joins


def assemble(steps: Mapping[fx.Node, Step], start: fx.Node, end: fx.Node) -> Part:
    """The derivation of the graph from one node to another, with the steps in the order of the trace; raises Shared."""
    dominator: dict[fx.Node, fx.Node] = {start: start}
    depth = {start: 0}
    parts: dict[fx.Node, Part] = {}
    shared: list[tuple[fx.Node, Sequence[fx.Node]]] = []

    def line(first: fx.Node, last: fx.Node) -> Part:
        """The part of the graph from a node to one that it dominates."""
        passed = []
        while last is not first:
            passed.append(parts[last])
            last = dominator[last]
        return _joined(passed[::-1])

    for node, step in _with_prefixes(steps).items():
        common = step.operands[0]
        for other in step.operands[1:]:
            while common is not other:
                if depth[common] >= depth[other]:
                    common = dominator[common]
                else:
                    other = dominator[other]
        dominator[node], depth[node] = common, depth[common] + 1
        if step.join is None:
            parts[node] = Part(step.items, (step.source,) if step.source else (), frozenset([node]))
            continue
        branches = [line(common, operand) for operand in step.operands]
        whole = _joined(branches)
        if len(whole.covered) < sum(len(part.covered) for part in branches):
            twice = [other for other in whole.covered if sum(other in part.covered for part in branches) > 1]
            shared.append((node, twice))
            branches, whole = [Part(), Part()], Part()
        module = _module([part.items for part in branches], step.join)
        parts[node] = Part((module,), whole.sources, whole.covered | {node})
    if shared:
        raise Shared(shared)
    return line(start, end)


def in_series(items: Sequence[Item]) -> Derivation:
    """Items in series as one module: two permutations begin and end a routing module, and a single one gets a module of its own."""
    nodes: list[Derivation] = []
    opened: tuple[Permute, int] | None = None
    for item in _fewer(items):
        if isinstance(item, Derivation):
            nodes.append(item)
        elif opened is None:
            opened = item, len(nodes)
        else:
            first, place = opened
            nodes[place:] = [route(first, _sequence(nodes[place:]), item)]
            opened = None
    if opened is not None:
        first, place = opened
        nodes.insert(place, route(first, IDENTITY, Identity()))
    return _sequence(nodes)


def _fewer(items: Sequence[Item]) -> list[Item]:
    """Permutations that undo each other are left out, and a convolution whose pixels become tokens is a patch embedding."""
    kept: list[Item] = []
    for item in items:
        last = kept[-1] if kept else None
        if isinstance(item, Permute) and isinstance(last, Permute):
            kept.pop()
            order = tuple(last.o[axis - 1] for axis in item.o)
            kept += [Permute(order)] if order != tuple(sorted(order)) else []
        elif item == TOKENS and isinstance(last, Derivation) and last.nodes[-1].terminal == Col2im():
            unroll, inner, _ = last.nodes
            kept[-1] = Derivation("M", (unroll, inner, Derivation("R2", (Identity(),))))
        else:
            kept.append(item)
    return kept


def _sequence(nodes: Sequence[Derivation]) -> Derivation:
    return sequence(*nodes) if nodes else IDENTITY


def _joined(parts: Sequence[Part]) -> Part:
    return Part(
        tuple(item for part in parts for item in part.items),
        tuple(source for part in parts for source in part.sources),
        frozenset().union(*(part.covered for part in parts)),
    )


def _module(branches: Sequence[tuple[Item, ...]], join: Aggregation) -> Derivation:
    """Branches side by side, two at a time: of any number, and each with modules of its own."""
    level = [in_series(items) for items in branches]
    while len(level) > 1:
        pairs = [branch(Clone(2), pair, join) for pair in zip(level[::2], level[1::2], strict=False)]
        level = pairs + level[len(pairs) * 2 :]
    return level[0]


def _with_prefixes(steps: Mapping[fx.Node, Step]) -> dict[fx.Node, Step]:
    """Let joins start with earlier ones: where b is concat(x, a), concat(x, a, c) is concat(b, c), as in a DenseNet."""
    earlier: dict[tuple[Aggregation, tuple[fx.Node, ...]], fx.Node] = {}
    changed: dict[fx.Node, Step] = {}
    for node, step in steps.items():
        operands = step.operands
        if step.join is not None:
            for count in range(len(operands) - 1, 1, -1):
                prefix = earlier.get((step.join, operands[:count]))
                if prefix is not None:
                    operands = (prefix, *operands[count:])
                    break
            earlier[step.join, step.operands] = node
        changed[node] = replace(step, operands=operands)
    return changed


__all__ = ["Part", "Shared", "assemble", "in_series"]
