"""Structure: an architecture as items to draw, one after the other: operations, forks, and repeats of equal ones.

Equal items are one object, so that repeats are found by identity.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar, cast

from einspace.derivation import Derivation
from einspace.errors import LimitError
from einspace.features import Feature, Features
from einspace.normal_form import Apply, NormalForm, Parallel, normal_form
from einspace.operations import Group, Operation
from einspace.passes import Attention, AttentionHeads

NESTING = 100
"""Branching modules in each other that can be drawn."""


class Drawable(Protocol):
    """A derivation at an input; an `Architecture` is one."""

    @property
    def node(self) -> Derivation:
        """The derivation."""

    @property
    def input(self) -> Feature:
        """The value that it reads."""

    @property
    def output(self) -> Feature:
        """The value that it gives."""

    @property
    def normal_form(self) -> NormalForm:
        """The computation, in normal form."""


@dataclass(frozen=True, eq=False)
class Step:
    """One operation, with the features that it reads and gives."""

    operation: Operation
    inputs: Features
    outputs: Features

    @property
    def group(self) -> Group:
        """The operation's group; attention with linear layers of its own has one input, and computes."""
        return Group.COMPUTATION if isinstance(self.operation, (AttentionHeads, Attention)) else self.operation.group

    @property
    def parameters(self) -> int:
        """Trainable parameters."""
        return self.operation.parameters(self.inputs)


@dataclass(frozen=True, eq=False)
class Fork:
    """A branching module: runs of equal branches, each with its number."""

    branching: Step
    branches: "tuple[tuple[int, Chain], ...]"
    aggregation: Step


@dataclass(frozen=True, eq=False)
class Repeat:
    """Items that follow one another several times, each time with weights of their own and the same shapes."""

    count: int
    items: "Chain"


Item = Step | Fork | Repeat
Chain = tuple[Item, ...]
"""Items in order; none is the identity."""

_Any = TypeVar("_Any", Step, Fork, Repeat)


class Items:
    """Makes items, each of equal ones only once."""

    def __init__(self) -> None:
        self._known: dict[object, Item] = {}

    def step(self, operation: Operation, inputs: Features, outputs: Features | None = None) -> Step:
        """One operation; its outputs are inferred where they are not given."""
        outputs = operation.infer(inputs) if outputs is None else outputs
        return self._one((type(operation), operation.text, inputs, outputs), Step(operation, inputs, outputs))

    def fork(self, branching: Step, branches: Sequence[tuple[int, Chain]], aggregation: Step) -> Fork:
        """A branching module, whose equal neighbours among the branches become one run."""
        runs: list[tuple[int, Chain]] = []
        for count, chain in branches:
            if runs and same(runs[-1][1], chain):
                runs[-1] = (runs[-1][0] + count, chain)
            else:
                runs.append((count, chain))
        key = ("fork", id(branching), id(aggregation), *((count, *map(id, chain)) for count, chain in runs))
        return self._one(key, Fork(branching, tuple(runs), aggregation))

    def repeat(self, count: int, items: Chain) -> Repeat:
        """A repeat."""
        return self._one(("repeat", count, *map(id, items)), Repeat(count, items))

    def _one(self, key: object, item: _Any) -> _Any:
        return cast(_Any, self._known.setdefault(key, item))


def same(first: Chain, second: Chain) -> bool:
    """True if two chains hold the same items."""
    return len(first) == len(second) and all(a is b for a, b in zip(first, second, strict=True))


def structure(architecture: Drawable, items: Items, derived: bool = False) -> Chain:
    """The items of an architecture: simplified, or as derived with every identity.

    Raises LimitError where branching modules are nested deeper than can be drawn.
    """
    found = normal_form(architecture.node, simplify=False) if derived else architecture.normal_form
    return _chain(found, (architecture.input,), items, 0)[0]


def _chain(found: NormalForm, features: Features, items: Items, depth: int) -> tuple[Chain, Features]:
    if depth > NESTING:
        raise LimitError(f"branching modules are nested more than {NESTING} deep, which no picture can show")
    chain: list[Item] = []
    for step in found.steps:
        if isinstance(step, Apply):
            chain.append(items.step(step.operation, features))
        else:
            chain.append(_fork(step, features, items, depth))
        features = last_outputs(chain[-1])
    return tuple(chain), features


def _fork(module: Parallel, features: Features, items: Items, depth: int) -> Fork:
    branching = items.step(module.branching, features)
    branches: list[tuple[int, Chain]] = []
    joined: list[Features] = []
    place = 0
    for count, branch in module.branches:
        chain, outputs = _chain(branch, (branching.outputs[place],), items, depth + 1)
        branches.append((count, chain))
        joined += [outputs] * count
        place += count
    inputs = tuple(feature for outputs in joined for feature in outputs)
    return items.fork(branching, branches, items.step(module.aggregation, inputs))


def first_inputs(item: Item) -> Features:
    """The value that an item reads."""
    while isinstance(item, Repeat):
        item = item.items[0]
    return item.branching.inputs if isinstance(item, Fork) else item.inputs


def last_outputs(item: Item) -> Features:
    """The value that an item gives."""
    while isinstance(item, Repeat):
        item = item.items[-1]
    return item.aggregation.outputs if isinstance(item, Fork) else item.outputs


def size(chain: Chain) -> int:
    """Boxes that a chain is drawn with."""
    total = 0
    for item in chain:
        if isinstance(item, Step):
            total += 1
        elif isinstance(item, Repeat):
            total += size(item.items)
        else:
            total += 2 + sum(size(branch) for _, branch in item.branches)
    return total


def every(chain: Chain) -> list[tuple[Step, int]]:
    """All operations with the number of their copies, in the order of the data."""
    found: list[tuple[Step, int]] = []
    for item in chain:
        if isinstance(item, Step):
            found.append((item, 1))
        elif isinstance(item, Repeat):
            found += [(step, item.count * copies) for step, copies in every(item.items)]
        else:
            inner = [(step, count * copies) for count, branch in item.branches for step, copies in every(branch)]
            found += [(item.branching, 1), *inner, (item.aggregation, 1)]
    return found
