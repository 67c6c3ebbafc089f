"""Operations of the grammar with recurrence: a gated scan along a sequence, the product that gates need, and windows of the past.

They are no part of appendix A.2, so the registry `OPERATIONS` does not hold them; `recurrent_grammar` does.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Self

from einspace.errors import ShapeError
from einspace.features import Features
from einspace.operations.aggregation import Elementwise
from einspace.operations.base import single
from einspace.operations.computation import Computation, Linear
from einspace.operations.memory import Storage, Values
from einspace.operations.sequences import Window

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class Scan(Computation):
    """Gated linear recurrence along the tokens: h_t = a_t h_{t-1} + (1 - a_t) x_t with a_t = sigmoid(W x_t + c), (S, D) -> (S, D).

    Each feature has a state and a gate of its own, from a state of zero. `reverse` runs from the last token to the first. W starts as the
    weight of a linear layer, c so that the features remember 2 to S + 1 tokens, evenly in the logarithm.
    """

    name: ClassVar[str] = "scan"
    reverse: bool = False

    @classmethod
    def options(cls) -> tuple[Self, ...]:
        """Both directions."""
        return (cls(reverse=False), cls(reverse=True))

    def infer(self, inputs: Features) -> Features:
        """Needs Col mode; tokens stay where they are, and so does their grid."""
        feature = single(self, inputs)
        if feature.mode != "Col":
            raise ShapeError(self, "a feature in Col mode (S, D)", inputs)
        return (feature,)

    def parameters(self, inputs: Features) -> int:
        """The weights and biases of the gates."""
        return Linear(inputs[0].shape[-1]).parameters(inputs)

    def flops(self, inputs: Features) -> int:
        """The operations of the gates, and two products and a sum for each element."""
        return Linear(inputs[0].shape[-1]).flops(inputs) + 3 * inputs[0].elements

    def saved(self, inputs: Values, outputs: Values) -> tuple[Storage, ...]:
        """The pre-activations of the gates, the gates, the input and the output."""
        (x,) = inputs
        return (x.merged(1), Storage(outputs[0].storage.elements), x.storage, outputs[0].storage)

    def layer(self, inputs: Features) -> "nn.Module":
        """The recurrence in chunks."""
        from einspace.operations import layers

        tokens, width = inputs[0].shape
        return layers.Scan(tokens, width, self.reverse)


@dataclass(frozen=True)
class Multiply(Elementwise):
    """Product of two branches, element by element: (f, f) -> f."""

    name: ClassVar[str] = "multiply"

    @classmethod
    def options(cls) -> tuple[Self, ...]:
        """A single version."""
        return (cls(),)

    def infer(self, inputs: Features) -> Features:
        """Two branches of equal shape."""
        if len(inputs) != 2:
            raise ShapeError(self, "two branches", inputs)
        return super().infer(inputs)

    def saved(self, inputs: Values, outputs: Values) -> tuple[Storage, ...]:
        """Each side for the gradient of the other."""
        a, b = inputs
        return tuple(side.storage for side, other in ((a, b), (b, a)) if other.requires_grad)

    def layer(self, inputs: Features) -> "nn.Module":
        """Elementwise product."""
        from einspace.operations import layers

        return layers.Multiply()


@dataclass(frozen=True)
class CausalWindow(Window):
    """A window that ends at its token: as `window`, with its p zeros before the first token only, so S' = (S + p - k) // s + 1.

    causal-window -> linear is a causal convolution along the sequence where p = k - 1 and s = 1.
    """

    name: ClassVar[str] = "causal-window"

    @classmethod
    def options(cls) -> tuple[Self, ...]:
        """The token with the one, two or three before it, as short convolutions of recurrent networks have it."""
        return tuple(cls(k, 1, k - 1) for k in (2, 3, 4))

    @property
    def padding(self) -> tuple[int, int]:
        """Before the first token only."""
        return (self.p, 0)
