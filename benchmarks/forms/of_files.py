"""Forms of tables, folders of images, archives, and data sets of PyTorch and Hugging Face."""

import numpy as np
import torch
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
    called,
    csv,
    deep,
    frame,
    hugging,
    images,
    npy,
    npz,
    parquet,
    rubbish,
    table,
    touch,
    turned,
)
from torch.utils.data import DataLoader, TensorDataset

from einspace import Task
from einspace.reading import DataOptions

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
        "tables",
        "points between thousands",
        csv(table([*HEAD, "label"], WORDS, signals=np.where(SIGNALS > 0, "1.234", "0,5")), ";"),
        refused="points between its thousands",
    ),
    Form(
        "tables",
        "decimal commas without a header",
        csv([[str(c).replace(".", ",") for c in row] for row in table(None, WORDS, signals=SIGNALS[:, :1])], ";"),
        input=(1, 1),
    ),
    Form("tables", "PassengerId", csv(table(["PassengerId", *HEAD, "label"], first=range(N))), input=(7, 1), said="leaves it out"),
    Form(
        "tables",
        "milligrams beside metres",
        csv(table([*HEAD, "label"], WORDS, signals=SIGNALS * [1, 1, 1, 1, 1, 5_000])),
        input=(6, 1),
        said="channels=6",
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
    Form("images", "images beside masks", images(change=called("images", "masks")), refused="samples and their targets, no classes"),
    Form("images", "train_images beside test_images", images(change=called("train_images", "test_images")), refused="splits, no classes"),
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
