"""A stand-in for tensors of Apple's processors: what PyTorch cannot do there fails here in the same way."""

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional


class OnMps(Tensor):
    """A tensor of the CPU that says that it is on the device mps, and has neither double precision nor uneven windows."""

    @property
    def device(self) -> torch.device:  # type: ignore[override]
        """Not where it is."""
        return torch.device("mps")

    def cpu(self, *_: Any) -> Tensor:
        """A tensor that can do everything."""
        return self.as_subclass(Tensor)

    @classmethod
    def __torch_function__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """What a function gives; raises what mps raises."""
        if func is Tensor.double:
            raise TypeError("Cannot convert a MPS Tensor to float64 dtype as the MPS framework doesn't support float64.")
        if func in (functional.adaptive_avg_pool1d, functional.adaptive_avg_pool2d):
            parts = args[1] if isinstance(args[1], tuple) else (args[1],)
            if any(length % part for length, part in zip(args[0].shape[-len(parts) :], parts, strict=True)):
                raise RuntimeError("Adaptive pool MPS: input sizes must be divisible by output sizes.")
        return super().__torch_function__(func, types, args, kwargs or {})  # type: ignore[no-untyped-call]
