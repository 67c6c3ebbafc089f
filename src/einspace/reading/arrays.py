"""Arrays: the user's data as NumPy arrays, refused at once where NumPy cannot make one."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from einspace.errors import TaskError


def as_array(given: Any, where: str) -> NDArray[Any]:
    """An array, a tensor, a column of a table, or a list of any of these, as an array.

    A tensor of a type of floats that NumPy lacks, such as bfloat16, becomes float32. Labels in an array of objects become whole numbers,
    numbers or words, as they are. Raises TaskError for anything else: NumPy would ask an unknown object for its items without end.
    """
    if isinstance(given, torch.Tensor):
        return _of_tensor(given.detach(), where)
    if isinstance(given, list | tuple):
        return _of_list(given, where)
    if not isinstance(given, np.ndarray) and not _is_array(given):
        raise TaskError(f"{where}: an array, a tensor or a list is needed, not {_named(given)}")
    array = given if isinstance(given, np.ndarray) else np.asarray(given)
    if np.ma.isMaskedArray(array):
        if np.ma.getmaskarray(array).any():
            raise TaskError(f"{where}: {int(np.ma.getmaskarray(array).sum())} values are masked: fill them, or leave their samples out")
        array = array.filled()
    return _plain(array, where) if array.dtype.kind == "O" else array


def as_words(array: NDArray[Any]) -> NDArray[Any]:
    """An array of bytes, as h5py has them, as one of words; any other as it is."""
    return np.char.decode(array, "utf-8", "replace") if array.dtype.kind == "S" else array


def check_words(values: Iterable[Any], where: str) -> None:
    """Raise TaskError for a word that ends in the character NUL: NumPy would cut it off, and make one of two words."""
    for number, value in enumerate(values):
        if (isinstance(value, str) and value.endswith("\0")) or (isinstance(value, bytes) and value.endswith(b"\0")):
            raise TaskError(f"{where}: {value!r} ends in the character NUL, which a word cannot: item {number}")


def _of_tensor(tensor: torch.Tensor, where: str) -> NDArray[Any]:
    """A tensor as an array; one that is sparse, quantised or without values is refused, as NumPy has none of these."""
    if tensor.layout != torch.strided or tensor.is_quantized or tensor.is_meta:
        what = "without values" if tensor.is_meta else "quantised: x.dequantize()" if tensor.is_quantized else "sparse: x.to_dense()"
        raise TaskError(f"{where}: a tensor of plain numbers is needed, but this one is {what}")
    tensor = tensor.cpu().resolve_conj().resolve_neg()
    known = not tensor.is_floating_point() or tensor.dtype in (torch.float16, torch.float32, torch.float64)
    return np.asarray(tensor if known else tensor.float())


def _of_list(given: list[Any] | tuple[Any, ...], where: str) -> NDArray[Any]:
    """A list as an array; the items are looked at first."""
    for number, item in enumerate(given):
        if not isinstance(item, str | bytes | int | float | complex | list | tuple | type(None)) and not _is_array(item):
            raise TaskError(f"{where}: a list of numbers, words or arrays is needed, but item {number} is {_named(item)}")
    if given and (isinstance(given[0], torch.Tensor | np.ndarray) or _has_axes(given[0])):
        arrays = [as_array(item, where) for item in given]
        if any(array.shape != arrays[0].shape for array in arrays):
            number, odd = next((number, array) for number, array in enumerate(arrays) if array.shape != arrays[0].shape)
            raise TaskError(f"{where}: all must have the same shape, but item {number} is {odd.shape} and item 0 {arrays[0].shape}")
        return np.stack(arrays)
    with_axes = next((number for number, item in enumerate(given) if _has_axes(item)), None)
    if with_axes is not None:
        raise TaskError(f"{where}: all must have the same shape, but item {with_axes} has axes, and item 0, {given[0]!r}, has none")
    kinds = {type(item) for item in given}
    if str in kinds and len(kinds) > 1:  # NumPy would make words of the numbers
        return np.array(given, dtype=object)
    if type(None) in kinds:
        return np.array(given, dtype=object)
    check_words(given, where)
    return _plain(np.asarray(given), where)


def _plain(array: NDArray[Any], where: str) -> NDArray[Any]:
    """An array of objects that are all numbers, or all words, as one of those; any other as it is."""
    if array.dtype.kind != "O":
        return array
    values = array.ravel().tolist()
    check_words(values, where)
    for kinds in ((bool, np.bool_), (int, np.integer), (int, float, np.integer, np.floating), (str,), (bytes,)):
        if values and all(isinstance(value, kinds) and (bool in kinds or not isinstance(value, bool | np.bool_)) for value in values):
            return np.array(values).reshape(array.shape)
    return array


def _named(given: Any) -> str:
    """The type of an object, for a message, with the method that reads it if there is one."""
    kind = f"{type(given).__module__}.{type(given).__qualname__}".removeprefix("builtins.")
    if isinstance(given, torch.utils.data.Dataset | torch.utils.data.DataLoader):
        return f"{kind}: Task.from_dataset reads data sets and data loaders of PyTorch"
    if isinstance(given, Mapping):
        return f"{kind} of {', '.join(map(str, list(given)[:5]))}"
    return kind


def _is_array(given: Any) -> bool:
    """True if NumPy can convert an object as a whole, not item by item: an array of any library, a column of a table, an image."""
    return hasattr(given, "__array__") or hasattr(given, "__array_interface__")


def _has_axes(item: Any) -> bool:
    """True if an item of a list is a list too, or an array of one axis or more, of any library."""
    return isinstance(item, list | tuple) or (_is_array(item) and getattr(item, "ndim", 1) > 0)
