"""An operation of a user's own and a grammar with it, at the top of a module, where worker processes find them."""

from dataclasses import dataclass

from torch import nn

from einspace import Feature, Grammar, Production, sequence_grammar
from einspace.errors import ShapeError
from einspace.features import Features
from einspace.operations import Computation, single


@dataclass(frozen=True)
class Gated(Computation):
    """A gated linear unit: (S, D) -> (S, d)."""

    name = "gated"
    d: int

    def infer(self, inputs: Features) -> Features:
        feature = single(self, inputs)
        if feature.mode != "Col":
            raise ShapeError(self, "a feature in Col mode (S, D)", inputs)
        return (Feature((feature.shape[0], self.d)),)

    def parameters(self, inputs: Features) -> int:
        return 2 * (inputs[0].shape[-1] + 1) * self.d

    def flops(self, inputs: Features) -> int:
        return 4 * inputs[0].elements * self.d

    def layer(self, inputs: Features) -> nn.Module:
        return nn.Sequential(nn.Linear(inputs[0].shape[-1], 2 * self.d), nn.GLU())


GATED = Grammar((*sequence_grammar().productions, Production("C", Gated(32), 8.0), Production("C", Gated(64), 8.0)))
"""The 1-D variant with two widths of the operation, as likely as all others together."""
