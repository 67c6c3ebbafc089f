"""Scaling: samples and targets are brought to mean 0 and deviation 1 in the precision that they have, and cast to float32 after that."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from einspace.errors import TaskError
from einspace.features import Feature
from einspace.reading.scanning import chunks, merged
from einspace.reading.source import Targets
from einspace.tasks.preprocessing import Preprocessing
from einspace.tasks.split import Normaliser, channel_axes
from einspace.tasks.stored import Rows, on_disk


@dataclass(frozen=True, eq=False)
class Part:
    """Samples and targets of a split, as they were given."""

    x: NDArray[Any] | Rows
    y: NDArray[Any]


def constant_channels(x: NDArray[Any] | Rows, inputs: Feature, where: str) -> list[str]:
    """A note on the channels that are constant over train; raises TaskError where all channels are."""
    axis = 1 if inputs.mode == "Im" else 2
    first = np.moveaxis(x[:1], axis, 0).reshape(x.shape[axis], -1)[:, 0]
    same = np.ones(len(first), bool)
    for part in chunks(x):
        chunk = np.moveaxis(np.asarray(part), axis, 0)
        same &= (chunk.reshape(len(first), -1) == first[:, None]).all(axis=1)
    found = np.flatnonzero(same)
    if len(found) == len(first):
        raise TaskError(f"{where}: all samples to train on hold one and the same number: there is nothing to learn from")
    more = ", ..." if len(found) > 8 else ""
    return [f"channels that are the same number everywhere: {', '.join(map(str, found[:8]))}{more}"] if len(found) else []


def scaled_samples(
    parts: Mapping[str, Part], inputs: Feature, normalise: bool, where: str, given: Preprocessing
) -> tuple[dict[str, NDArray[Any] | Rows], Preprocessing]:
    """Samples by split as float32, brought to mean 0 and deviation 1 before; those in files stay there, to be normalised later.

    With them comes their preprocessing: `given`, with the normalisation added.
    """
    axis = 1 if inputs.mode == "Im" else 2
    train = parts["train"].x
    normaliser = Normaliser.of(train, channel_axes(inputs)) if normalise else None
    lost = merged(train, axis, lambda x: x.astype(np.float32) if normaliser is None else normaliser.normalised(x))
    if lost:
        hint = "take an offset away" if normaliser else "let them be normalised, or take an offset away"
        raise TaskError(
            f"{where}: most of the different values of channel {lost[0]} are equal in float32, in which networks are trained: {hint}"
        )
    preprocessing = given.measured(train, channel_axes(inputs), normaliser)
    if any(on_disk(part.x) for part in parts.values()):
        return {split: part.x for split, part in parts.items()}, preprocessing
    if normaliser is None:
        return {split: np.ascontiguousarray(part.x, np.float32) for split, part in parts.items()}, preprocessing
    return {split: normaliser.normalised(part.x) for split, part in parts.items()}, preprocessing


def scaled_targets(
    parts: Mapping[str, Part], targets: Targets, where: str
) -> tuple[dict[str, NDArray[Any]], Normaliser | None, tuple[str, ...]]:
    """Targets by split as networks are trained on them, with the normaliser of numbers and fields; raises TaskError for constant ones."""
    if targets.kind not in ("regression", "dense"):
        return {split: part.y for split, part in parts.items()}, None, ()
    train = parts["train"].y
    axes = (0,) if targets.kind == "regression" else (0, 2, 3)
    columns = np.moveaxis(train, 1, 0).reshape(train.shape[1], -1)
    same = (columns == columns[:, :1]).all(axis=1)
    if same.all():
        raise TaskError(f"{where}: all targets to train on are {columns[0, 0]}: there is nothing to learn")
    notes = [f"targets that are the same number in all of train: {', '.join(map(str, np.flatnonzero(same)[:8]))}"] if same.any() else []
    normaliser = Normaliser.of(train, axes)
    lost = merged(train, 1, normaliser.normalised)
    if lost:
        raise TaskError(
            f"{where}: most of the different targets, number {lost[0]} of each sample, are equal in float32, in which "
            "networks are trained: take an offset away, or outliers out"
        )
    notes.append("targets normalised by those of train; scores are in their own units")
    return {split: normaliser.normalised(part.y) for split, part in parts.items()}, normaliser, tuple(notes)
