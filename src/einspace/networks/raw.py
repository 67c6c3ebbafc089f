"""RawNetwork: a network with the normalisation of its samples, and the units of its targets, inside it."""

from collections.abc import Mapping
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

MOVED = 2.5e-5
"""The largest change of a number by rounding to float32, in deviations, above which float64 is needed."""

CONSTANTS = ("input_mean", "input_rest", "input_deviation", "target_mean", "target_deviation")
"""Names of the buffers of a `RawNetwork`."""


def without_constants(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The weights of the network alone, out of `RawNetwork.flat_state`."""
    return {name: value for name, value in state.items() if name not in CONSTANTS}


class Scale(Protocol):
    """Mean and deviation, in double precision, that broadcast against a batch."""

    @property
    def mean(self) -> NDArray[np.float64]: ...  # noqa: D102
    @property
    def deviation(self) -> NDArray[np.float64]: ...  # noqa: D102


class RawNetwork(nn.Module):
    """A network that takes samples as they are given and predicts targets in their own units.

    Samples are (C, H, W) or (S, D), in the axes of the task. `normaliser` is what the network's samples were normalised with, and
    `target_normaliser` what its targets were; None where they were not. The constants are buffers of `dtype`. In float32 a mean is the
    sum of two numbers, `input_mean` and the much smaller `input_rest`, which are subtracted one after the other: this keeps what double
    precision keeps of float32 samples, on devices without double precision too. Samples such as 101325 +- 0.002 do not survive float32:
    they need `dtype=torch.float64` (see `needs_double`), and are subtracted and divided in it. Predictions are float32, or float64 where
    the targets need it.

    >>> from types import SimpleNamespace
    >>> scale = SimpleNamespace(mean=np.array([[2.0, 100.0]]), deviation=np.array([[1.0, 50.0]]))
    >>> RawNetwork(nn.Identity(), scale)(torch.tensor([[3.0, 150.0]]))
    tensor([[1., 1.]])
    """

    input_mean: Tensor
    input_rest: Tensor
    input_deviation: Tensor
    target_mean: Tensor
    target_deviation: Tensor

    def __init__(
        self,
        network: nn.Module,
        normaliser: Scale | None = None,
        target_normaliser: Scale | None = None,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        super().__init__()
        self.network = network
        self.dtype = dtype
        self.normalises = normaliser is not None
        self.restores = target_normaliser is not None
        self.target_dtype = torch.float32
        if normaliser is not None:
            mean = torch.tensor(normaliser.mean, dtype=torch.float64)
            self.register_buffer("input_mean", mean.to(dtype))
            if dtype != torch.float64:
                self.register_buffer("input_rest", (mean - mean.to(dtype).double()).to(dtype))
            self.register_buffer("input_deviation", torch.tensor(normaliser.deviation, dtype=dtype))
        if target_normaliser is not None:
            self.target_dtype = torch.float64 if needs_double(target_normaliser.mean, target_normaliser.deviation) else torch.float32
            self.register_buffer("target_mean", torch.tensor(target_normaliser.mean, dtype=self.target_dtype))
            self.register_buffer("target_deviation", torch.tensor(target_normaliser.deviation, dtype=self.target_dtype))

    def forward(self, x: Tensor) -> Tensor:
        """Samples (n, ...), of any type of number, to predictions (n, ...)."""
        if self.normalises:
            x = x.to(self.dtype) - self.input_mean  # first a number: truth values cannot be subtracted
            if self.dtype != torch.float64:
                x = x - self.input_rest
            x = x / self.input_deviation
        outputs: Tensor = self.network(x.to(self._inside))
        if self.restores:
            outputs = outputs.to(self.target_dtype) * self.target_deviation + self.target_mean
        return outputs

    def before(self, x: Tensor) -> Tensor:
        """Raw samples (n, ...) that become about `x`."""
        return x.to(self.dtype) * self.input_deviation + self.input_mean if self.normalises else x

    def inside(self, outputs: Tensor) -> Tensor:
        """Predictions in the targets' units as the network inside gives them."""
        return (outputs - self.target_mean) / self.target_deviation if self.restores else outputs

    def constants(self) -> dict[str, Tensor]:
        """The buffers of the normalisation by name, which are not weights of the network."""
        return dict(self.named_buffers(recurse=False))

    def flat_state(self) -> dict[str, Tensor]:
        """The state dict with the network's weights under the names that they have in the network alone."""
        return {name.removeprefix("network."): value for name, value in self.state_dict().items()}

    @property
    def _inside(self) -> torch.dtype:
        """The type of the network's own numbers."""
        return next((parameter.dtype for parameter in self.network.parameters()), torch.float32)


def needs_double(largest: NDArray[np.float64], deviation: NDArray[np.float64]) -> bool:
    """True if float32 rounds numbers of this size by more than `MOVED` of their deviation.

    >>> needs_double(np.array(101325.0), np.array(0.002)), needs_double(np.array(255.0), np.array(60.0))
    (True, False)
    """
    rounding = np.abs(largest) * float(np.finfo(np.float32).eps) / 2
    return bool((rounding > MOVED * deviation).any())
