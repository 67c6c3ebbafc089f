"""Compute: the precision, the memory layout and the compilation of a network that is trained and scored, apart from recipe and task."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, cast

import torch
from torch import Tensor, nn

from einspace.errors import SettingError, UnknownNameError

PRECISIONS = ("fp32", "bf16")
"""Float32, or matrix products and convolutions in bfloat16 while weights, losses and scores stay float32.

PyTorch's own defaults decide how a GPU computes products of float32: NVIDIA's since Ampere round the factors of convolutions to TF32.
"""


@dataclass(frozen=True)
class Compute:
    """Options that change how fast a network is trained, and its scores by no more than rounding.

    Raises UnknownNameError for another precision, SettingError for a value of another type.
    """

    precision: str = "fp32"
    """One of `PRECISIONS`."""
    channels_last: bool | None = None
    """Keep the channels of images innermost in memory; None: on the CPU, whose convolutions read them faster."""
    compile: bool = False
    """Compile the network by `torch.compile`, which pays where trainings are long: it takes a minute or so for each network."""

    def __post_init__(self) -> None:
        if self.precision not in PRECISIONS:
            raise UnknownNameError("precision", str(self.precision), PRECISIONS)
        for name, value, others in (("channels_last", self.channels_last, (None,)), ("compile", self.compile, ())):
            if type(value) is not bool and value not in others:
                raise SettingError(f"{name} is True or False, not {value!r}")

    @classmethod
    def of(cls, given: "Compute | Mapping[str, Any] | None") -> "Compute":
        """The options of a mapping of some of them; raises SettingError for an unknown name, or for something else.

        >>> Compute.of({"precision": "bf16"})
        Compute(precision='bf16', channels_last=None, compile=False)
        """
        if isinstance(given, Compute):
            return given
        if given is not None and not isinstance(given, Mapping):
            raise SettingError(f'compute is a Compute, or its options by name such as {{"precision": "bf16"}}, not {given!r:.80}')
        unknown = [name for name in given or {} if name not in cls.__dataclass_fields__]
        if unknown:
            raise SettingError(f"there is no option {unknown[0]!r} of computing; there are {', '.join(cls.__dataclass_fields__)}")
        return cls(**(given or {}))

    def said(self) -> dict[str, Any]:
        """Its record in a run's settings: empty by default, and for channels that are not last, which were the default of earlier runs."""
        known = replace(self, channels_last=bool(self.channels_last))
        return {} if known == Compute(channels_last=False) else {"compute": asdict(known)}

    def around(self, network: nn.Module) -> nn.Module:
        """The module that is trained in place of a network, whose weights it shares: the network itself where nothing is to change.

        One that is to be compiled makes PyTorch forget what this process has compiled before: that is compiled again where it is called.
        """
        convolutions = [weight for weight in network.parameters() if weight.ndim == 4]
        last = any(weight.device.type == "cpu" for weight in convolutions) if self.channels_last is None else self.channels_last
        if last:
            network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        elif self.precision == "fp32" and not self.compile:
            return network
        computed = _Computed(network, self.precision == "bf16", last)
        if not self.compile:
            return computed
        torch.compiler.reset()  # it compiles a function eight times, and counts what it did for earlier networks
        return cast("nn.Module", torch.compile(computed))


class _Computed(nn.Module):
    """A network that is computed in another precision or layout, and gives float32."""

    def __init__(self, network: nn.Module, lower: bool, last: bool) -> None:
        super().__init__()
        self.network = network
        self.lower = lower
        self.last = last

    def forward(self, x: Tensor) -> Tensor:
        """The outputs of the network, as float32."""
        if self.last and x.ndim == 4:
            x = x.contiguous(memory_format=torch.channels_last)
        with torch.autocast(x.device.type, torch.bfloat16, enabled=self.lower):
            outputs: Tensor = self.network(x)
        return outputs.float()
