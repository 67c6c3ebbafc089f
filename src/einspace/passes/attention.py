"""Attention: softmax(q k' / sqrt(d)) v is `scaled_dot_product_attention`, which never writes the scores to memory."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Self

from einspace.errors import ShapeError
from einspace.features import Feature, Features
from einspace.graph import Graph, Instruction
from einspace.operations import Aggregation, Matmul, Permute, Softmax, Storage, Value, Values

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class Attention(Aggregation):
    """Queries (S, D), keys (T, D), values (T, D) -> (S, D), and the same for each channel of (C, S, D). No grammar derives it.

    `scaled` divides the scores by the square root of D.
    """

    name: ClassVar[str] = "attention"
    symbols: ClassVar[tuple[str, ...]] = ()
    scaled: bool

    @classmethod
    def options(cls) -> tuple[Self, ...]:
        """None: it is never sampled."""
        return ()

    def infer(self, inputs: Features) -> Features:
        """Needs keys and values of one shape, and queries as wide as these: wider than 1, for which alone CPUs have a kernel."""
        if len(inputs) != 3:
            raise ShapeError(self, "queries, keys and values", inputs)
        queries, keys, values = (feature.shape for feature in inputs)
        if keys != values or queries[:-2] != keys[:-2] or queries[-1] != keys[-1] or keys[-1] == 1:
            need = "keys and values of equal shape, with as many channels and as wide as the queries, and more than one wide"
            raise ShapeError(self, need, inputs)
        return (Feature(queries),)

    def flops(self, inputs: Features) -> int:
        """The operations of the two matrix products."""
        return 4 * inputs[0].elements * inputs[1].shape[-2]

    def layout(self, inputs: Values, outputs: Features) -> Values:
        """New, row by row."""
        return (Value.new(outputs[0].shape),)

    def saved(self, inputs: Values, outputs: Values) -> tuple[Storage, ...]:
        """Queries, keys and values row by row, the output, and the logarithm of each row's sum."""
        rows = Storage(outputs[0].storage.elements // outputs[0].shape[-1])
        return (*(value.contiguous() for value in inputs), outputs[0].storage, rows)

    def layer(self, inputs: Features) -> "nn.Module":
        """`torch.nn.functional.scaled_dot_product_attention`."""
        from einspace.operations import layers

        return layers.Attention(attention_scale(self.scaled, inputs[0].shape[-1]), channels=len(inputs[0].shape) == 3)


def attention_scale(scaled: bool, width: int) -> float:
    """The factor of the scores."""
    return width**-0.5 if scaled else 1.0


def fuse_attention(graph: Graph) -> Graph:
    """Replace matmul(q, k') -> softmax -> matmul(v) by one attention, where nothing else reads the scores.

    Both forms of the first product are attention, scaled or not. Keys that something else reads too stay as they are.
    """
    uses = graph.uses()
    maker = graph.makers()
    replaced: dict[int, list[Instruction]] = {}
    for i, instruction in enumerate(graph.instructions):
        if instruction.operation != Matmul(scaled=False):
            continue
        chain = _scores(graph, maker, instruction.inputs[0])
        if chain is None or any(uses[graph.instructions[step].outputs[0]] != 1 for step in chain[:2]):
            continue
        softmax, product, transpose = chain
        queries, transposed = graph.instructions[product].inputs
        (keys,) = graph.instructions[transpose].inputs
        values = instruction.inputs[1]
        if graph.features[keys].shape != graph.features[values].shape or graph.features[keys].shape[-1] == 1:
            continue
        scores = graph.instructions[product].operation
        assert isinstance(scores, Matmul)
        replaced[softmax] = replaced[product] = []
        if uses[transposed] == 1:
            replaced[transpose] = []
        replaced[i] = [Instruction(Attention(scores.scaled), (queries, keys, values), instruction.outputs, instruction.name)]
    return graph.replaced(replaced)


def _scores(graph: Graph, maker: dict[int, int], value: int) -> tuple[int, int, int] | None:
    """The softmax, the product and the transposition that made a value, if these did."""
    found: list[int] = []
    for kind, argument in ((Softmax, 0), (Matmul, 1), (Permute, 0)):
        i = maker.get(value)
        if i is None or type(graph.instructions[i].operation) is not kind:
            return None
        found.append(i)
        value = graph.instructions[i].inputs[argument]
    softmax, product, transpose = found
    order = graph.instructions[transpose].operation
    assert isinstance(order, Permute)
    return (softmax, product, transpose) if order.o in ((2, 1), (1, 3, 2)) else None
