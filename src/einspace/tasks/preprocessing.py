"""Preprocessing: the steps from given samples to a network's input, and from its output to the targets' units."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from einspace.errors import TaskError
from einspace.features import Feature
from einspace.networks.raw import RawNetwork, needs_double
from einspace.reading.pictures import WHITE, WHITE_OF_16_BITS
from einspace.reading.signals import Signals
from einspace.tasks.split import Normaliser
from einspace.tasks.stored import Rows

LISTED = 256
"""Numbers of an array that are written as JSON; a larger one, such as the mean of a field, is a tensor in a file of its own."""

EXACT = 2**24
"""Whole numbers up to this one are all float32 numbers."""


@dataclass(frozen=True, eq=False)
class Preprocessing:
    """The steps by which given samples become the network's input, and its outputs become numbers in the targets' own units.

    The default is of data of which nothing is known, that a network takes as they are.
    """

    axes: str = ""
    """The order of the axes that samples were given in, one of `reading.axes.AXES`; empty for that of the task."""
    target_axes: str = ""
    """The order of the axes of targets for each pixel, one of `reading.axes.TARGET_AXES`; empty for that of the task."""
    given: str = ""
    """The type of the samples' numbers, such as uint8; empty where it is not known."""
    dtype: str = "float32"
    """The type in which raw samples keep their differences: float32, or float64 (see `networks.raw`)."""
    normaliser: Normaliser | None = None
    """The normalisation of samples, whether that was done in memory or is done on the way to the device."""
    target_normaliser: Normaliser | None = None
    """The normalisation of targets."""
    low: NDArray[np.float64] | None = None
    """The smallest raw number of each channel in train, shaped to broadcast against a batch; None where it is not known."""
    high: NDArray[np.float64] | None = None
    """The largest raw number of each channel in train, as `low`."""
    classes: tuple[int | str, ...] = ()
    """The classes, or no and yes of masks, as the targets spell them, in the order of the outputs; none: they are numbered from 0."""
    signals: Signals | None = None
    """The columns of the table that the samples were read from."""
    size: tuple[int, int] | None = None
    """The height and width that images were scaled to when they were read."""
    shallow: bool | None = None
    """True if images of 16 bits were brought to 0 to 255, as those of 8 are; None without images, and where it was not recorded."""

    def measured(self, x: NDArray[Any] | Rows, axes: tuple[int, ...], normaliser: Normaliser | None) -> Self:
        """A copy for the raw samples `x` of train, whose numbers are looked at over some axes, and that `normaliser` normalises."""
        seen = Normaliser.of(x, axes) if normaliser is None or normaliser.low is None else normaliser
        low, high = seen.low, seen.high
        assert low is not None
        assert high is not None
        largest = np.maximum(np.abs(low), np.abs(high))
        exact = np.can_cast(x.dtype, np.float32) or (x.dtype.kind in "iu" and bool((largest <= EXACT).all()))
        double = normaliser is not None and not exact and needs_double(largest, normaliser.deviation)
        return replace(self, given=x.dtype.name, dtype="float64" if double else "float32", normaliser=normaliser, low=low, high=high)

    def followed_by(self, normaliser: Normaliser) -> Self:
        """The preprocessing of samples that were normalised once more, by a normaliser that was measured on the normalised ones."""
        first = self.normaliser
        if first is None:
            return replace(self, normaliser=normaliser)
        mean, deviation = first.mean + first.deviation * normaliser.mean, first.deviation * normaliser.deviation
        return replace(self, normaliser=Normaliser(mean, deviation))

    def around(self, network: nn.Module) -> RawNetwork:
        """A trained network with this preprocessing inside it: it takes raw samples in the axes of the task."""
        return RawNetwork(network, self.normaliser, self.target_normaliser, getattr(torch, self.dtype))

    def facts(self, inputs: Feature) -> dict[str, Any]:
        """The input of the network that `around` gives, as JSON values by name, for those who load it elsewhere."""
        axes = "NCHW" if inputs.mode == "Im" else "NSD"
        found: dict[str, Any] = {"shape": ["batch", *inputs.shape], "axes": axes, "normalised": False, "dtype": self.dtype}
        found |= {"given_axes": self.axes or axes, "given_dtype": self.given}
        if self.low is not None and self.high is not None:
            found["range"] = {"low": self.low.ravel().tolist(), "high": self.high.ravel().tolist()}
        if self.signals is not None:
            found["signals"] = self.signals.facts(inputs.shape)
        size = {} if self.size is None else {"size": list(self.size)}
        images = size if self.shallow is None else {**size, "white_of_16_bits": WHITE if self.shallow else WHITE_OF_16_BITS}
        return {**found, "images": images} if images else found

    def to_json(self) -> dict[str, Any]:
        """Plain data; in place of an array of more than `LISTED` numbers the hash of its bytes, for `tensors` to hold it."""
        words: dict[str, Any] = {"axes": self.axes, "target_axes": self.target_axes, "given": self.given, "dtype": self.dtype}
        words |= {"classes": list(self.classes), "size": None if self.size is None else list(self.size)}
        words |= {"signals": None if self.signals is None else self.signals.to_json(), "shallow": self.shallow}
        return words | {name: None if array is None else _data(array) for name, array in self._arrays().items()}

    def tensors(self) -> dict[str, NDArray[np.float64]]:
        """The arrays that JSON does not hold, by name."""
        return {name: array for name, array in self._arrays().items() if array is not None and array.size > LISTED}

    @classmethod
    def from_json(cls, data: Mapping[str, Any], tensors: Mapping[str, NDArray[Any]] | None = None) -> Self:
        """The inverse of `to_json` and `tensors`; raises TaskError for a tensor that is missing or another one."""
        arrays = {name: _array(name, data.get(name), tensors or {}) for name in cls()._arrays()}

        def normaliser(of: str) -> Normaliser | None:
            mean, deviation = arrays[f"{of}mean"], arrays[f"{of}deviation"]
            return None if mean is None or deviation is None else Normaliser(mean, deviation)

        words = {name: str(data.get(name, "")) for name in ("axes", "target_axes", "given")}
        dtype = str(data.get("dtype", "float32"))
        if dtype not in ("float32", "float64"):
            raise TaskError(f"the type of raw samples is float32 or float64, not {dtype!r}")
        return cls(
            **words,
            dtype=dtype,
            normaliser=normaliser(""),
            target_normaliser=normaliser("target_"),
            low=arrays["low"],
            high=arrays["high"],
            classes=tuple(value if isinstance(value, int) else str(value) for value in data.get("classes", ())),
            signals=Signals.from_json(data["signals"]) if data.get("signals") else None,
            size=(int(data["size"][0]), int(data["size"][1])) if data.get("size") else None,
            shallow=None if data.get("shallow") is None else bool(data["shallow"]),
        )

    def _arrays(self) -> dict[str, NDArray[np.float64] | None]:
        inputs, targets = self.normaliser, self.target_normaliser
        return {
            "mean": None if inputs is None else inputs.mean,
            "deviation": None if inputs is None else inputs.deviation,
            "low": self.low,
            "high": self.high,
            "target_mean": None if targets is None else targets.mean,
            "target_deviation": None if targets is None else targets.deviation,
        }


def _data(array: NDArray[np.float64]) -> dict[str, Any]:
    """An array as plain data: its shape with its numbers, which JSON keeps exactly, or with a hash of them."""
    wide = np.ascontiguousarray(array, np.float64)
    return {"shape": list(wide.shape), **({"values": wide.ravel().tolist()} if wide.size <= LISTED else {"sha256": _hash(wide)})}


def _array(name: str, data: Mapping[str, Any] | None, tensors: Mapping[str, NDArray[Any]]) -> NDArray[np.float64] | None:
    if data is None:
        return None
    if "values" in data:
        return np.array(data["values"], np.float64).reshape(data["shape"])
    found = tensors.get(name)
    if found is None:
        raise TaskError(f"the {name.replace('_', ' ')} of the preprocessing, {data['shape']}, is missing among the tensors")
    wide = np.ascontiguousarray(found, np.float64)
    if _hash(wide) != data["sha256"] or list(wide.shape) != data["shape"]:
        raise TaskError(f"the {name.replace('_', ' ')} of the preprocessing is another one than the settings say: its file was changed")
    return wide


def _hash(array: NDArray[np.float64]) -> str:
    return hashlib.sha256(array.tobytes()).hexdigest()[:16]
