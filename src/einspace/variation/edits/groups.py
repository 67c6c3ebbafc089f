"""Groups of widths: linear layers that must change their widths together, so that sums and products of branches still fit.

Each axis is followed through the network as a sum: how much of its length each linear layer sets, and how much the input does. Where two
axes must be as long as each other, the layers in which their sums differ are one group. A group in which the input has a share cannot
change.
"""

from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

from einspace.derivation import Derivation
from einspace.derivation.inference import Frame
from einspace.errors import ShapeError
from einspace.features import Feature
from einspace.operations import Add, Aggregation, Concat, Linear, Matmul, Operation
from einspace.operations.recurrent import Multiply
from einspace.variation.child import Path

INPUT = -1
"""Stands for the input of the network among the numbers of the linear layers."""


class WidthGroup(NamedTuple):
    """Linear layers whose widths change together: the paths of their nodes, and whether one of them sets a number of channels.

    Channels are C of (C, H, W) and D of (S, D), wherever permutations take them; the other axes are places: pixels and tokens.
    """

    paths: tuple[Path, ...]
    channels: bool


class _Axis(NamedTuple):
    """The length of an axis as shares of linear layers and of the input, and whether its elements are channels."""

    shares: dict[int, Fraction]
    channels: bool


class _Traced(NamedTuple):
    """A feature and its axes."""

    feature: Feature
    axes: tuple[_Axis, ...]


class _Placed(Frame[_Traced]):
    """A node under evaluation, with its path."""

    __slots__ = ("path",)

    def __init__(self, node: Derivation, inputs: tuple[_Traced, ...], path: Path) -> None:
        super().__init__(node, inputs)
        self.path = path


class _Tracer:
    """Follows the axes through the operations, and joins the layers that must change together."""

    def __init__(self) -> None:
        from scipy.cluster.hierarchy import DisjointSet

        self.joined = DisjointSet([INPUT])
        self.paths: list[Path] = []
        self.channels: list[bool] = []

    def apply(self, operation: Operation, inputs: tuple[_Traced, ...], path: Path) -> tuple[_Traced, ...]:
        """The outputs of an operation; `path` is that of its node."""
        outputs = operation.infer(tuple(traced.feature for traced in inputs))
        if type(operation) is Linear:
            axes = (*inputs[0].axes[:-1], self._layer(operation, inputs[0].axes[-1].channels, path))
        elif isinstance(operation, Aggregation):
            axes = self._aggregated(operation, [traced.axes for traced in inputs], outputs[0])
        else:
            axes = self._followed(operation, inputs[0], outputs[0])
        return tuple(_Traced(output, axes) for output in outputs)

    def _layer(self, operation: Linear, channels: bool, path: Path) -> _Axis:
        number = len(self.paths)
        self.paths.append(path)
        self.channels.append(channels)
        self.joined.add(number)
        return _Axis({number: Fraction(operation.d)}, channels)

    def _equal(self, first: _Axis, second: _Axis) -> None:
        """Note that two axes always have equal lengths: the factors that these do not share change together."""
        different = [number for number in {**first.shares, **second.shares} if first.shares.get(number) != second.shares.get(number)]
        for number in different[1:]:
            self.joined.merge(different[0], number)

    def _fixed(self, axes: Sequence[_Axis]) -> None:
        for axis in axes:
            for number in axis.shares:
                self.joined.merge(INPUT, number)

    def _aggregated(self, operation: Aggregation, inputs: list[tuple[_Axis, ...]], output: Feature) -> tuple[_Axis, ...]:
        first, *others = inputs
        if type(operation) is Matmul:
            (second,) = others
            for a, b in [*zip(first[:-2], second[:-2], strict=True), (first[-1], second[-2])]:
                self._equal(a, b)
            return (*first[:-1], second[-1])
        if type(operation) not in (Add, Concat, Multiply):  # an operation of the user's, of which nothing is known
            self._fixed([axis for axes in inputs for axis in axes])
            return _of_input(output)
        summed = operation.dim - 1 if type(operation) is Concat else None
        for axes in others:
            for i, (a, b) in enumerate(zip(first, axes, strict=True)):
                if i != summed:
                    self._equal(a, b)
        if summed is None:
            return first
        shares: dict[int, Fraction] = {}
        for axes in inputs:
            for number, share in axes[summed].shares.items():
                shares[number] = shares.get(number, Fraction(0)) + share
        return (*first[:summed], _Axis(shares, first[summed].channels), *first[summed + 1 :])

    def _followed(self, operation: Operation, traced: _Traced, output: Feature) -> tuple[_Axis, ...]:
        """The output's axes of an operation with one input: an axis that doubles where one of the input's alone is doubled is that axis.

        Any other effect of an input's axis on the output's shape cannot be a share, so the axis stays as it is.
        """
        shape = traced.feature.shape
        sources: list[list[int]] = [[] for _ in output.shape]
        for i, axis in enumerate(traced.axes):
            try:
                (longer, *_) = operation.infer((Feature((*shape[:i], 2 * shape[i], *shape[i + 1 :]), traced.feature.grid),))
            except ShapeError:
                self._fixed([axis])
                continue
            for o, (new, old) in enumerate(zip(longer.shape, output.shape, strict=True)):
                if new == 2 * old:
                    sources[o].append(i)
                elif new != old:
                    self._fixed([axis])
        found = list(_of_input(output))
        for o, numbers in enumerate(sources):
            if len(numbers) == 1:
                axis = traced.axes[numbers[0]]
                ratio = Fraction(output.shape[o], shape[numbers[0]])
                found[o] = _Axis({number: share * ratio for number, share in axis.shares.items()}, axis.channels)
            else:
                self._fixed([traced.axes[i] for i in numbers])
        return tuple(found)


def _of_input(feature: Feature) -> tuple[_Axis, ...]:
    """The axes of a feature whose lengths no linear layer sets."""
    channels = 0 if feature.mode == "Im" else 1
    return tuple(_Axis({INPUT: Fraction(length)}, i == channels) for i, length in enumerate(feature.shape))


def width_groups(root: Derivation, inputs: Feature) -> list[WidthGroup]:
    """The groups of linear layers whose widths can change, those of the first layers first.

    Args:
        root: A derivation that fits the input.
        inputs: The input, (C, H, W) or (S, D).

    >>> from einspace.derivation.build import compute, sequence, whole
    >>> from einspace.operations import Linear, Relu
    >>> width_groups(whole(sequence(compute(Linear(16)), compute(Relu()))), Feature((8, 8)))
    [WidthGroup(paths=((0, 0),), channels=True)]
    """
    tracer = _Tracer()
    frames = [_Placed(root, (_Traced(inputs, _of_input(inputs)),), ())]
    while frames:
        frame = frames[-1]
        position = len(frame.done)
        if position == len(frame.node.children):
            frames.pop()
            if frames:
                frames[-1].done.append(frame.done[-1])
            continue
        child = frame.node.children[position]
        if isinstance(child, Derivation):
            frames.append(_Placed(child, frame.arguments(), (*frame.path, position)))
        else:
            frame.done.append(tracer.apply(child, frame.arguments(), frame.path))
    found = [sorted(numbers) for numbers in tracer.joined.subsets() if INPUT not in numbers]
    return [WidthGroup(tuple(tracer.paths[n] for n in numbers), any(tracer.channels[n] for n in numbers)) for numbers in sorted(found)]
