"""People's own arrays as a task: the pool is checked, understood, divided, normalised in its own precision, and only then cast."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from einspace.errors import TaskError
from einspace.features import Feature
from einspace.networks.heads import Classification
from einspace.reading.arrays import as_array
from einspace.reading.axes import Axes, arranged, axes_of, target_axes_of
from einspace.reading.scanning import not_finite
from einspace.reading.source import Source, Targets
from einspace.reading.suspicions import few, of_pixels, repeated, stand_ins, unlike
from einspace.reading.targets import recognise
from einspace.tasks.augmentation import Augmentation
from einspace.tasks.checks import check_presence
from einspace.tasks.choice import METRIC_OF, check_function, check_kind, kind_for, recipe_for
from einspace.tasks.metrics import metric_named
from einspace.tasks.options import Options, small_baselines
from einspace.tasks.preprocessing import Preprocessing
from einspace.tasks.scaling import Part, constant_channels, scaled_samples, scaled_targets
from einspace.tasks.split import Split, stratified
from einspace.tasks.stored import Rows, is_mapped, on_disk
from einspace.tasks.task import Task


def task_of(source: Source, options: Options) -> Task:
    """The task of one pool or of given splits; `options` are all there are. Raises TaskError that names split, sample and expectation."""
    name, where = options["name"], _where(options["name"], "train", source)
    arrays, axes = _arrays(source, options)
    order, target_order = (found.order for found in axes)
    whole = np.concatenate([y for _, y in arrays.values()])
    if not len(whole):
        raise TaskError(f"{name}: there are no samples")
    labels = options["labels"] if len(options["labels"]) else source.labels
    wanted = metric_named(options["metric"]) if isinstance(options["metric"], str) else options["metric"]
    kind, told = kind_for(wanted, options["kind"], whole)
    targets = recognise(whole, kind, labels, name)
    metric = wanted or METRIC_OF[targets.kind]
    check_kind(metric, targets.kind, name)
    ends = np.cumsum([len(y) for _, y in arrays.values()])[:-1]
    found = dict(zip(arrays, np.split(targets.y, ends), strict=True))
    parts = _divided({split: Part(x, found[split]) for split, (x, _) in arrays.items()}, targets, options)
    if len(parts["train"].y) < 2:
        raise TaskError(f"{where}: training needs two samples or more, not {len(parts['train'].y)}")
    inputs = Feature.of([int(size) for size in parts["train"].x.shape[1:]])
    constant = constant_channels(parts["train"].x, inputs, where)
    y, target_normaliser, about = scaled_targets(parts, targets, where)
    given = Preprocessing(
        order,
        target_order,
        target_normaliser=target_normaliser,
        classes=targets.values,
        signals=source.signals,
        size=source.size,
        shallow=source.shallow,
    )
    x, preprocessing = scaled_samples(parts, inputs, options["normalise"], where, given)
    normaliser = preprocessing.normaliser if any(map(on_disk, x.values())) else None
    train, valid, test = (_split(x[split], y[split]) for split in ("train", "valid", "test"))
    check_function(metric, targets.head.output(inputs), train.y, name)
    apart = [split for split in ("valid", "test") if split in source.pools]
    shaped = of_pixels(whole, targets.kind, inputs.shape)
    suspicions = [] if normaliser is not None or on_disk(train.x) else [*stand_ins(np.asarray(parts["train"].x)), *repeated(x)]
    columns = source.signals
    if options["normalise"] and columns is not None and inputs.shape == (len(columns.columns), 1):
        suspicions += unlike(np.asarray(parts["train"].x), columns.columns)
    suspicions += few({split: len(part.y) for split, part in parts.items()}, apart)
    notes = (
        *source.notes,
        *targets.notes,
        *told,
        *(found.note for found in axes if found.note and not found.doubtful),
        *constant,
        f"{' and '.join(apart)} as given" if apart else f"split at random with seed {options['seed']}",
        *about,
    )
    task = Task(
        name=name,
        input=inputs,
        target=_weighted(targets, train, options["class_weights"], name),
        train=train,
        valid=valid,
        test=test,
        metric=metric,
        recipe=options["recipe"] or recipe_for(len(train), targets.kind),
        baselines=small_baselines(targets.kind, inputs) if options["baselines"] is None else tuple(options["baselines"]),
        description=options["description"],
        labels=targets.labels,
        normaliser=normaliser,
        preprocessing=preprocessing,
        augmentation=Augmentation(options["crop"], options["flip"]) if options["crop"] or options["flip"] else None,
        notes=notes,
        one_pool="valid" not in source.pools,
        doubts=(*source.doubts, *(found.note for found in axes if found.note and found.doubtful), *targets.doubts, *shaped, *suspicions),
    )
    check_presence(name, task.kind, task.splits, task.labels)
    return task


def _split(x: NDArray[Any] | Rows, y: NDArray[Any]) -> Split:
    """A split; samples that stay in a file were looked at before they were divided, and are not read again for it."""
    split = Split(cast("NDArray[Any]", x), y)
    if on_disk(x):
        split.__dict__["not_finite"] = (None, not_finite(y))
    return split


def _where(name: str, split: str, source: Source) -> str:
    """The data as they were given: one pool, or a split of several."""
    return f"{name}, split {split}" if len(source.pools) > 1 else name


def _arrays(source: Source, options: Options) -> tuple[dict[str, tuple[NDArray[Any], NDArray[Any]]], tuple[Axes, Axes]]:
    """Samples and targets by split with their axes in order, of the same shapes in every split, and the recognised axes."""
    name = options["name"]
    where = {split: _where(name, split, source) for split in source.pools}
    raw = {split: _pair(pair, where[split]) for split, pair in source.pools.items()}
    x, y = raw["train"]
    said = options["axes"]
    if source.shallow is not None:  # images were read, whose axes are known, as are those of the rows of a table
        if said not in (None, "NCHW"):
            raise TaskError(f"{name}: axes are those of arrays, and the samples are images: leave axes={said!r} out")
        said = "NCHW"
    elif said is None and source.signals is not None and x.ndim == 3 and source.signals.in_a_row(x.shape[1:]):
        said = "NSD"
    axes = axes_of(x, said, where["train"])
    shaped = {split: _shaped(x, axes.order, where[split]) for split, (x, _) in raw.items()}
    of_targets = target_axes_of(y, shaped["train"].shape[1:], axes.order, options["target_axes"], where["train"])
    arrays = {split: (shaped[split], arranged(y, of_targets.order)) for split, (_, y) in raw.items()}
    for split, (x, y) in arrays.items():
        if y.ndim == 0 or len(x) != len(y):
            raise TaskError(f"{where[split]}: one target a sample is needed, but there are {_counts(raw[split])}")
        for what, mine, first in (("samples", x, arrays["train"][0]), ("targets", y, arrays["train"][1])):
            if mine.shape[1:] != first.shape[1:]:
                raise TaskError(f"{where[split]}: {what} are {mine.shape[1:]}, but those of train are {first.shape[1:]}")
    return arrays, (axes, of_targets)


def _counts(pair: tuple[NDArray[Any], NDArray[Any]]) -> str:
    x, y = pair
    hint = "; the samples seem to be along the last axis: numpy.moveaxis(x, -1, 0)" if y.ndim and x.shape[-1] == len(y) else ""
    return f"samples {x.shape} and targets {y.shape}{hint}"


def _pair(pair: tuple[Any, Any], where: str) -> tuple[NDArray[Any], NDArray[Any]]:
    if not isinstance(pair, tuple | list) or len(pair) != 2:
        raise TaskError(f"{where}: a pair of samples and targets is needed, as (x, y)")
    x, y = (as_array(array, f"{where}, {what}") for array, what in zip(pair, ("samples", "targets"), strict=True))
    if x.dtype.kind not in "biuf":
        raise TaskError(f"{where}: samples must be numbers, not {x.dtype}")
    return x, y


def _shaped(x: NDArray[Any], axes: str, where: str) -> NDArray[Any]:
    """Samples (N, C, H, W) or (N, S, D), finite, in the type that they have."""
    if x.ndim not in (3, 4) or 0 in x.shape[1:]:
        hint = "; x[:, :, None] makes series of one channel of them, and Task.from_table reads tables" if x.ndim == 2 else ""
        raise TaskError(f"{where}: samples (N, C, H, W) or (N, S, D) and labels (N,) are needed, not {x.shape}{hint}")
    found = not_finite(x)
    if found is not None:
        raise TaskError(
            f"{where}: {found[0]} of {len(x)} samples hold NaN or infinite values (in float32), the first is sample "
            f"{found[1]}: fill them in, as with the mean of the channel, or leave these samples out"
        )
    return arranged(x, axes)


def _divided(given: Mapping[str, Part], targets: Targets, options: Options) -> dict[str, Part]:
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
    kinds = pool.y if targets.kind == "classification" else np.zeros(len(pool.y), np.int64)
    parts = dict(zip(wanted, stratified(kinds, shares, options["seed"]), strict=True))
    return {**given, **{split: Part(_rows(pool.x, part), pool.y[part]) for split, part in parts.items()}}


def _rows(x: NDArray[Any] | Rows, rows: NDArray[np.int64]) -> NDArray[Any] | Rows:
    """Some samples: those of a file stay there."""
    return Rows(np.asanyarray(x), rows) if is_mapped(x) else np.asarray(x[rows])


def _weighted(targets: Targets, train: Split, class_weights: bool, name: str) -> Any:
    """The head, whose loss counts every class alike where that is wanted; raises TaskError where there are no classes."""
    head = targets.head
    if not class_weights:
        return head
    if not isinstance(head, Classification):
        raise TaskError(f"{name}: class weights are for classes, not for the kind {targets.kind}")
    counts = np.maximum(np.bincount(train.y, minlength=head.classes), 1)
    return replace(head, weights=tuple(float(weight) for weight in np.round(counts.sum() / (head.classes * counts), 6)))
