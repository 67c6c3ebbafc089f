"""The official files: small ones in the same formats are read as the paper says, and what is wrong with one is told with its name."""

import gzip
import json
import os
import pickle
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from einspace import Classification, Task, load_task
from einspace.errors import TaskError
from einspace.evaluation import Outcome
from einspace.evaluation.evaluate import evaluate
from einspace.files import arrays
from einspace.reading import scanning
from einspace.tasks import TASKS, Augmentation, Recipe, entry
from einspace.tasks.published import NASBENCH_METHODS, PUBLISHED, UNSEEN_METHODS
from einspace.tasks.unseen import UNSEEN

ONE = Recipe(epochs_search=1, epochs_final=1, batch_size=16, learning_rate=0.001, weight_decay=0.0)
SIZES = (40, 20, 20)


def write_unseen(root: Path, name: str, sizes: tuple[int, ...] = SIZES) -> Path:
    """A task of Unseen NAS in small; Gutenberg's labels are floats, as they are distributed."""
    known = TASKS[name]
    rng = np.random.default_rng(0)
    folder = root / known.title
    folder.mkdir()
    for part, size in zip(("train", "valid", "test"), sizes, strict=True):
        np.save(folder / f"{part}_x.npy", rng.normal(5, 3, size=(size, *(known.stored or known.input.shape))).astype(np.float32))
        np.save(folder / f"{part}_y.npy", np.arange(size) % known.classes * (1.0 if name == "gutenberg" else 1))
    return folder


def small(name: str, sizes: tuple[int, int, int] = SIZES) -> entry.Entry:
    return replace(TASKS[name], sizes=sizes)


@pytest.mark.parametrize("name", [known.name for known in UNSEEN])
def test_unseen(tmp_path: Path, name: str) -> None:
    """Every task of Unseen NAS: normalised by train alone, integers for labels, the recipe of table 4, trained to a score."""
    write_unseen(tmp_path, name)
    task = small(name).load(tmp_path)
    assert task.input == TASKS[name].input
    assert task.train.y.dtype == np.int64
    assert [len(part) for part in task.splits.values()] == list(SIZES)
    assert (task.recipe.epochs_search, task.recipe.epochs_final, task.recipe.batch_size, task.recipe.learning_rate) == (8, 64, 256, 0.04)
    x, _ = task.tensors(["train"])
    assert float(x.mean((0, 2, 3)).abs().max()) < 1e-4
    assert float((x.std((0, 2, 3)) - 1).abs().max()) < 1e-2
    evaluation = evaluate("[linear(d=16) relu]", task, recipe=ONE).evaluations[0]
    assert evaluation.outcome is Outcome.OK


def test_chesseract_is_padded(tmp_path: Path) -> None:
    """Boards of 8 x 8 with five zeros on each side (B.2)."""
    folder = write_unseen(tmp_path, "chesseract")
    task = small("chesseract").load(tmp_path)
    assert task.train.x.shape == (40, 12, 18, 18)
    inner = np.load(folder / "train_x.npy")[7, 3, 2, 6]
    border, value = task.train.x[7, 3, 0, 0], task.train.x[7, 3, 7, 11]
    assert np.all(task.train.x[:, 3, :5] == border)
    assert value != border
    deviation = (value - border) / inner
    assert task.train.x[9, 3, 5, 5] == pytest.approx(border + deviation * np.load(folder / "train_x.npy")[9, 3, 0, 0], abs=1e-4)


def test_large_arrays_stay_in_their_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A mapped task is sent to a worker as the names of its files, and gives the same tensors and score as one in memory."""
    write_unseen(tmp_path, "cifartile")
    in_memory = small("cifartile").load(tmp_path)
    monkeypatch.setattr(arrays, "LARGE", 1000)
    monkeypatch.setattr(scanning, "CHUNK", 5 * 3 * 64 * 64 * 4)
    mapped = small("cifartile").load(tmp_path)
    assert isinstance(mapped.train.x, np.memmap)
    assert not mapped.train.x.flags.writeable
    sent = pickle.dumps(mapped)
    assert len(sent) < 10_000
    received: Task = pickle.loads(sent)
    for names in (["train"], ["train", "valid"], ["test"]):
        for one, other in zip(received.tensors(names), in_memory.tensors(names), strict=True):
            assert np.allclose(one, other, atol=1e-5)
    text = "[linear(d=16) relu]"
    assert evaluate(text, received, recipe=ONE).mean == evaluate(text, in_memory, recipe=ONE).mean


@pytest.mark.parametrize("name", [known for known in TASKS if TASKS[known].files])
def test_missing_files(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """One message: what is missing, where it was looked for, where it is published."""
    monkeypatch.delenv(entry.VARIABLE, raising=False)
    with pytest.raises(TaskError, match=rf"{name}: {tmp_path}/{name} lacks .*{TASKS[name].title}: ") as caught:
        load_task(name, tmp_path)
    assert "published" in str(caught.value) or "not distributed" in str(caught.value)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(TaskError, match=entry.VARIABLE):
        load_task(name)


def test_the_environment_names_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """EINSPACE_DATA is the folder around those of the tasks, in whatever case they are written; an argument goes before."""
    write_unseen(tmp_path, "language")
    monkeypatch.setenv(entry.VARIABLE, str(tmp_path))
    assert TASKS["language"].missing() == ()
    assert TASKS["language"].missing(tmp_path / "other") == TASKS["language"].files
    (tmp_path / "Language" / "valid_y.npy").unlink()
    assert TASKS["language"].missing() == ("valid_y.npy",)


def rewrite(name: str, change: Callable[[np.ndarray], np.ndarray]) -> Callable[[Path], None]:
    return lambda folder: np.save(folder / name, change(np.load(folder / name)))


def spoil(index: int, value: float) -> Callable[[np.ndarray], np.ndarray]:
    def change(array: np.ndarray) -> np.ndarray:
        array[index] = value
        return array

    return change


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (rewrite("valid_x.npy", lambda x: x[:, :2]), r"valid_x\.npy: must be numbers \(N, 3, 28, 28\), not float32 \(20, 2, 28, 28\)"),
        (rewrite("train_x.npy", lambda x: x.astype(complex)), r"train_x\.npy: must be numbers .*complex128"),
        (rewrite("train_y.npy", spoil(3, 20)), r"train_y\.npy: labels must be whole numbers 0 to 19, but sample 3 has 20"),
        (rewrite("test_y.npy", spoil(4, -1)), r"test_y\.npy: .*sample 4 has -1"),
        (rewrite("test_y.npy", lambda y: y + 0.5), r"test_y\.npy: .*sample 0 has 0\.5"),
        (rewrite("test_y.npy", lambda y: y[:-1]), r"test_y\.npy: must be 20 labels"),
        (rewrite("valid_x.npy", spoil(7, np.nan)), r"AddNIST: addnist, split valid: 1 of 20 .*sample 7"),
        (rewrite("train_y.npy", lambda y: np.where(y == 5, 6, y)), r"split train: no sample of class 5"),
        (lambda folder: (folder / "metadata").write_text(json.dumps({"num_classes": 10})), "names 10 classes, but AddNIST has 20"),
        (lambda folder: (folder / "metadata").write_text("{"), "metadata: cannot be read"),
        (lambda folder: os.truncate(folder / "test_x.npy", 5000), r"test_x\.npy: is cut off"),
    ],
)
def test_bad_files(tmp_path: Path, damage: Callable[[Path], object], words: str) -> None:
    """File, sample and expectation."""
    damage(write_unseen(tmp_path, "addnist"))
    with pytest.raises(TaskError, match=words):
        small("addnist").load(tmp_path)


def test_other_sizes_are_refused_unless_built_anew(tmp_path: Path) -> None:
    """Official files have the official sizes; metadata that say the files were built make any size acceptable, and the task says so."""
    folder = write_unseen(tmp_path, "multnist")
    with pytest.raises(TaskError, match=r"\(40, 20, 20\) samples, but MultNIST has \(50000, 10000, 10000\)"):
        load_task("multnist", tmp_path)
    (folder / "metadata").write_text(json.dumps({"num_classes": 10, "built": True}))
    assert "Built anew" in load_task("multnist", tmp_path).description


@pytest.mark.parametrize("name", [known.name for known in UNSEEN])
def test_published_scores_are_for_official_data(tmp_path: Path, name: str) -> None:
    """Files that were built anew have no published scores beside them, of the official sizes or not; nor have files of Isabella.

    Isabella's recordings are not distributed, so nobody can have the official files.
    """
    folder = write_unseen(tmp_path, name)
    assert dict(small(name).load(tmp_path).published) == ({} if name == "isabella" else dict(PUBLISHED[name]))
    assert ("published" in small(name).load(tmp_path).summary()) is (name != "isabella")
    (folder / "metadata").write_text(json.dumps({"built": True}))
    for known in (small(name), TASKS[name]):
        assert known.load(tmp_path).published == {}


def write_cifar(root: Path) -> Path:
    folder = root / "cifar100" / "cifar-100-python"
    folder.mkdir(parents=True)
    rng = np.random.default_rng(0)
    for name, size in (("train", 120), ("test", 100)):
        images = rng.integers(0, 256, size=(size, 3072), dtype=np.uint8)
        labels = [number % 100 for number in range(size)]
        batch = {b"data": images, b"fine_labels": labels, b"coarse_labels": labels, b"filenames": [b"x"] * size, b"batch_label": b"one"}
        (folder / name).write_bytes(pickle.dumps(batch, protocol=2))
    return folder


def test_cifar100(tmp_path: Path) -> None:
    """Train is the first and valid the last part of one file, normalised, with crops and flips in training, errors for a metric."""
    folder = write_cifar(tmp_path)
    task = small("cifar100", (100, 20, 100)).load(tmp_path)
    raw = pickle.loads((folder / "train").read_bytes())[b"data"].reshape(-1, 3, 32, 32) / 255
    mean, deviation = raw[:100].mean((0, 2, 3)), raw[:100].std((0, 2, 3))
    assert task.valid.x[0, :, 4, 7] == pytest.approx((raw[100, :, 4, 7] - mean) / deviation, abs=1e-4)
    assert task.augmentation == Augmentation(crop=4, flip=True)
    assert (task.metric.name, task.recipe.epochs_search, task.recipe.batch_size, task.recipe.learning_rate) == ("0-1 error", 25, 128, 0.1)
    evaluation = evaluate("[linear(d=16) relu]", task, recipe=ONE).evaluations[0]
    assert evaluation.value is not None
    assert 0.5 < evaluation.value <= 1


def test_spherical(tmp_path: Path) -> None:
    """One gzipped pickle of train and test; pixels from 0 to 1 and nothing else done."""
    (tmp_path / "spherical").mkdir()
    rng = np.random.default_rng(0)
    parts: dict[str, dict[str, np.ndarray]] = {
        name: {"images": rng.integers(0, 256, size=(size, 3, 60, 60), dtype=np.uint8), "labels": np.arange(size) % 100}
        for name, size in (("train", 110), ("test", 12))
    }
    with gzip.open(tmp_path / "spherical" / "s2_cifar100.gz", "wb", compresslevel=1) as file:
        pickle.dump(parts, file)
    task = small("spherical", (100, 10, 12)).load(tmp_path)
    assert task.valid.x[2] == pytest.approx(parts["train"]["images"][102] / 255, abs=1e-6)
    assert task.augmentation is None
    assert "none; train runs from 0 to 1" in task.summary()


def test_spherical_and_darcy_flow_built_anew(tmp_path: Path) -> None:
    """Spherical in six arrays, Darcy Flow in other sizes and at 85 points: read where the metadata say that the files were built."""
    from scipy.io import savemat

    known = replace(TASKS["spherical"], title="spherical")
    rng = np.random.default_rng(0)
    (tmp_path / "spherical").mkdir()
    for part, size in (("train", 100), ("valid", 5), ("test", 5)):
        np.save(tmp_path / "spherical" / f"{part}_x.npy", rng.integers(0, 256, size=(size, 3, 60, 60)).astype(np.float32))
        np.save(tmp_path / "spherical" / f"{part}_y.npy", np.arange(size))
    assert known.missing(tmp_path) == ("s2_cifar100.gz",)
    with pytest.raises(TaskError, match=r"lacks s2_cifar100\.gz"):
        replace(known, sizes=(100, 5, 5)).load(tmp_path)
    (tmp_path / "spherical" / "metadata").write_text(json.dumps({"num_classes": 100, "built": True}))
    assert known.missing(tmp_path) == ()
    spherical = known.load(tmp_path)
    assert spherical.train.x.max() == 1
    assert spherical.published == {}
    (tmp_path / "darcyflow").mkdir()
    for number, size in ((1, 6), (2, 3)):
        path = tmp_path / "darcyflow" / f"piececonst_r85_N1024_smooth{number}.mat"
        savemat(path, {"coeff": rng.choice([3.0, 12.0], size=(size, 85, 85)), "sol": rng.random((size, 85, 85))})
    with pytest.raises(TaskError, match=r"lacks piececonst_r421_N1024_smooth1\.mat, "):
        load_task("darcyflow", tmp_path)
    told = {"built": True, "samples": {"train": 4, "valid": 2, "test": 3}}
    (tmp_path / "darcyflow" / "metadata").write_text(json.dumps(told))
    task = load_task("darcyflow", tmp_path)
    assert task.published == {}
    assert [len(part) for part in task.splits.values()] == [4, 2, 3]
    assert "Built anew" in task.description


def test_ninapro_is_transposed(tmp_path: Path) -> None:
    """52 steps of 16 channels in the files, images of 16 x 52 for the network (B.2)."""
    (tmp_path / "ninapro").mkdir()
    rng = np.random.default_rng(0)
    for name, size in (("train", 36), ("val", 18), ("test", 18)):
        np.save(tmp_path / "ninapro" / f"ninapro_{name}.npy", rng.normal(size=(size, 52, 16)))
        np.save(tmp_path / "ninapro" / f"label_{name}.npy", np.arange(size) % 18)
    task = small("ninapro", (36, 18, 18)).load(tmp_path)
    assert task.input.shape == (1, 16, 52)
    assert task.valid.x[3, 0, 5, 40] == pytest.approx(np.load(tmp_path / "ninapro" / "ninapro_val.npy")[3, 40, 5], abs=1e-6)


def test_darcy_flow(tmp_path: Path) -> None:
    """Every fifth point, normalised per pixel by train alone; the score is the relative l2 of the fields as they are in the file."""
    from scipy.io import savemat

    (tmp_path / "darcyflow").mkdir()
    rng = np.random.default_rng(0)
    fields = {}
    for number in (1, 2):
        fields[number] = {"coeff": rng.choice([3.0, 12.0], size=(8, 421, 421)), "sol": rng.random((8, 421, 421)) / 100}
        savemat(tmp_path / "darcyflow" / f"piececonst_r421_N1024_smooth{number}.mat", fields[number])
    task = small("darcyflow", (5, 2, 3)).load(tmp_path)
    assert task.output == task.input.shape == (1, 85, 85)
    x, y = task.tensors(["train"])
    assert float(y.mean(0).abs().max()) < 1e-4
    assert float(x.mean(0).abs().max()) < 1e-4
    truth = fields[2]["sol"][:3, ::5, ::5]
    mean = fields[1]["sol"][:5, ::5, ::5].mean(axis=0)
    expected = np.mean([np.linalg.norm(u - mean) / np.linalg.norm(u) for u in truth])
    _, targets = task.tensors(["test"])
    assert task.score(targets * 0, targets) == pytest.approx(expected, rel=1e-4)
    evaluation = evaluate("[linear(d=16) relu]", task, recipe=ONE).evaluations[0]
    assert evaluation.value is not None
    assert evaluation.value < 2
    (tmp_path / "darcyflow" / "piececonst_r421_N1024_smooth2.mat").write_bytes(b"MATLAB 5.0")
    with pytest.raises(TaskError, match=r"smooth2\.mat: cannot be read"):
        small("darcyflow", (5, 2, 3)).load(tmp_path)


class Evil:
    """What a pickle could do: make a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, (str(self.path),)


def test_a_pickle_of_foreign_classes_is_not_executed(tmp_path: Path) -> None:
    """A pickle that would call something is refused with its name, before it does; plain and gzipped."""
    folder = write_cifar(tmp_path)
    (folder / "train").write_bytes(pickle.dumps({b"data": Evil(tmp_path / "done"), b"fine_labels": [0]}))
    with pytest.raises(TaskError, match=r"cifar-100-python/train: .*posix\.mkdir"):
        load_task("cifar100", tmp_path)
    (tmp_path / "spherical").mkdir()
    (tmp_path / "spherical" / "s2_cifar100.gz").write_bytes(gzip.compress(pickle.dumps(Evil(tmp_path / "done"))))
    with pytest.raises(TaskError, match=r"s2_cifar100\.gz: .*posix\.mkdir"):
        load_task("spherical", tmp_path)
    assert not (tmp_path / "done").exists()


def test_published_scores_give_the_papers_averages() -> None:
    """The last rows of tables 1 and 5 follow from the others, so no figure was mistyped."""
    averages = (72.55, 80.30, 78.78, 80.41, 78.17, 77.56, 63.70, 80.41, 49.43, 59.76, 26.32)
    for method, average in zip(UNSEEN_METHODS, averages, strict=True):
        assert np.mean([100 * PUBLISHED[known.name][method] for known in UNSEEN]) == pytest.approx(average, abs=0.008)
    tasks = ("cifar100", "spherical", "ninapro", "darcyflow", "cosmic")
    table = np.array([[PUBLISHED[name][method] for method in NASBENCH_METHODS] for name in tasks])
    assert (table.argsort(axis=1).argsort(axis=1) + 1).mean(axis=0) == pytest.approx((3.6, 2.6, 1.6, 2.2))


def test_entries_are_those_of_table_4() -> None:
    """Thirteen tasks; shapes, classes and directions are known without any data."""
    described = {name: known for name, known in TASKS.items() if known.files}
    assert len(described) == 13
    assert {known.metric.higher_is_better for known in UNSEEN} == {True}
    recipes = {name: (known.recipe.batch_size, known.recipe.learning_rate) for name, known in described.items()}
    assert (recipes["ninapro"], recipes["darcyflow"], recipes["cosmic"]) == ((128, 0.1), (4, 0.001), (8, 0.001))
    for known in described.values():
        assert known.published
        assert known.baselines == (("resnet18",) if known in UNSEEN else ("wrn16-4",))
        assert not isinstance(known.head, Classification) or known.classes > 2
