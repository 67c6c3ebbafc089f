"""Arrays of one's own as a task: the pool is checked, understood, divided and normalised."""

from collections.abc import Mapping
from dataclasses import replace
from math import ceil
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from einspace.errors import TaskError
from einspace.features import Feature
from einspace.networks.heads import Classification
from einspace.tasks.axes import arranged, arranged_targets, axes_of
from einspace.tasks.checks import missing_classes, not_finite
from einspace.tasks.options import BASELINES, SEQUENCE_BASELINES, Options
from einspace.tasks.recipe import Recipe
from einspace.tasks.split import Normaliser, Split, stratified
from einspace.tasks.targets import METRIC_OF, Targets, recognise
from einspace.tasks.task import Task

Pools = Mapping[str, tuple[Any, Any]]
"""Samples and targets of `train`, and of `valid` and `test` where they are given apart."""


def task_of(pools: Pools, options: Options) -> Task:
    """The task of one pool or of given splits; `options` are all there are. Raises TaskError that names split, sample and expectation."""
    name = options["name"]
    raw = {split: (_raw(x, name, split), _numpy(y)) for split, (x, y) in pools.items()}
    axes, told = axes_of(raw["train"][0], options["axes"], _where(name, "train"))
    arrays = {split: (_samples(x, axes, name, split), arranged_targets(y, axes)) for split, (x, y) in raw.items()}
    for split, (x, y) in arrays.items():
        if y.ndim == 0 or len(x) != len(y):
            raise TaskError(f"{_where(name, split)}: one target a sample is needed, but there are samples {x.shape} and targets {y.shape}")
        if x.shape[1:] != arrays["train"][0].shape[1:]:
            raise TaskError(f"{_where(name, split)}: samples are {x.shape[1:]}, but those of train are {arrays['train'][0].shape[1:]}")
        if y.shape[1:] != arrays["train"][1].shape[1:]:
            raise TaskError(f"{_where(name, split)}: targets are {y.shape[1:]}, but those of train are {arrays['train'][1].shape[1:]}")
    sizes = [len(y) for _, y in arrays.values()]
    if sum(sizes) == 0:
        raise TaskError(f"{name}: there are no samples")
    targets = recognise(np.concatenate([y for _, y in arrays.values()]), options["kind"], options["labels"], name)
    ends = np.cumsum(sizes)[:-1]
    whole = dict(zip(arrays, np.split(targets.y, ends), strict=True))
    splits = _divided({split: Split(x, whole[split]) for split, (x, _) in arrays.items()}, targets, options)
    head = targets.head
    if options["class_weights"]:
        if not isinstance(head, Classification):
            raise TaskError(f"{name}: class weights are for classes, not for the kind {targets.kind}")
        counts = np.maximum(np.bincount(splits["train"].y, minlength=head.classes), 1)
        head = replace(head, weights=tuple(float(weight) for weight in np.round(counts.sum() / (head.classes * counts), 6)))
    given = [split for split in ("valid", "test") if split in pools]
    notes = (
        *targets.notes,
        *([told] if told else []),
        *_constant(splits["train"].x, name),
        f"{' and '.join(given)} as given" if given else f"divided by seed {options['seed']}",
    )
    normaliser = None
    if targets.kind in ("regression", "dense"):
        normaliser = Normaliser.of(splits["train"].y, (0,) if targets.kind == "regression" else (0, 2, 3))
        splits = {split: Split(part.x, normaliser.normalised(part.y)) for split, part in splits.items()}
    inputs = Feature.of([int(size) for size in splits["train"].x.shape[1:]])
    fitting = BASELINES if inputs.mode == "Im" else SEQUENCE_BASELINES
    task = Task(
        name=name,
        input=inputs,
        target=head,
        train=splits["train"],
        valid=splits["valid"],
        test=splits["test"],
        metric=options["metric"] or METRIC_OF[targets.kind],
        recipe=options["recipe"] or recipe_for(len(splits["train"]), targets.kind),
        baselines=fitting if options["baselines"] is None else options["baselines"],
        description=options["description"],
        labels=targets.labels,
        target_normaliser=normaliser,
        notes=(*notes, "targets normalised by those of train; scores are in their own units") if normaliser else notes,
    )
    _check_presence(task)
    return task.normalised() if options["normalise"] else task


def recipe_for(samples: int, kind: str) -> Recipe:
    """A recipe for a number of training samples: small batches and more epochs for few, some 400 steps of search at least.

    >>> recipe_for(1_078, "classification").batch_size, recipe_for(90, "regression").epochs_search
    (32, 50)
    """
    batch = 16 if samples < 500 else 32 if samples < 2_000 else 64 if samples < 20_000 else 256
    epochs = min(50, max(8, ceil(400 * batch / samples)))
    rate = 0.05 if kind in ("classification", "multi-label") else 0.01
    return Recipe(epochs, 3 * epochs, batch, rate, 5e-4)


def _where(name: str, split: str) -> str:
    return f"{name}, split {split}"


def _numpy(array: Any) -> NDArray[Any]:
    """NumPy's view of an array, a tensor (one of bfloat16, which NumPy lacks, as float32) or a list."""
    if not hasattr(array, "detach"):
        return np.asarray(array)
    tensor = array.detach().cpu()
    return np.asarray(tensor.float() if tensor.dtype == torch.bfloat16 else tensor)


def _raw(array: Any, name: str, split: str) -> NDArray[Any]:
    """Samples as they are given, but an array of numbers."""
    try:
        x = _numpy(array)
    except ValueError:
        raise TaskError(f"{_where(name, split)}: samples must all have the same shape") from None
    if x.dtype.kind not in "biuf":
        raise TaskError(f"{_where(name, split)}: samples must be numbers, not {x.dtype}")
    return x


def _samples(x: NDArray[Any], axes: str, name: str, split: str) -> NDArray[np.float32]:
    """Samples (N, C, H, W) or (N, S, D) as float32, finite."""
    if x.ndim not in (3, 4) or 0 in x.shape[1:]:
        hint = "; x[:, :, None] makes series of one channel of them" if x.ndim == 2 else ""
        raise TaskError(f"{_where(name, split)}: samples (N, C, H, W) or (N, S, D) and labels (N,) are needed, not {x.shape}{hint}")
    with np.errstate(over="ignore"):
        x = np.ascontiguousarray(arranged(x, axes), dtype=np.float32)
    found = not_finite(x)
    if found is not None:
        raise TaskError(
            f"{_where(name, split)}: {found[0]} of {len(x)} samples hold values that are not finite numbers in float32, "
            f"the first is sample {found[1]}"
        )
    return x


def _constant(x: NDArray[np.float32], name: str) -> list[str]:
    """Which channels tell the samples of train apart in nothing; raises TaskError where that is all of them."""
    axis = 1 if x.ndim == 4 else 2
    channels = np.moveaxis(x, axis, 0)
    same = [number for number, channel in enumerate(channels) if channel.size and (channel == channel.flat[0]).all()]
    if len(same) == len(channels):
        raise TaskError(f"{_where(name, 'train')}: all samples hold one and the same number: there is nothing to learn from")
    return (
        [f"channels that are the same number everywhere: {', '.join(map(str, same[:8]))}{', ...' if len(same) > 8 else ''}"] if same else []
    )


def _divided(given: Mapping[str, Split], targets: Targets, options: Options) -> dict[str, Split]:
    """Three splits: those given, and the others taken out of train, each class alike."""
    wanted = [split for split in ("train", "valid", "test") if split == "train" or split not in given]
    if len(options["shares"]) != 3:
        raise TaskError(f"the shares of train, valid and test must be over 0 and add up to 1, not {tuple(options['shares'])}")
    if len(wanted) == 1:
        return dict(given)
    shares = [share for split, share in zip(("train", "valid", "test"), options["shares"], strict=True) if split in wanted]
    if len(wanted) == 2:
        shares = [share / sum(shares) for share in shares]
    pool = given["train"]
    kinds = pool.y if targets.kind == "classification" else np.zeros(len(pool), np.int64)
    parts = dict(zip(wanted, stratified(kinds, shares, options["seed"]), strict=True))
    return {**given, **{split: Split(pool.x[part], pool.y[part]) for split, part in parts.items()}}


def _check_presence(task: Task) -> None:
    """Every class in every split, every label in train, both kinds of pixel in every mask: what is missing cannot be learnt or scored."""
    if len(task.train) < 2:
        raise TaskError(f"{_where(task.name, 'train')}: training needs two samples or more, not {len(task.train)}")
    for name, split in task.splits.items():
        missing = None
        if task.kind == "classification":
            missing = missing_classes(split.y, task.labels)
        elif task.kind == "mask":
            missing = next((f"no pixel of {kind}" for kind in (0, 1) if not (split.y == kind).any()), None)
        elif task.kind == "multi-label" and name == "train":
            missing = next((f"no sample has label {label}" for label in range(split.y.shape[1]) if not split.y[:, label].any()), None)
        if missing:
            raise TaskError(f"{_where(task.name, name)}: {missing}; each split needs some, so at least three in all")
