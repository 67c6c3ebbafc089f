"""Form: data as somebody has them, with what they mean; and the makers of arrays, tables, folders and data sets."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from einspace import Task, load_task
from einspace.reading import DataOptions

RNG = np.random.default_rng(0)
N = 60
CLASSES = np.arange(N) % 3
TWO = np.sort(np.arange(N) % 2)
WORDS = np.array(["cat", "dog", "owl"])[CLASSES]
IMAGES = RNG.normal(size=(N, 3, 8, 9))
SERIES = RNG.normal(size=(N, 12, 4))
SIGNALS = RNG.normal(size=(N, 6)).round(4)
HEAD = [f"t{number}" for number in range(6)]
BYTES = RNG.integers(0, 256, (N, 8, 9, 3), dtype=np.uint8)
MASK = RNG.integers(0, 2, (N, 8, 9))
PIXEL_CLASSES = RNG.integers(0, 4, (N, 8, 9))


@dataclass(frozen=True)
class Form:
    """How it is made and read, and what it means, or in which words it is refused; `said` is part of the doubt that it has to raise."""

    group: str
    name: str
    make: Callable[[Path], Task]
    kind: str = "classification"
    input: tuple[int, ...] = (3, 8, 9)
    said: str = ""
    refused: str = ""
    samples: int = N
    holds: Callable[[Task], bool] | None = None


def arrays(x: Any, y: Any, **options: Any) -> Callable[[Path], Task]:
    """A task of arrays."""
    return lambda folder: Task.from_arrays(x, y, **options)


def csv(
    rows: list[list[Any]], separator: str = ",", options: DataOptions = DataOptions(), encoding: str = "utf-8"
) -> Callable[[Path], Task]:
    """A task of a table at a path."""

    def make(folder: Path) -> Task:
        path = folder / "mine.csv"
        path.write_text("\n".join(separator.join(map(str, row)) for row in rows) + "\n", encoding=encoding)
        return load_task(str(path), own=options)

    return make


def table(columns: list[str] | None, labels: Any = TWO, first: Any = None, signals: Any = SIGNALS) -> list[list[Any]]:
    """Rows of signals and a label, with row numbers before them if `first` has any."""
    rows = [[*([] if first is None else [first[row]]), *signals[row], labels[row]] for row in range(N)]
    return rows if columns is None else [columns, *rows]


def images(suffix: str = ".png", mode: str = "RGB", change: Callable[[Path], None] | None = None, **options: Any) -> Callable[[Path], Task]:
    """A task of a folder of images, changed before it is read."""

    def make(folder: Path) -> Task:
        from PIL import Image

        for number in range(N):
            path = folder / "abc"[number % 3] / f"{number}{suffix}"
            path.parent.mkdir(exist_ok=True)
            Image.fromarray(BYTES[number]).convert(mode).save(path, **options)
        if change is not None:
            change(folder)
        return load_task(str(folder))

    return make


def frame(change: Callable[[Any], Any] = lambda frame: frame) -> Callable[[Path], Task]:
    """A task of a data frame of pandas."""

    def make(folder: Path) -> Task:
        import pandas

        whole = pandas.DataFrame(dict(zip(HEAD, SIGNALS.T, strict=True)) | {"label": WORDS})
        return Task.from_table(change(whole))

    return make


def parquet(folder: Path) -> Task:
    """A Parquet file of a frame with its index as a column."""
    import pandas

    whole = pandas.DataFrame({"index": range(N)} | dict(zip(HEAD, SIGNALS.T, strict=True)) | {"label": WORDS})
    whole.to_parquet(folder / "mine.parquet")
    return load_task(str(folder / "mine.parquet"))


def hugging(transform: bool = False, mode: str = "RGB") -> Callable[[Path], Task]:
    """A data set of Hugging Face's, of images."""

    def make(folder: Path) -> Task:
        import datasets
        from PIL import Image

        features = datasets.Features({"image": datasets.Image(), "label": datasets.ClassLabel(names=["x", "y", "z"])})
        pictures = [Image.fromarray(pixels).convert(mode) for pixels in BYTES]
        data = datasets.Dataset.from_dict({"image": pictures, "label": CLASSES.tolist()}, features=features)
        if transform:
            data = data.with_transform(lambda rows: {"x": [np.asarray(one)[:4, :4, 0] + 0.5 for one in rows["image"]], "y": rows["label"]})
        return Task.from_huggingface(data)

    return make


def npz(**given: Any) -> Callable[[Path], Task]:
    """A task of an archive at a path."""

    def make(folder: Path) -> Task:
        np.savez(folder / "mine.npz", **given)
        return load_task(str(folder / "mine.npz"))

    return make


def npy(**given: Any) -> Callable[[Path], Task]:
    """A task of a folder of arrays."""

    def make(folder: Path) -> Task:
        for name, array in given.items():
            np.save(folder / f"{name}.npy", array)
        return load_task(str(folder))

    return make


def rubbish(folder: Path) -> None:
    """What a Macintosh leaves."""
    (folder / "__MACOSX" / "a").mkdir(parents=True)
    (folder / "__MACOSX" / "a" / "._0.png").write_bytes(b"no picture")
    (folder / "a" / ".DS_Store").write_bytes(b"")


def turned(folder: Path) -> None:
    """An image that lies, with a tag that it stands."""
    from PIL import Image

    exif = Image.Exif()
    exif[0x0112] = 6
    path = folder / "a" / "0.png"
    Image.open(path).transpose(Image.Transpose.ROTATE_90).save(path, exif=exif)


def deep(folder: Path) -> None:
    """One grey image of 16 bits among bytes in colours."""
    from PIL import Image

    Image.fromarray(np.full((8, 9), 65_535, np.uint16)).save(folder / "a" / "0.png")


def called(*names: str) -> Callable[[Path], None]:
    """Other names for the first two classes, and no third."""

    def change(folder: Path) -> None:
        for label, name in zip("ab", names, strict=True):
            (folder / label).rename(folder / name)
        shutil.rmtree(folder / "c")

    return change


def touch(name: str) -> Callable[[Path], None]:
    """A file beside the images."""

    def change(folder: Path) -> None:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("words")

    return change


class Endless:
    """An object that gives items without end."""

    def __len__(self) -> int:
        return N

    def __getitem__(self, index: int) -> Any:
        return IMAGES[index % N], int(CLASSES[index % N])
