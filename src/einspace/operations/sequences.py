"""Operations along a sequence (S, D), which the 1-D variant of the grammar has in place of im2col, col2im and the norm of an image.

They are not in appendix A.2, so the registry `OPERATIONS` does not hold them; `sequence_grammar` does.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Self

from einspace.errors import ShapeError
from einspace.features import Feature, Features
from einspace.operations.base import single
from einspace.operations.computation import Computation
from einspace.operations.memory import Storage, Value, Values
from einspace.operations.routing import Routing

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class Window(Routing):
    """Unroll k neighbouring tokens into rows, channel-major: (S, D) -> (S', D k) with S' = (S + 2 p - k) // s + 1.

    window -> linear is a convolution along the sequence, as im2col -> linear -> col2im is one over an image (A.3): the weight of the
    linear layer is the kernel of `torch.nn.Conv1d`, viewed as a matrix. Both sides stay in Col mode, so nothing has to be put back; the
    grid of an im2col is lost, for the rows are no longer its pixels.
    """

    name: ClassVar[str] = "window"
    symbols: ClassVar[tuple[str, ...]] = ("R1",)
    k: int
    s: int
    p: int

    @classmethod
    def options(cls) -> tuple[Self, ...]:
        """Equations 18 to 20 in one dimension: two convolutions, one that halves the sequence, and patches of 2, 4 and 8."""
        sizes = ((3, 1, 1), (5, 1, 2), (3, 2, 1), (2, 2, 0), (4, 4, 0), (8, 8, 0))
        return tuple(cls(k, s, p) for k, s, p in sizes)

    def infer(self, inputs: Features) -> Features:
        """Needs Col mode, and tokens (with padding) for one window."""
        shape = single(self, inputs).shape
        if len(shape) != 2:
            raise ShapeError(self, "a feature in Col mode (S, D)", inputs)
        (tokens, width), zeros = shape, sum(self.padding)
        if self.k < 1 or self.s < 1 or self.p < 0 or tokens + zeros < self.k:
            raise ShapeError(self, f"a sequence of at least {self.k - zeros} tokens", inputs)
        return (Feature(((tokens + zeros - self.k) // self.s + 1, width * self.k)),)

    @property
    def padding(self) -> tuple[int, int]:
        """Zeros before the first token and after the last."""
        return (self.p, self.p)

    def layout(self, inputs: Values, outputs: Features) -> Values:
        """New, unless the k tokens of each feature lie in a row, as those of a single feature do: then a view of the padded input."""
        (x,) = inputs
        if any(self.padding):
            x = Value.new((x.shape[0] + sum(self.padding), x.shape[1]))
        tokens, features = x.strides
        return (x.view((outputs[0].shape[0], x.shape[1], self.k), (tokens * self.s, features, tokens)).flattened(),)

    def layer(self, inputs: Features) -> "nn.Module":
        """Unfold along the sequence."""
        from einspace.operations import layers

        return layers.Window(self.k, self.s, self.padding)


@dataclass(frozen=True)
class BatchNorm(Computation):
    """Batch normalisation of each feature over the samples and the tokens: (S, D) -> (S, D), as that of Im mode is over the pixels.

    The norm of Col mode is over the features of one token, so it forgets how large that token's values are.
    """

    name: ClassVar[str] = "batchnorm"

    def infer(self, inputs: Features) -> Features:
        """Needs Col mode."""
        feature = single(self, inputs)
        if len(feature.shape) != 2:
            raise ShapeError(self, "a feature in Col mode (S, D)", inputs)
        return (feature,)

    def parameters(self, inputs: Features) -> int:
        """Scale and shift of each feature."""
        return 2 * inputs[0].shape[-1]

    def saved(self, inputs: Values, outputs: Values) -> tuple[Storage, ...]:
        """The input, as one matrix; mean and deviation are the batch's, not a sample's."""
        (x,) = inputs
        return (x.merged(1),)

    def layer(self, inputs: Features) -> "nn.Module":
        """`torch.nn.BatchNorm1d` over samples and tokens."""
        from einspace.operations import layers

        return layers.BatchNorm(*inputs[0].shape)
