"""Axes: which axis of an array is what, said or recognised, and how it is brought to (N, C, H, W) or (N, S, D)."""

from typing import Any

from numpy.typing import NDArray

from einspace.errors import TaskError, UnknownNameError

AXES = ("NCHW", "NHWC", "NHW", "NSD", "NDS")
"""Samples N; images of channels C, height H and width W, or grey ones without channels; series of steps S with channels D."""

COLOURS = (1, 3)
"""Channels of an image that are recognised when they come last."""


def axes_of(x: NDArray[Any], said: str | None, where: str) -> tuple[str, str]:
    """What the axes of samples are, and what there is to tell of it; nothing where it is said, or cannot be otherwise.

    Images whose last axis is 1 or 3 and the shortest have their channels there, and bytes (N, H, W) are grey images. Raises TaskError for
    axes that the array has not, UnknownNameError for unknown ones.
    """
    if said is not None:
        if said not in AXES:
            raise UnknownNameError("order of axes", said, AXES)
        if len(said) != x.ndim:
            raise TaskError(f"{where}: {said} are {len(said)} axes, but the samples are {x.shape}")
        return said, ""
    if x.ndim == 4:
        return ("NHWC", "channels last: moved to the front") if _channels_last(x) else ("NCHW", "")
    if x.ndim != 3:
        return "", ""
    if x.dtype.kind in "bu" and x.dtype.itemsize == 1:
        return "NHW", "bytes (N, H, W): read as grey images, not as series (NSD)"
    steps, channels = x.shape[1:]
    if steps == channels:
        return "NSD", "(N, S, D) are series; if they are grey images, say so by axes NHW"
    return "NSD", "more channels than steps; if the channels come first, say so by axes NDS" if channels > steps else ""


def arranged(x: NDArray[Any], axes: str) -> NDArray[Any]:
    """Samples as (N, C, H, W) or (N, S, D); what has other numbers of axes stays as it is."""
    if axes == "NHWC":
        return x.transpose(0, 3, 1, 2)
    if axes == "NHW":
        return x[:, None]
    return x.transpose(0, 2, 1) if axes == "NDS" else x


def arranged_targets(y: NDArray[Any], axes: str) -> NDArray[Any]:
    """A target for each pixel (N, C, H, W), where it has its channels last as its images have, or by its own shape."""
    return y.transpose(0, 3, 1, 2) if y.ndim == 4 and (axes == "NHWC" or _channels_last(y)) else y


def _channels_last(x: NDArray[Any]) -> bool:
    first, second, last = x.shape[1:]
    return last in COLOURS and first not in COLOURS and min(first, second) > last
