"""Heads: attention heads side by side are one call, with the linear layers of all heads in three products."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Self

from einspace.errors import ShapeError
from einspace.features import Feature, Features
from einspace.graph import Graph, Instruction
from einspace.operations import Aggregation, Concat, Linear, Storage, Value, Values
from einspace.passes.attention import Attention, attention_scale

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class AttentionHeads(Aggregation):
    """Attention of `number` heads of `width`: (S, D), (T, E), (T, F) -> (S, number width). No grammar derives it.

    Each head has linear layers of its own for queries, keys and values; the three inputs are what these read.
    """

    name: ClassVar[str] = "heads"
    symbols: ClassVar[tuple[str, ...]] = ()
    number: int
    width: int
    scaled: bool

    @classmethod
    def options(cls) -> tuple[Self, ...]:
        """None: it is never sampled."""
        return ()

    def infer(self, inputs: Features) -> Features:
        """Col mode, and as many keys as values."""
        if len(inputs) != 3 or any(len(feature.shape) != 2 for feature in inputs) or inputs[1].shape[0] != inputs[2].shape[0]:
            raise ShapeError(self, "three features in Col mode (S, D), with as many keys as values", inputs)
        return (Feature((inputs[0].shape[0], self.number * self.width)),)

    def parameters(self, inputs: Features) -> int:
        """The parameters of the linear layers."""
        return self.number * sum(Linear(self.width).parameters((feature,)) for feature in inputs)

    def flops(self, inputs: Features) -> int:
        """The operations of the linear layers, and of attention in each head."""
        queries, keys, values = (Feature((feature.shape[0], self.width)) for feature in inputs)
        one = sum(Linear(self.width).flops((feature,)) for feature in inputs) + Attention(self.scaled).flops((queries, keys, values))
        return self.number * one

    def saved(self, inputs: Values, outputs: Values) -> tuple[Storage, ...]:
        """The inputs of the linear layers, what these give, the output, and the logarithm of each row's sum."""
        read = tuple(value.merged(len(value.shape) - 1) for value in inputs)
        projected = tuple(Storage(value.shape[0] * self.number * self.width) for value in inputs)
        return (*read, *projected, outputs[0].storage, Storage(self.number * outputs[0].shape[0]))

    def layout(self, inputs: Values, outputs: Features) -> Values:
        """New, row by row: heads of a token lie next to each other."""
        return (Value.new(outputs[0].shape),)

    def layer(self, inputs: Features) -> "nn.Module":
        """`torch.nn.Linear` for each head, and `torch.nn.functional.scaled_dot_product_attention` for all."""
        from einspace.operations import layers

        widths = tuple(feature.shape[-1] for feature in inputs)
        return layers.AttentionHeads(self.number, self.width, widths, attention_scale(self.scaled, self.width))


def pack_heads(graph: Graph) -> Graph:
    """Replace equal heads whose results are concatenated, token by token, by one operation on the inputs of their linear layers."""
    uses = graph.uses()
    maker = graph.makers()
    replaced: dict[int, list[Instruction]] = {}
    for i, instruction in enumerate(graph.instructions):
        operation = instruction.operation
        if type(operation) is not Concat or operation.dim != 2 or len(graph.features[instruction.inputs[0]].shape) != 2:
            continue
        positions = [maker.get(value) for value in instruction.inputs]
        heads = [graph.instructions[position] for position in positions if position is not None]
        if len(heads) != len(positions) or any(uses[value] != 1 for value in instruction.inputs):
            continue
        attention = heads[0].operation
        if type(attention) is not Attention or any(head.operation != attention for head in heads):
            continue
        layers = [_layers(graph, uses, maker, tuple(head.inputs[role] for head in heads)) for role in range(3)]
        reads = [graph.instructions[group[0]].inputs[0] for group in layers if group]
        if len(reads) != 3:
            continue
        width = graph.features[heads[0].outputs[0]].shape[-1]
        names = tuple(graph.instructions[position].name for head in zip(*layers, strict=True) for position in head)
        packed = AttentionHeads(len(heads), width, attention.scaled)
        replaced.update(
            (position, []) for position in (*positions, *(position for group in layers for position in group)) if position is not None
        )
        replaced[i] = [Instruction(packed, tuple(reads), instruction.outputs, instruction.name, names)]
    return graph.replaced(replaced)


def _layers(graph: Graph, uses: list[int], maker: dict[int, int], values: tuple[int, ...]) -> list[int]:
    """The linear layers that made these values, if equal ones did, from one value and for nothing else; none otherwise."""
    positions = [maker[value] for value in values if value in maker and uses[value] == 1]
    made = [graph.instructions[position] for position in positions]
    if len(made) != len(values) or type(made[0].operation) is not Linear:
        return []
    return positions if all(other.operation == made[0].operation and other.inputs == made[0].inputs for other in made) else []
