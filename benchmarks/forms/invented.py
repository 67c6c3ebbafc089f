"""Forms beyond those that are usual."""

from pathlib import Path
from typing import Any

import numpy as np
from benchmarks.forms.base import (
    BYTES,
    CLASSES,
    HEAD,
    IMAGES,
    MASK,
    RNG,
    SERIES,
    SIGNALS,
    TWO,
    WORDS,
    Form,
    N,
    arrays,
    csv,
    hugging,
    images,
    npy,
    table,
    touch,
)

from einspace import Task


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


def two_alike(folder: Path) -> Task:
    """A data frame with two columns of one name."""
    import pandas

    return Task.from_table(pandas.DataFrame(np.column_stack([SIGNALS[:, :2], TWO]), columns=["a", "a", "label"]))


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
        refused="column day: '2024-01-01' is not a number",
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
    Form("invented", "masks that were flattened", arrays(IMAGES, MASK.reshape(N, -1)), kind="multi-label", said="y.reshape(-1, 8, 9)"),
    Form(
        "invented",
        "a label for each step",
        arrays(SERIES, RNG.integers(0, 2, (N, 12))),
        kind="multi-label",
        input=(12, 4),
        said="as many steps",
    ),
    Form("invented", "a row for each step", arrays(SERIES, SERIES[..., :2]), kind="dense", input=(12, 4), said="a target of each step"),
    Form("invented", "bytes as int64", arrays(BYTES[:, :, :, 0].astype(np.int64), CLASSES), input=(8, 9), said="axes NHW"),
    Form("invented", "grey images from 0 to 1", arrays(RNG.random((N, 16, 12)), CLASSES), input=(16, 12), said="axes NHW"),
    Form(
        "invented",
        "depths in whole steps",
        arrays(IMAGES, RNG.integers(0, 40, (N, 8, 9))),
        kind="segmentation",
        said="kind dense",
    ),
    Form(
        "invented",
        "labels of 64 bits without a sign",
        arrays(IMAGES, np.uint64(2**63) + TWO.astype(np.uint64)),
        holds=lambda task: task.labels == (str(2**63), str(2**63 + 1)),
    ),
    Form(
        "invented",
        "counts that are rare",
        arrays(IMAGES, np.minimum(np.arange(N) // 20 * 3 + np.arange(N) % 2, 7)),
        said="say kind regression",
    ),
    Form("invented", "two columns of one name", two_alike, refused="Expected unique column names"),
    Form("invented", "a video", arrays(RNG.random((N, 2, 3, 4, 4)), CLASSES), refused="are needed, not (60, 2, 3, 4, 4)"),
]
"""Forms beyond those that are usual."""
