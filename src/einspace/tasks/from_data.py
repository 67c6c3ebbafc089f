"""Tasks of people's own data: one function for each source, which are `Task.from_arrays` and so on too.

Each takes the `Options` besides what it names itself, and raises UnknownNameError for anything else and SettingError for a value of another
type. All raise TaskError that names the file or the split, the sample and what is wrong.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from einspace.errors import TaskError
from einspace.reading.archives import read_archive, read_arrays
from einspace.reading.huggingface import read_dataset
from einspace.reading.images import read_images
from einspace.reading.pictures import read_pairs
from einspace.reading.source import Source
from einspace.reading.tables import read_table
from einspace.reading.torch_datasets import read_torch
from einspace.tasks.options import Options, settled

if TYPE_CHECKING:
    from einspace.tasks.task import Task


def from_arrays(
    x: Any, y: Any, *, valid: tuple[Any, Any] | None = None, test: tuple[Any, Any] | None = None, **options: Unpack[Options]
) -> "Task":
    """Make a task of samples and their targets: arrays, tensors, columns of a table, lists of them or of Pillow's images.

    Args:
        x: Samples (N, C, H, W) or (N, S, D).
        y: Targets: classes or words (N,), rows (N, L) of 0 and 1, numbers (N,) or (N, K), or a target for each pixel (N, H, W) or
            (N, C, H, W). Their kind is recognised (see `targets.recognise`) unless `kind` gives it.
        valid: Samples and targets that are kept apart to validate on; None: they are taken out of the pool by class, shares and seed.
        test: Samples and targets that are kept apart for the test; None: as for `valid`.
        **options: See `Options`.

    Raises:
        TaskError: The data cannot be used; the message names the split, the sample and what is wrong.
        UnknownNameError: There is no such option.
        SettingError: An option has a value of another type.
    """
    chosen = settled(options, from_arrays, "arrays")
    given = {"train": (x, y), "valid": valid, "test": test}
    return _task(read_pairs({split: pair for split, pair in given.items() if pair is not None}, chosen["name"]), chosen)


def from_folder(path: str | os.PathLike[str], *, size: tuple[int, int] | None = None, **options: Unpack[Options]) -> "Task":
    """Make a task of images in a folder for each class, or in such folders under `train`, `valid` and `test`. It needs Pillow.

    Args:
        path: The folder.
        size: Height and width in pixels that all images are scaled to; None: as they are.
        **options: See `Options`.

    Raises:
        TaskError: The images cannot be used; the message names the file and what is wrong.
        UnknownNameError: There is no such option.
        SettingError: An option has a value of another type.
    """
    chosen = settled(options, from_folder, _stem(path))
    return _task(read_images(Path(path), size), chosen)


def from_npz(path: str | os.PathLike[str], **options: Unpack[Options]) -> "Task":
    """Make a task of arrays in files of NumPy's.

    Args:
        path: A .npz file with `x` and `y`, or with `train_x`, `train_y`, `valid_x` and so on; or a folder of such .npy files.
        **options: See `Options`.

    Raises:
        TaskError: The arrays cannot be used; the message names the file, the split, the sample and what is wrong.
        UnknownNameError: There is no such option.
        SettingError: An option has a value of another type.
    """
    chosen = settled(options, from_npz, _stem(path))
    return _task(Source(read_arrays(Path(path)) if Path(path).is_dir() else read_archive(Path(path))), chosen)


def from_csv(
    path: str | os.PathLike[str],
    *,
    label: str | int | None = None,
    drop: Sequence[str | int] | None = None,
    channels: int = 1,
    layout: str = "steps",
    split: str | None = None,
    **options: Unpack[Options],
) -> "Task":
    """Make a task of series, one in each row of a .csv file, with a column for the label (see `tables.read_table`).

    Args:
        path: The file.
        label: The column of the label, by name or number from 0; without it, it is recognised.
        drop: Columns that are left out, besides those that number the rows; an empty list keeps everything.
        channels: Channels of a row's series.
        layout: `steps` where all channels of one step lie side by side, `channels` where all steps of one channel do.
        split: A column that says train, valid or test.
        **options: See `Options`.

    Raises:
        TaskError: The table cannot be used; the message names the file, the row and what is wrong.
        UnknownNameError: There is no such option.
        SettingError: An option has a value of another type.
    """
    chosen = settled(options, from_csv, _stem(path))
    return _task(read_table(Path(path), label, drop, channels, layout, split), chosen)


def from_table(
    table: Any,
    *,
    label: str | int | None = None,
    drop: Sequence[str | int] | None = None,
    channels: int = 1,
    layout: str = "steps",
    split: str | None = None,
    **options: Unpack[Options],
) -> "Task":
    """Make a task of series, one in each row of a data frame or of a file.

    Args:
        table: The data frame (of pandas, polars or pyarrow), or the path of a .csv, .tsv, .parquet, .arrow or .feather file.
        label: The column of the label, by name or number from 0; without it, it is recognised.
        drop: Columns that are left out, besides those that number the rows; an empty list keeps everything.
        channels: Channels of a row's series.
        layout: `steps` where all channels of one step lie side by side, `channels` where all steps of one channel do.
        split: A column that says train, valid or test.
        **options: See `Options`.

    Raises:
        TaskError: The table cannot be used; the message names the row and what is wrong.
        UnknownNameError: There is no such option.
        SettingError: An option has a value of another type.
    """
    named = _stem(table) if isinstance(table, str | os.PathLike) else "table"
    chosen = settled(options, from_table, named)
    return _task(read_table(Path(table) if isinstance(table, str | os.PathLike) else table, label, drop, channels, layout, split), chosen)


def from_dataset(dataset: Any, *, valid: Any = None, test: Any = None, **options: Unpack[Options]) -> "Task":
    """Make a task of a `Dataset` or a `DataLoader` of PyTorch, map style, whose items are (sample, target).

    Args:
        dataset: The samples that are trained on, and the pool that other splits are taken out of.
        valid: Another one that is kept apart to validate on.
        test: Another one that is kept apart for the test.
        **options: See `Options`.

    Raises:
        TaskError: The items cannot be used; the message names the split, the sample and what is wrong.
        UnknownNameError: There is no such option.
        SettingError: An option has a value of another type.
    """
    chosen = settled(options, from_dataset, "dataset")
    given = {split: part for split, part in (("valid", valid), ("test", test)) if part is not None}
    return _task(read_torch({"train": dataset, **given}), chosen)


def from_huggingface(dataset: Any, *, x: str | None = None, y: str | None = None, **options: Unpack[Options]) -> "Task":
    """Make a task of a data set that was loaded with the library `datasets`; the names of its classes are the labels.

    Args:
        dataset: The data set, whole or in splits.
        x: The column of the samples; without it, it is recognised.
        y: The column of the targets; without it, it is recognised.
        **options: See `Options`.

    Raises:
        TaskError: The rows cannot be used; the message names the split, the sample and what is wrong.
        UnknownNameError: There is no such option.
        SettingError: An option has a value of another type.
    """
    chosen = settled(options, from_huggingface, "dataset")
    return _task(read_dataset(dataset, x, y), chosen)


def _task(source: Source, options: Options) -> "Task":
    from einspace.tasks.arrays import task_of

    return task_of(source, options)


def _stem(path: str | os.PathLike[str]) -> str:
    if not isinstance(path, str | os.PathLike):
        raise TaskError(f"the path of a file or folder is needed, not {path!r}")
    return Path(os.path.realpath(path)).stem
