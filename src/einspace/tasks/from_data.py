"""FromData: the ways in which data of one's own become a task."""

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from einspace.tasks.huggingface import read_dataset
from einspace.tasks.images import read_images
from einspace.tasks.options import Options, settled
from einspace.tasks.tables import read_archive, read_arrays, read_signals

if TYPE_CHECKING:
    from einspace.tasks.task import Task


class FromData:
    """What `Task` can be made of. Each way takes the `Options` too, and raises UnknownNameError for anything else.

    All raise TaskError that names the file or the split, the sample and what is wrong.
    """

    @staticmethod
    def from_arrays(
        x: Any, y: Any, *, valid: tuple[Any, Any] | None = None, test: tuple[Any, Any] | None = None, **options: Unpack[Options]
    ) -> "Task":
        """Samples (N, C, H, W) or (N, S, D) and their targets, NumPy's or PyTorch's.

        What `y` is is recognised (see `targets.recognise`) unless `kind` says it: classes or words (N,), rows (N, L) of 0 and 1, numbers
        (N,) or (N, K), or a target for each pixel (N, H, W) or (N, C, H, W). `valid` and `test` are samples and targets that are kept
        apart; what is not given is taken out of the pool by class, shares and seed.
        """
        given = {"train": (x, y), "valid": valid, "test": test}
        chosen = settled(options, FromData.from_arrays, "arrays")
        return _task({split: pair for split, pair in given.items() if pair is not None}, chosen)

    @staticmethod
    def from_folder(path: str | os.PathLike[str], *, size: tuple[int, int] | None = None, **options: Unpack[Options]) -> "Task":
        """Images in a folder for each class, or in such folders under `train`, `valid` and `test`; `size` scales them. Needs Pillow."""
        chosen = settled(options, FromData.from_folder, _stem(path))
        return _task(read_images(Path(path), size), chosen)

    @staticmethod
    def from_npz(path: str | os.PathLike[str], **options: Unpack[Options]) -> "Task":
        """Arrays `x` and `y` of a .npz file, or `train_x`, `train_y`, `valid_x` and so on; or of a folder of such .npy files."""
        chosen = settled(options, FromData.from_npz, _stem(path))
        return _task(read_arrays(Path(path)) if Path(path).is_dir() else read_archive(Path(path)), chosen)

    @staticmethod
    def from_csv(
        path: str | os.PathLike[str],
        *,
        label: str | int | None = None,
        channels: int = 1,
        layout: str = "steps",
        split: str | None = None,
        **options: Unpack[Options],
    ) -> "Task":
        """Series, one in each row of a .csv file, with a column for the label (see `tables.read_signals`)."""
        chosen = settled(options, FromData.from_csv, _stem(path))
        pools, notes = read_signals(Path(path), label, channels, layout, split)
        task = _task(pools, chosen)
        return replace(task, notes=(*notes, *task.notes))

    @staticmethod
    def from_huggingface(dataset: Any, *, x: str | None = None, y: str | None = None, **options: Unpack[Options]) -> "Task":
        """A data set that was loaded with the library `datasets`, whole or in splits; `x` and `y` are columns.

        The names of its classes are the labels.
        """
        chosen = settled(options, FromData.from_huggingface, "dataset")
        pools, labels = read_dataset(dataset, x, y)
        chosen["labels"] = chosen["labels"] or labels
        return _task(pools, chosen)


def _task(pools: Mapping[str, tuple[Any, Any]], options: Options) -> "Task":
    from einspace.tasks.arrays import task_of

    return task_of(pools, options)


def _stem(path: str | os.PathLike[str]) -> str:
    return Path(path).resolve().stem
