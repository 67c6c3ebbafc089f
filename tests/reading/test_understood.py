"""Data as people have them: each is read as it is meant, with a line that says so, or refused in one."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from einspace import Task, load_task
from einspace.errors import EinspaceError, TaskError
from einspace.reading.images import read_images
from einspace.reading.tables import read_table
from einspace.tasks import DataOptions

RNG = np.random.default_rng(0)
SIGNALS = RNG.normal(size=(40, 6)).round(3)
WORDS = np.array(["normal", "afib"])[np.arange(40) % 2]
NUMBERS = np.arange(40) % 2 + 1
HEAD = [f"t{number}" for number in range(6)]
IMAGES = RNG.normal(size=(60, 9, 8, 3))
CLASSES = np.arange(60) % 3


def table(folder: Path, rows: list[list[Any]], separator: str = ",", name: str = "mine.csv") -> str:
    path = folder / name
    path.write_text("\n".join(separator.join(map(str, row)) for row in rows) + "\n")
    return str(path)


def archive(folder: Path, **arrays: Any) -> str:
    np.savez(folder / "mine.npz", **arrays)
    return str(folder / "mine.npz")


@pytest.mark.parametrize(
    ("rows", "separator", "note"),
    [
        (
            [[*HEAD, "finding"], *([*s, w] for s, w in zip(SIGNALS, WORDS, strict=True))],
            ",",
            "label: column finding, the only one of words",
        ),
        (
            [["finding", *HEAD], *([w, *s] for s, w in zip(SIGNALS, WORDS, strict=True))],
            ";",
            "label: column finding, the only one of words",
        ),
        ([[n, *s] for s, n in zip(SIGNALS, NUMBERS, strict=True)], "\t", "label: column 0, the first, of few whole numbers"),
        ([[*s, n] for s, n in zip(SIGNALS, NUMBERS, strict=True)], "\t", "label: column 6, the last"),
        ([["label", *HEAD], *([n, *s] for s, n in zip(SIGNALS, NUMBERS, strict=True))], ",", "label: column label, by its name"),
        (
            [[*HEAD, "y", ""], *([*(str(v).replace(".", ",") for v in s), w, ""] for s, w in zip(SIGNALS, WORDS, strict=True))],
            ";",
            "label: column y, by its name",
        ),
    ],
)
def test_a_table_is_read_as_it_is_meant(tmp_path: Path, rows: list[list[Any]], separator: str, note: str) -> None:
    """Labels of words or numbers, first or last, named or not, decimal commas, a separator at the end; what is the label is said."""
    path = table(tmp_path, rows, separator)
    task = load_task(path)
    assert (task.kind, task.classes, task.input.shape) == ("classification", 2, (6, 1))
    assert note in task.summary()
    assert "signals: 6 columns" in task.summary()
    assert np.allclose(read_table(Path(path)).pools["train"][0][:, :, 0], SIGNALS)


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (
            [["id", *HEAD, "label"], *([f"p{n}", *SIGNALS[n], WORDS[n]] for n in range(40))],
            "row 2, column id: 'p0' is not a number; every column other than label, the label, must hold numbers",
        ),
        ([[*HEAD, "label"], *([*SIGNALS[n], WORDS[n] if n != 4 else ""] for n in range(40))], "row 6, column label: there is no label"),
        ([[*HEAD, "label"], *([*SIGNALS[n][:5], "", WORDS[n]] for n in range(40))], "row 2, column t5: the cell is empty"),
        ([[" ".join(map(str, SIGNALS[n]))] for n in range(40)], "separated by , ; or tabs"),
        ([[*HEAD, "Größe"], *([*SIGNALS[n], WORDS[n]] for n in range(40))], "it is not UTF-8"),
    ],
)
def test_a_table_that_cannot_be_read_says_why(tmp_path: Path, rows: list[list[Any]], words: str) -> None:
    """Row, column and what is expected there."""
    path = Path(table(tmp_path, rows))
    if "UTF" in words:
        path.write_text(path.read_text(encoding="utf-8"), encoding="latin-1")
    with pytest.raises(TaskError) as caught:
        load_task(str(path))
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("arrays", "axes", "shape", "note"),
    [
        ({"x": IMAGES, "y": CLASSES}, None, (3, 9, 8), "channels last: moved to the front"),
        ({"x": IMAGES, "y": CLASSES}, "NCHW", (9, 8, 3), ""),
        ({"x": IMAGES[..., :1], "y": CLASSES}, None, (1, 9, 8), "channels last: moved to the front"),
        ({"images": (IMAGES[..., 0] * 40).astype(np.uint8), "labels": CLASSES[:, None]}, None, (1, 9, 8), "read as grey images"),
        ({"x": IMAGES[..., 0], "y": CLASSES}, None, (9, 8), ""),
        ({"x": IMAGES[:, :8, :, 0], "y": CLASSES}, None, (8, 8), "if they are grey images, say axes NHW"),
        ({"x": IMAGES[:, :8, :, 0], "y": CLASSES}, "NHW", (1, 8, 8), ""),
        ({"x": IMAGES[:, :3, :, 0], "y": CLASSES}, None, (3, 8), "if the channels come first, say axes NDS"),
        ({"x": IMAGES[:, :3, :, 0], "y": CLASSES}, "NDS", (8, 3), ""),
        ({"train_images": IMAGES, "train_labels": CLASSES, "val_images": IMAGES, "val_labels": CLASSES}, None, (3, 9, 8), "valid as given"),
    ],
)
def test_axes_are_recognised_or_said(tmp_path: Path, arrays: dict[str, Any], axes: str | None, shape: tuple[int, ...], note: str) -> None:
    """Channels last, no channel at all, channels first in a series; the summary tells what was taken, and how to say otherwise."""
    task = load_task(archive(tmp_path, **arrays), own=DataOptions(axes=axes))
    assert task.input.shape == shape
    assert note in task.summary()


def test_pixels_keep_their_places() -> None:
    """What is moved is moved with its target for each pixel."""
    x, mask = RNG.normal(size=(30, 9, 8, 3)), RNG.integers(0, 2, (30, 9, 8, 1))
    x[..., 0] = mask[..., 0]
    task = Task.from_arrays(x, mask, normalise=False)
    assert (task.kind, task.output) == ("mask", (1, 9, 8))
    assert np.array_equal(task.train.x[:, :1], task.train.y)
    series = Task.from_arrays(x[..., 0], np.arange(30) % 2, axes="NDS", normalise=False)
    assert series.input.shape == (8, 9)
    assert {sample.tobytes() for sample in series.train.x} <= {
        sample.tobytes() for sample in x[..., 0].transpose(0, 2, 1).astype(np.float32)
    }
    with pytest.raises(EinspaceError, match="unknown order of axes 'NHCW'"):
        Task.from_arrays(x, np.arange(30) % 2, axes="NHCW")
    with pytest.raises(TaskError, match=r"NHW are 3 axes, but the samples are \(30, 9, 8, 3\)"):
        Task.from_arrays(x, np.arange(30) % 2, axes="NHW")


@pytest.mark.parametrize(
    ("x", "y", "kind", "classes"),
    [
        (torch.randn(60, 3, 8, 8).bfloat16(), torch.arange(60) % 2 == 0, "classification", 2),
        (torch.randn(60, 3, 8, 8).to(torch.float8_e4m3fn), torch.arange(60) % 2 == 0, "classification", 2),
        (torch.randn(60, 3, 8, 8).half(), torch.arange(60) % 2, "classification", 2),
        (RNG.integers(0, 256, (60, 3, 8, 8)), CLASSES[:, None], "classification", 3),
        (RNG.normal(size=(60, 3, 8, 8)), CLASSES.astype(float), "classification", 3),
        (RNG.normal(size=(60, 3, 8, 8)), np.array([b"a", b"b"])[CLASSES % 2], "classification", 2),
        (RNG.normal(size=(60, 3, 8, 8)), torch.rand(60, 4) > 0.5, "multi-label", None),
        (RNG.normal(size=(60, 3, 8, 8)) * 1e30, RNG.normal(size=60) * 1e30, "regression", None),
        (RNG.normal(size=(60, 3, 8, 8)) * 1e-13, RNG.normal(size=60) * 1e-12, "regression", None),
        (RNG.normal(size=(10, 3, 8, 8)), np.arange(10) % 2, "classification", 2),
    ],
)
def test_types_and_scales_of_all_kinds_are_taken(x: Any, y: Any, kind: str, classes: int | None) -> None:
    """Few bits, whole numbers, bytes as words, booleans; what is huge or tiny is brought to deviation 1 as anything else is."""
    task = Task.from_arrays(x, y)
    assert task.kind == kind
    assert classes is None or task.classes == classes
    assert task.train.x.std() == pytest.approx(1, abs=1e-3)
    assert kind != "regression" or task.train.y.std() == pytest.approx(1, abs=1e-3)


def test_a_constant_channel_is_told_and_stays_finite() -> None:
    """It is only centred; where all is constant there is nothing to learn."""
    x = RNG.normal(size=(60, 3, 8, 8))
    x[:, 1] = 0.1
    task = Task.from_arrays(x, CLASSES)
    assert "channels that are the same number everywhere: 1;" in task.summary()
    assert np.abs(task.train.x[:, 1]).max() < 1e-6
    with pytest.raises(TaskError, match="there is nothing to learn from"):
        Task.from_arrays(np.full((60, 3, 8, 8), 7), CLASSES)


@pytest.mark.parametrize(
    ("count", "y", "words"),
    [
        (60, np.where(np.arange(60) == 3, np.nan, 0.5), "1 of 60 targets are not finite numbers in float32, the first is that of sample 3"),
        (60, np.where(np.arange(60) == 3, 1e300, 0.5), "1 of 60 targets are not finite numbers in float32, the first is that of sample 3"),
        (60, ["a", None] * 30, r"must be numbers or words, but one of object \(60,\) is None: number 1"),
        (60, np.where(np.arange(60) == 3, "rare", "often"), "no sample of class rare; each split needs some, so at least three in all"),
        (3, [0.1, 0.2, 0.4], "training needs two samples or more, not 1"),
    ],
)
def test_targets_that_cannot_be_learnt_are_refused(count: int, y: Any, words: str) -> None:
    """In one line that names the sample, without a warning of NumPy's before it."""
    with pytest.raises(TaskError, match=words) as caught:
        Task.from_arrays(RNG.normal(size=(count, 3, 8, 8)), y)
    assert "\n" not in str(caught.value)


def folder(root: Path, splits: tuple[str, ...], modes: tuple[str, ...]) -> Path:
    image = pytest.importorskip("PIL.Image")
    for split in splits:
        for number in range(12):
            path = root / split / "ab"[number % 2] / f"{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            image.fromarray(RNG.integers(0, 256, (8, 8, 3), dtype=np.uint8)).convert(modes[number % len(modes)]).save(path)
    return root


def test_images_of_mixed_modes_are_brought_to_one(tmp_path: Path) -> None:
    """In colour if any is; grey with transparency or of one bit is grey."""
    assert load_task(str(folder(tmp_path / "a", ("",), ("RGBA", "L", "P", "RGB", "LA", "1")))).input.shape == (3, 8, 8)
    assert load_task(str(folder(tmp_path / "b", ("",), ("L", "LA", "1")))).input.shape == (1, 8, 8)


def test_splits_have_the_names_that_people_give_them(tmp_path: Path) -> None:
    """`training` and `testing` are no classes; what is not given is taken out of train."""
    for number, (names, said) in enumerate(((("training", "testing"), "test as given"), (("Train", "Dev"), "valid as given"))):
        task = load_task(str(folder(tmp_path / str(number), names, ("L",))))
        assert task.labels == ("a", "b")
        assert said in task.summary()
        assert min(map(len, task.splits.values())) > 1


def test_deep_pixels_are_not_cut_off(tmp_path: Path) -> None:
    """An image of 16 bits keeps what is above 255, scaled or not."""
    image = pytest.importorskip("PIL.Image")
    pixels = np.array([[0, 300, 1_000], [4_000, 20_000, 65_535]], np.uint16)
    for name in "ab":
        (tmp_path / name).mkdir()
        image.fromarray(pixels).save(tmp_path / name / "0.png")
    assert np.array_equal(read_images(tmp_path).pools["train"][0][0, 0], pixels)
    assert read_images(tmp_path, (4, 6)).pools["train"][0].max() > 20_000


def test_a_score_on_few_samples_is_doubted() -> None:
    """Fewer than 25 samples in valid or test are counted in one line, with what makes another split; 25 are enough."""
    x, y = RNG.normal(size=(400, 1, 8, 8)), np.arange(400) % 2
    small = Task.from_arrays(x[:10], y[:10])
    assert small.summary().splitlines()[0] == (
        "check: only 2 samples in valid and 2 samples in test: scores there are very uncertain, since the standard error of a mean over 2 "
        "samples is 71% of their standard deviation; give more samples, or valid and test samples of your own"
    )
    given = Task.from_arrays(x[10:], y[10:], valid=(x[:3], y[:3]))
    assert [doubt for doubt in given.doubts if "only" in doubt] == [
        "only 3 samples in valid: scores there are very uncertain, since the standard error of a mean over 3 samples is 58% of their "
        "standard deviation; give more of them"
    ]
    for count, doubted in ((24, True), (25, False)):
        task = Task.from_arrays(x[100:], y[100:], valid=(x[:count], y[:count]), test=(x[50:90], y[50:90]))
        assert any("only" in doubt for doubt in task.doubts) is doubted


@pytest.mark.parametrize(
    ("y", "told"),
    [
        (np.array(["cat", "dog"] * 30), "one word for each sample"),
        (np.arange(60) % 3, "one int64 number for each sample"),
        (np.arange(60) % 2 == 0, "one bool value for each sample"),
        (np.eye(3, dtype=np.uint8)[np.arange(60) % 3], "3 uint8 numbers for each sample"),
        (RNG.normal(size=(60, 1)), "one float64 number for each sample"),
        (RNG.normal(size=(60, 2, 8, 8)), "2 x 8 x 8 float64 numbers for each sample"),
    ],
)
def test_what_the_kind_was_recognised_from_is_said_in_words(y: np.ndarray, told: str) -> None:
    """The targets of one sample, without the notation of a shape."""
    task = Task.from_arrays(RNG.normal(size=(60, 1, 8, 8)), y)
    assert task.notes[0] == f"{task.kind}: recognised from the targets, {told}"


def test_data_without_splits_are_named_without_one() -> None:
    """A message on one pool names the data, and one on data in splits the split."""
    x, y = RNG.normal(size=(60, 1, 8, 8)), np.arange(60) % 2
    bad = np.full((60, 1, 8, 8), 3.0)
    with pytest.raises(TaskError, match=r"^mine: all samples to train on hold one and the same number"):
        Task.from_arrays(bad, y, name="mine")
    with pytest.raises(TaskError, match=r"^mine, split train: all samples to train on hold one and the same number"):
        Task.from_arrays(bad, y, name="mine", test=(x, y))
    bad[7] = np.nan
    with pytest.raises(TaskError, match=r"^mine: 1 of 60 samples hold NaN"):
        Task.from_arrays(bad, y, name="mine")
    with pytest.raises(TaskError, match=r"^mine, split test: 1 of 60 samples hold NaN"):
        Task.from_arrays(x, y, name="mine", test=(bad, y))
