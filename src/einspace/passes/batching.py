"""Batching: equal linear layers or convolutions that read one value, as those at the start of repeated branches do, in one call.

Whether that is faster depends on shapes and on the device, so this pass runs only where it is asked for (docs/decisions/013-passes.md).
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Self

from einspace.features import Feature, Features
from einspace.graph import Graph, Instruction
from einspace.operations import Computation, Concat, Linear, Storage, Values
from einspace.passes.fusion import Convolution

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class Batched(Computation):
    """`number` layers `each` on one input: f -> (g, ..., g), or where `joined`, g concatenated over the layers. No grammar derives it."""

    name: ClassVar[str] = "batched"
    symbols: ClassVar[tuple[str, ...]] = ()
    each: Linear | Convolution
    number: int
    joined: bool

    @classmethod
    def options(cls) -> tuple[Self, ...]:
        """None: it is never sampled."""
        return ()

    @property
    def whole(self) -> Linear | Convolution:
        """The one layer that gives everything."""
        return replace(self.each, d=self.each.d * self.number)

    def infer(self, inputs: Features) -> Features:
        """The output of the one layer, or an equal share of it for each layer."""
        return self.whole.infer(inputs) if self.joined else self.each.infer(inputs) * self.number

    def parameters(self, inputs: Features) -> int:
        """The parameters of all layers."""
        return self.whole.parameters(inputs)

    def flops(self, inputs: Features) -> int:
        """The operations of all layers."""
        return self.whole.flops(inputs)

    def layout(self, inputs: Values, outputs: Features) -> Values:
        """The layout of the one layer, and a view of it for each layer."""
        (x,) = inputs
        (whole,) = self.whole.layout(inputs, self.whole.infer((Feature(x.shape),)))
        return (whole,) if self.joined else tuple(whole.view(output.shape, whole.strides) for output in outputs)

    def saved(self, inputs: Values, outputs: Values) -> tuple[Storage, ...]:
        """The storages that the one layer saves."""
        return self.whole.saved(inputs, outputs)

    def layer(self, inputs: Features) -> "nn.Module":
        """Layers with weights of their own, whose weights are joined for the call."""
        from einspace.operations import layers

        return layers.Batched([self.each.layer(inputs) for _ in range(self.number)], self.joined)


def batch_branches(graph: Graph) -> Graph:
    """Replace equal layers that read one value by one call; where only their concatenation is read, by that in one piece."""
    groups: dict[tuple[int, Linear | Convolution], list[int]] = {}
    for i, instruction in enumerate(graph.instructions):
        operation = instruction.operation
        if type(operation) in (Linear, Convolution) and isinstance(operation, (Linear, Convolution)):
            groups.setdefault((instruction.inputs[0], operation), []).append(i)
    readers = graph.readers()
    replaced: dict[int, list[Instruction]] = {}
    for (_, operation), positions in groups.items():
        if len(positions) == 1:
            continue
        layers = [graph.instructions[position] for position in positions]
        outputs = tuple(layer.outputs[0] for layer in layers)
        join = _joining(graph, readers, operation, outputs)
        replaced.update((position, []) for position in positions)
        if join is not None:
            replaced[join] = []
            outputs = graph.instructions[join].outputs
        batched = Batched(operation, len(layers), joined=join is not None)
        first, names = layers[0], tuple(layer.name for layer in layers)
        replaced[positions[0]] = [Instruction(batched, first.inputs, outputs, first.name, names)]
    return graph.replaced(replaced)


def _joining(graph: Graph, readers: dict[int, list[int]], operation: Linear | Convolution, values: tuple[int, ...]) -> int | None:
    """The concatenation of exactly these values along the axis that the layers make, if nothing else reads them."""
    positions = {position for value in values for position in readers.get(value, [])}
    if len(positions) != 1 or graph.output in values:
        return None
    (position,) = positions
    join = graph.instructions[position]
    axis = 1 if isinstance(operation, Convolution) else len(graph.features[values[0]].shape)
    return position if type(join.operation) is Concat and join.operation.dim == axis and join.inputs == values else None
