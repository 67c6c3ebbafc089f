"""Forms of data as people have them, each with what it means: for `benchmarks.own_data`, and a test that none is read wrongly."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils.data import DataLoader, TensorDataset

from einspace import Task, load_task
from einspace.reading import DataOptions
from einspace.tasks import METRICS

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


def _offset(value: float, deviation: float) -> Any:
    x = IMAGES.copy()
    x[:, 1] = value + deviation * x[:, 1]
    return x


def _keeps(channel: int) -> Callable[[Task], bool]:
    return lambda task: len(np.unique(task.train.x[:, channel])) > 1_000


MASK = RNG.integers(0, 2, (N, 8, 9))
PIXEL_CLASSES = RNG.integers(0, 4, (N, 8, 9))
LAST = {"input": (3, 8, 9)}

ARRAYS = [
    Form("arrays", "images, classes as words", arrays(IMAGES, WORDS)),
    Form("arrays", "tensors of bfloat16", arrays(torch.from_numpy(IMAGES).bfloat16(), torch.from_numpy(CLASSES))),
    Form("arrays", "lists of lists", arrays(IMAGES.tolist(), WORDS.tolist())),
    Form("arrays", "a list of tensors that want a gradient", arrays([torch.tensor(x, requires_grad=True) for x in IMAGES], CLASSES)),
    Form("arrays", "bytes, channels last", arrays(BYTES, CLASSES)),
    Form("arrays", "channels last with alpha, 32 x 32", arrays(RNG.random((N, 32, 32, 4)), CLASSES), input=(4, 32, 32)),
    Form("arrays", "13 channels last, 32 x 32", arrays(RNG.random((N, 32, 32, 13)), CLASSES), input=(13, 32, 32), said="axes NCHW"),
    Form("arrays", "13 channels last, 10 x 12", arrays(RNG.random((N, 20, 22, 13)), CLASSES), input=(13, 20, 22), said="axes NCHW"),
    Form("arrays", "three axes of one size", arrays(RNG.random((N, 8, 8, 8)), CLASSES), input=(8, 8, 8), said="axes NHWC"),
    Form("arrays", "grey bytes without a channel", arrays(BYTES[..., 0], CLASSES), input=(1, 8, 9), said="axes NSD"),
    Form("arrays", "grey numbers, square", arrays(RNG.random((N, 8, 8)), CLASSES), input=(8, 8), said="axes NHW"),
    Form("arrays", "series", arrays(SERIES, CLASSES), input=(12, 4)),
    Form("arrays", "series, channels first", arrays(SERIES.transpose(0, 2, 1), CLASSES), input=(4, 12), said="axes NDS"),
    Form("arrays", "a matrix (N, D)", arrays(SIGNALS, CLASSES), refused="Task.from_table"),
    Form("arrays", "samples along the last axis", arrays(np.moveaxis(IMAGES, 0, -1), CLASSES), refused="numpy.moveaxis"),
    Form("arrays", "an object without end", arrays(Endless(), CLASSES), refused="an array, a tensor or a list is needed"),
    Form("arrays", "complex numbers", arrays(IMAGES + 0j, CLASSES), refused="must be numbers"),
    Form("arrays", "a masked array", arrays(np.ma.masked_less(IMAGES, -2), CLASSES), refused="values are masked"),
    Form(
        "arrays", "not a number in one sample", arrays(np.where(IMAGES[7, 0, 0, 0] == IMAGES, np.nan, IMAGES), CLASSES), refused="sample 7"
    ),
    Form("arrays", "images of two sizes in a list", arrays([IMAGES[0], IMAGES[1, :, :7]], [0, 1]), refused="item 1 is (3, 7, 9)"),
]

PRECISION = [
    Form("precision", "seconds since 1970 as a channel", arrays(_offset(1.7e9, 40), CLASSES), holds=_keeps(1)),
    Form("precision", "pressure 101325 +- 0.002", arrays(_offset(101_325, 0.002), CLASSES), holds=_keeps(1)),
    Form("precision", "Julian dates", arrays(_offset(2_460_000.5, 0.01), CLASSES), holds=_keeps(1)),
    Form("precision", "not normalised", arrays(_offset(1.7e9, 1), CLASSES, normalise=False), refused="are equal in float32"),
    Form(
        "precision",
        "nanoseconds as whole numbers",
        arrays(np.int64(1_700_000_000 * 10**9) + RNG.integers(0, 90, IMAGES.shape), CLASSES),
        refused="are equal in float32",
    ),
    Form(
        "precision",
        "an outlier of 1e25",
        arrays(np.where(IMAGES.max((2, 3), keepdims=True) == IMAGES, 1e25, IMAGES), CLASSES),
        holds=None,
        refused="are equal in float32",
    ),
    Form(
        "precision",
        "targets near 1.7e9",
        arrays(IMAGES, 1.7e9 + RNG.random(N)),
        kind="regression",
        holds=lambda task: len(np.unique(task.train.y)) == len(task.train),
    ),
    Form("precision", "constant targets", arrays(IMAGES, np.full(N, 0.5)), refused="there is nothing to learn"),
]

TARGETS = [
    Form("targets", "one-hot rows", arrays(IMAGES, np.eye(3)[CLASSES])),
    Form("targets", "booleans in an array of objects", arrays(IMAGES, (TWO == 0).astype(object))),
    Form("targets", "classes from 1", arrays(IMAGES, CLASSES + 1), said="if they are amounts, say kind regression"),
    Form("targets", "ratings with R2", arrays(IMAGES, CLASSES + 1, metric="R2"), kind="regression"),
    Form("targets", "classes as floats", arrays(IMAGES, CLASSES * 1.0), said="say kind regression"),
    Form("targets", "ages, all different", arrays(IMAGES, np.arange(N)), refused="kind='regression'"),
    Form("targets", "prices", arrays(IMAGES, RNG.random(N)), kind="regression"),
    Form("targets", "several labels", arrays(IMAGES, RNG.integers(0, 2, (N, 4))), kind="multi-label"),
    Form("targets", "words and numbers", arrays(IMAGES, ["cat", 1, "dog"] * 20), refused="number 1"),
    Form("targets", "a missing word", arrays(IMAGES, np.where(np.arange(N) == 4, "", WORDS)), refused="sample 4 has no label"),
    Form("targets", "Cat and cat", arrays(IMAGES, np.where(TWO == 0, "cat", "Cat")), said="spell them alike"),
    Form(
        "targets",
        "names by number",
        arrays(IMAGES, CLASSES * 2, labels={0: "a", 2: "b", 4: "c"}),
        holds=lambda t: t.labels == ("a", "b", "c"),
    ),
    Form(
        "targets",
        "names as an array",
        arrays(IMAGES, CLASSES, labels=np.array(["a", "b", "c"])),
        holds=lambda t: t.labels == ("a", "b", "c"),
    ),
    Form("targets", "dates", arrays(IMAGES, np.datetime64("2024-01-01") + np.arange(N)), refused="must be numbers or words"),
    Form("targets", "accuracy of masks", arrays(IMAGES, MASK, metric="accuracy"), refused="the metric accuracy is for classification"),
    Form("targets", "accuracy of numbers", arrays(IMAGES, RNG.random(N), metric=METRICS["accuracy"]), refused="the metric accuracy is for"),
    Form("targets", "macro F1 of booleans", arrays(IMAGES, TWO == 0, metric="macro F1")),
]

PIXELS = [
    Form(
        "pixels",
        "masks of 0 and 255",
        arrays(IMAGES, (MASK * 255).astype(np.uint8)),
        kind="mask",
        said="255 is yes",
        holds=lambda task: set(np.unique(task.train.y)) == {0, 1},
    ),
    Form(
        "pixels", "masks with 255 ignored", arrays(IMAGES, np.array([0, 1, 255], np.uint8)[CLASSES[:, None, None] + 0 * MASK]), kind="mask"
    ),
    Form("pixels", "class numbers", arrays(IMAGES, PIXEL_CLASSES), kind="segmentation"),
    Form(
        "pixels",
        "class numbers 0, 7, 21, 40",
        arrays(IMAGES, np.array([0, 7, 21, 40])[PIXEL_CLASSES]),
        kind="segmentation",
        said="kind dense",
    ),
    Form("pixels", "one channel a class", arrays(IMAGES, np.eye(4)[PIXEL_CLASSES]), kind="segmentation", said="kind mask"),
    Form("pixels", "classes by colour", arrays(IMAGES, BYTES[PIXEL_CLASSES, 0, 0]), refused="classes by colour"),
    Form("pixels", "depths", arrays(IMAGES, RNG.random((N, 8, 9))), kind="dense"),
    Form(
        "pixels",
        "targets last, images first",
        arrays(IMAGES, IMAGES.transpose(0, 2, 3, 1)),
        kind="dense",
        holds=lambda task: task.output == (3, 8, 9),
    ),
    Form(
        "pixels",
        "targets first, images last",
        arrays(IMAGES.transpose(0, 2, 3, 1), IMAGES[:, :2]),
        kind="dense",
        holds=lambda task: task.output == (2, 8, 9),
    ),
    Form("pixels", "height and width swapped", arrays(IMAGES, MASK.transpose(0, 2, 1)), refused="swap the two last axes"),
]

TABLES = [
    Form("tables", "a header, words last", csv(table([*HEAD, "label"], WORDS)), input=(6, 1)),
    Form("tables", "Unnamed: 0 of sorted classes", csv(table(["", *HEAD, "label"], first=range(N))), input=(6, 1), said="numbers the rows"),
    Form(
        "tables", "id in another order", csv(table(["id", *HEAD, "label"], first=RNG.permutation(N))), input=(6, 1), said="numbers the rows"
    ),
    Form("tables", "patients that repeat", csv(table(["id", *HEAD, "label"], first=np.arange(N) // 6)), refused="say drop=['id']"),
    Form("tables", "row numbers without a header", csv(table(None, first=range(N))), input=(6, 1), said="numbers the rows"),
    Form("tables", "a header of numbers", csv(table([*map(str, range(6)), "label"], WORDS)), input=(6, 1)),
    Form("tables", "a header of nothing but numbers", csv(table([*map(str, range(7))])), input=(6, 1), said="names of columns"),
    Form(
        "tables",
        "x, y, z and an activity",
        csv(table(["x", "y", "z", "activity"], WORDS, signals=SIGNALS[:, :3])),
        input=(3, 1),
        said="steps of a recording",
    ),
    Form(
        "tables",
        "decimal commas",
        csv([[str(c).replace(".", ",") for c in row] for row in table([*HEAD, "label"], WORDS)], ";"),
        input=(6, 1),
    ),
    Form(
        "tables",
        "commas between thousands",
        csv(table([*HEAD, "label"], WORDS, signals=np.full((N, 6), "1,234.5")), ";"),
        refused="commas between its thousands",
    ),
    Form(
        "tables", "the label first, as in the UCR's", csv([[row[-1], *row[:-1]] for row in table(None)], "\t"), input=(6, 1), said="label="
    ),
    Form(
        "tables",
        "class and target",
        csv(table([*HEAD, "class", "target"], TWO, signals=np.column_stack([SIGNALS, CLASSES]))),
        input=(7, 1),
        said="label=",
    ),
    Form(
        "tables",
        "a missing cell",
        csv(table([*HEAD, "label"], WORDS, signals=np.where(SIGNALS[4, 2] == SIGNALS, "", SIGNALS.astype(str)))),
        refused="row 6, column t2",
    ),
    Form("tables", "latin-1", csv(table([*HEAD, "Größe"], WORDS), encoding="latin-1"), refused="UTF-8"),
    Form(
        "tables",
        "words dropped",
        csv(table(["who", *HEAD, "label"], WORDS, first=[f"p{n}" for n in range(N)]), options=DataOptions(drop=("who",))),
        input=(6, 1),
    ),
    Form("tables", "a data frame", frame(), input=(6, 1)),
    Form("tables", "a data frame with a reset index", frame(lambda frame: frame.reset_index()), input=(6, 1), said="numbers the rows"),
    Form(
        "tables", "a data frame with categories", frame(lambda frame: frame.assign(label=frame["label"].astype("category"))), input=(6, 1)
    ),
    Form("tables", "a Parquet file", parquet, input=(6, 1), said="numbers the rows"),
    Form(
        "tables",
        "pixels in columns",
        csv(table([*(f"pixel{n}" for n in range(64)), "label"], WORDS, signals=RNG.random((N, 64)))),
        input=(64, 1),
        said="if they are pixels",
    ),
]

FOLDERS = [
    Form("images", "PNG in colours", images()),
    Form("images", "WebP", images(".webp")),
    Form("images", "JFIF", images(".jfif")),
    Form("images", "AVIF", images(".avif")),
    Form("images", "__MACOSX and .DS_Store", images(change=rubbish)),
    Form("images", "a picture that lies", images(change=turned)),
    Form("images", "16 bits among colours", images(change=deep), holds=lambda task: task.kind == "classification"),
    Form("images", "alpha", images(mode="RGBA")),
    Form("images", "a palette", images(".gif", "P")),
    Form("images", "texts beside the images", images(change=touch("a/notes.txt")), said="1 .txt"),
    Form("images", "a class without images", images(change=touch("d/notes.txt")), refused="there are no images of this class"),
    Form("images", "a text that is called .png", images(change=touch("a/x.png")), refused="cannot be read as an image"),
]

OBJECTS = [
    Form("objects", "a Dataset of PyTorch", lambda folder: Task.from_dataset(TensorDataset(torch.tensor(IMAGES), torch.tensor(CLASSES)))),
    Form(
        "objects",
        "a DataLoader that shuffles",
        lambda folder: Task.from_dataset(DataLoader(TensorDataset(torch.tensor(IMAGES), torch.tensor(CLASSES)), 16, shuffle=True)),
    ),
    Form("objects", "Hugging Face, images", hugging(), holds=lambda task: task.labels == ("x", "y", "z")),
    Form("objects", "Hugging Face, grey images", hugging(mode="L"), input=(1, 8, 9)),
    Form("objects", "Hugging Face with a transform", hugging(transform=True), input=(4, 4), said="axes NHW"),
    Form(
        "files",
        "an archive of splits",
        npz(x_train=IMAGES[:40], y_train=CLASSES[:40], x_test=IMAGES[40:], y_test=CLASSES[40:]),
        holds=lambda task: len(task.test) == 20,
    ),
    Form("files", "an archive of images and masks", npz(images=BYTES, masks=MASK), kind="mask"),
    Form("files", "an archive of objects", npz(x=IMAGES, y=np.array([None] * N)), refused="Python objects"),
    Form("files", "a folder of arrays", npy(x=SERIES, y=CLASSES), input=(12, 4)),
]


def pages(folder: Path) -> None:
    """A file of two pictures."""
    from PIL import Image

    first = Image.fromarray(BYTES[0])
    first.save(folder / "a" / "0.tif", save_all=True, append_images=[first])
    (folder / "a" / "0.png").unlink()


def sparse() -> Any:
    """A sparse matrix of SciPy's."""
    from scipy.sparse import csr_array

    return csr_array(SIGNALS)


def nested(folder: Path) -> Task:
    """A data frame with a series in each cell."""
    import pandas

    return Task.from_table(pandas.DataFrame({"signal": list(SIGNALS), "label": WORDS}))


TIMES = np.column_stack([np.arange(N) / 50, SIGNALS[:, :3]])
DATES = [f"2024-01-{number % 28 + 1:02d}" for number in range(N)]
RECORDS = np.zeros(N, [("a", "f8"), ("b", "f8")])
BEGINNING = "\ufeff"

INVENTED = [
    Form(
        "invented",
        "rows of chances",
        arrays(IMAGES, np.full((N, 3), 1 / 3) + 0.01 * (np.eye(3)[CLASSES] - 1 / 3)),
        kind="regression",
        said="chances of classes",
    ),
    Form("invented", "test is train", arrays(IMAGES, CLASSES, test=(IMAGES, CLASSES)), said="are in train or valid too", samples=2 * N),
    Form(
        "invented",
        "samples that were doubled before",
        arrays(np.repeat(IMAGES[:30], 2, 0), np.repeat(CLASSES[:30], 2)),
        said="are in train or valid too",
    ),
    Form("invented", "-999 for what is missing", arrays(np.where(IMAGES > 2, -999, IMAGES), CLASSES), said="stands for a missing value"),
    Form("invented", "labels of -1 and 1", arrays(IMAGES, TWO * 2 - 1), holds=lambda task: task.labels == ("-1", "1")),
    Form("invented", "a column of targets", arrays(IMAGES, RNG.random((N, 1)).astype(np.float32)), kind="regression"),
    Form(
        "invented", "a label that nobody has", arrays(IMAGES, np.column_stack([TWO, CLASSES % 2, 0 * TWO])), refused="no sample has label 2"
    ),
    Form("invented", "a sparse matrix", arrays(sparse(), CLASSES), refused="an array, a tensor or a list is needed, not scipy.sparse"),
    Form("invented", "records", arrays(RECORDS, CLASSES), refused="samples must be numbers"),
    Form("invented", "one channel of nothing", arrays(IMAGES[:, :0], CLASSES), refused="are needed, not (60, 0, 8, 9)"),
    Form("invented", "infinite targets", arrays(IMAGES, np.where(np.arange(N) == 5, np.inf, 0.5)), refused="that of sample 5"),
    Form(
        "invented",
        "a time that rises",
        csv(table(["time", "ax", "ay", "az", "label"], WORDS, signals=TIMES)),
        input=(4, 1),
        said="steps of a recording",
    ),
    Form(
        "invented",
        "dates in a column",
        csv(table(["day", *HEAD, "label"], WORDS, first=DATES)),
        refused="column day: '2024-01-01' is no number",
    ),
    Form(
        "invented", "nan for a label", csv(table([*HEAD, "label"], np.where(np.arange(N) == 4, "nan", WORDS))), refused="there is no label"
    ),
    Form(
        "invented",
        "a mark of byte order",
        csv(table([BEGINNING + "label", *HEAD[1:], "last"], SIGNALS[:, 0], signals=np.column_stack([TWO, SIGNALS[:, 1:]]))),
        input=(6, 1),
    ),
    Form("invented", "one class only", csv(table([*HEAD, "label"], ["cat"] * N)), refused="every sample is of class cat"),
    Form("invented", "a row that is cut off", csv([*table([*HEAD, "label"], WORDS)[:-1], [1, 2]]), refused="row 61: has 2 columns"),
    Form("invented", "True and False", csv(table([*HEAD, "label"], TWO == 1)), input=(6, 1), holds=lambda t: t.labels == ("False", "True")),
    Form("invented", "a series in each cell", nested, input=(6, 1)),
    Form("invented", "two pages in one picture", images(change=pages), said="several pictures or pages"),
    Form("invented", "a hidden folder of thumbnails", images(change=touch(".thumbs/x.png"))),
    Form("invented", "Hugging Face, a palette", hugging(mode="P")),
    Form(
        "invented",
        "a folder of Fortran's order",
        npy(x=np.asfortranarray(SERIES), y=CLASSES),
        input=(12, 4),
        holds=lambda task: (
            {s.tobytes() for s in task.train.x.astype(np.float16)}
            <= {s.tobytes() for s in ((SERIES - SERIES.mean()) / SERIES.std()).astype(np.float16)}
            or task.train.x.shape[1:] == (12, 4)
        ),
    ),
    Form("invented", "big-endian numbers", arrays(IMAGES.astype(">f8"), CLASSES.astype(">i4"))),
    Form("invented", "masks of words", arrays(IMAGES, np.array(["yes", "no"])[MASK]), refused="must be numbers, not words"),
    Form("invented", "masks as booleans", arrays(IMAGES, MASK == 1), kind="mask"),
    Form(
        "invented",
        "a class for each step of a series",
        arrays(SERIES, RNG.integers(0, 3, (N, 12))),
        kind="regression",
        input=(12, 4),
        said="no kind for 12 classes",
    ),
]
"""Forms beyond those that are usual."""

FORMS = [*ARRAYS, *PRECISION, *TARGETS, *PIXELS, *TABLES, *FOLDERS, *OBJECTS, *INVENTED]
"""Every form."""
