"""Axes: the meaning of each axis of an array, given or recognised, and its order (N, C, H, W) or (N, S, D)."""

from typing import Any, NamedTuple

from numpy.typing import NDArray

from einspace.errors import TaskError, UnknownNameError
from einspace.quantities import counted

AXES = ("NCHW", "NHWC", "NHW", "NSD", "NDS")
"""Samples N; images of channels C, height H and width W, or grey ones without channels; series of steps S with channels D."""

TARGET_AXES = ("NCHW", "NHWC")
"""Targets for each pixel: channels first or last."""

COLOURS = (1, 2, 3, 4)
"""Channels that images usually have: grey, grey with alpha, colours, colours with alpha."""


SMALL = 8
"""Pixels of a side that an image has at least."""


class Axes(NamedTuple):
    """The order of the axes, empty where it does not matter, a note about it, and whether the note is a doubt."""

    order: str
    note: str = ""
    doubtful: bool = False


def axes_of(x: NDArray[Any], said: str | None, where: str) -> Axes:
    """The axes of samples; see `_of_images` for images whose axes are not given.

    Bytes (N, H, W) are grey images, other numbers (N, S, D) are series. Raises TaskError for axes that the array does not have,
    UnknownNameError for unknown ones.
    """
    if said is not None:
        return _said(x, said, AXES, "samples", where)
    if x.ndim == 4:
        return _of_images(x.shape[1:], "axes")
    if x.ndim != 3:
        return Axes("")
    if x.dtype.kind in "bu" and x.dtype.itemsize == 1:
        return Axes("NHW", "bytes (N, H, W): read as grey images; if they are series, say axes NSD", True)
    steps, channels = x.shape[1:]
    others = ["if the channels come first, say axes NDS"] if channels > steps else []
    if _like_images(x):
        others = [*others, "if they are grey images, say axes NHW"]
    read = f"(N, {steps}, {channels}) are read as series of {counted(steps, 'step')} with {counted(channels, 'channel')}"
    return Axes("NSD", "; ".join([read, *others]), True) if others else Axes("NSD")


def _like_images(x: NDArray[Any]) -> bool:
    """True if numbers (N, H, W) may be grey images: they are about as high as wide, or whole numbers from 0 to 255."""
    short, long = sorted(x.shape[1:])
    if short == long or (short >= SMALL and long <= 2 * short):
        return True
    return x.dtype.kind in "iu" and bool(len(x)) and bool(x[:1].min() >= 0) and bool(255 >= x[:1].max() > 1)


def _said(x: NDArray[Any], said: str, known: tuple[str, ...], what: str, where: str) -> Axes:
    if said not in known:
        raise UnknownNameError("order of axes", said, known)
    if len(said) != x.ndim:
        raise TaskError(f"{where}: {said} are {len(said)} axes, but the {what} are {x.shape}")
    return Axes(said)


def _of_images(shape: tuple[int, ...], option: str) -> Axes:
    """Channels first or last, by the sizes of the three axes alone.

    The channels are the axis that is unlike two equal ones; else the one of `COLOURS`; else the last where it is the shortest, and the
    first otherwise. A size that would do as well for the other reading makes a doubt.
    """
    first, middle, last = shape
    as_first = f"{first} x {middle} x {last} is read as {first} channels of {middle} x {last}; channels last would be {option} NHWC"
    as_last = f"channels last: moved to the front, {last} of {first} x {middle}; channels first would be {option} NCHW"
    if middle == last:
        return Axes("NCHW", as_first, True) if first == middle else Axes("NCHW")
    if first == middle:
        if last > first and first in COLOURS:
            return Axes("NCHW", as_first, True)
        return Axes("NHWC", as_last, last > first or last not in COLOURS)
    if (first in COLOURS) != (last in COLOURS):
        return Axes("NHWC", as_last) if last in COLOURS else Axes("NCHW")
    if last in COLOURS:
        return Axes("NHWC", as_last, True) if last == 3 and first != 3 else Axes("NCHW", as_first, True)
    if last < min(first, middle):
        return Axes("NHWC", as_last, True)
    return Axes("NCHW", as_first, True) if first > min(middle, last) else Axes("NCHW")


def arranged(x: NDArray[Any], axes: str) -> NDArray[Any]:
    """Samples as (N, C, H, W) or (N, S, D); an array with another number of axes stays as it is."""
    if axes == "NHWC":
        return x.transpose(0, 3, 1, 2)
    if axes == "NHW":
        return x[:, None]
    return x.transpose(0, 2, 1) if axes == "NDS" else x


def target_axes_of(y: NDArray[Any], samples: tuple[int, ...], order: str, said: str | None, where: str) -> Axes:
    """The axes of targets (N, ., ., .), empty for others: height and width are the two axes of the images' sizes.

    Args:
        y: Targets (N, ...) as they are given.
        samples: A sample's shape, (C, H, W) or (S, D), after its axes were arranged.
        order: The order that the samples had.
        said: What a user says of the targets' axes, or None.
        where: The data's name, for errors.

    Raises:
        TaskError: The targets are as wide as the images are high, and as high as they are wide.
    """
    if said is not None:
        return _said(y, said, TARGET_AXES, "targets", where)
    size = samples[-2:] if len(samples) == 3 else None
    if size is not None and size[0] != size[1] and y.ndim == 3 and y.shape[1:] == size[::-1]:
        raise TaskError(
            f"{where}: the targets are {y.shape[1]} x {y.shape[2]}, but the images {size[0]} x {size[1]}: swap the two last axes of one"
        )
    if y.ndim != 4:
        return Axes("")
    front, back = y.shape[2:] == size, y.shape[1:3] == size
    if front != back:
        return Axes("NCHW") if front else Axes("NHWC")
    if front and back:
        fitting = "NHWC" if order == "NHWC" else "NCHW"
        return Axes(fitting, f"targets {y.shape[1:]} have their axes as the images; else say target_axes", True)
    found = _of_images(y.shape[1:], "target_axes")
    return Axes(found.order, f"targets: {found.note}" if found.note else "", found.doubtful)
