"""People's own data on disk: each source is read, and each way in which it can be broken is said with its file and place."""

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from tests.reading.bomb import picture_bomb

from einspace import Task, load_task
from einspace.errors import EinspaceError, TaskError, UnknownNameError
from einspace.files import guarded

X = np.random.default_rng(0).random((30, 1, 4, 4)).astype(np.float32)
Y = np.arange(30) % 3


def images(folder: Path, count: int = 6, size: tuple[int, int] = (5, 4), mode: str = "L") -> Path:
    """Bright and dark images, in a folder for each class."""
    image = pytest.importorskip("PIL.Image")
    rng = np.random.default_rng(1)
    for number, name in enumerate(("bright", "dark")):
        (folder / name).mkdir(parents=True)
        for index in range(count):
            pixels = rng.integers(128 * (1 - number), 256 - 128 * number, size=(*size, 3), dtype=np.uint8)
            image.fromarray(pixels).convert(mode).save(folder / name / f"{index}.png")
    return folder


def test_npz(tmp_path: Path) -> None:
    """One pool, or splits by name in either order of the words; a path is a task's name."""
    np.savez(tmp_path / "pool.npz", x=X, y=Y)
    pool = load_task(str(tmp_path / "pool.npz"))
    assert (pool.name, pool.classes, sum(map(len, pool.splits.values()))) == ("pool", 3, 30)
    np.savez_compressed(tmp_path / "given.npz", x_train=X, y_train=Y, val_x=X[:6], val_y=Y[:6], test_x=X[:9], test_y=Y[:9])
    given = Task.from_npz(tmp_path / "given.npz")
    assert [len(split) for split in given.splits.values()] == [30, 6, 9]


def test_folder_of_arrays(tmp_path: Path) -> None:
    """The layout of Unseen NAS, for people's own data."""
    for name, size in (("train", 30), ("valid", 6), ("test", 9)):
        np.save(tmp_path / f"{name}_x.npy", X[:size])
        np.save(tmp_path / f"{name}_y.npy", Y[:size])
    assert [len(split) for split in load_task(str(tmp_path)).splits.values()] == [30, 6, 9]


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"x": X}, "train has x, but not y"),
        ({"x": X, "y": Y, "z": Y}, "'z' is neither x nor y"),
        ({"test_x": X, "test_y": Y}, "no arrays x and y"),
        ({"x": X, "y": np.array([None] * 30)}, "Python objects"),
    ],
)
def test_bad_archives(tmp_path: Path, arrays: dict[str, np.ndarray], words: str) -> None:
    """Arrays that are missing, too many, or that would have to be unpickled."""
    np.savez(tmp_path / "bad.npz", **arrays)  # type: ignore[arg-type]
    with pytest.raises(TaskError, match=rf"bad\.npz.*{words}"):
        Task.from_npz(tmp_path / "bad.npz")


def test_a_zip_bomb_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A small file that says it holds more than memory does is refused by its directory alone, before a byte is unpacked."""
    path = tmp_path / "bomb.npz"
    np.savez_compressed(path, x=np.zeros((1000, 1, 50, 50), np.float32), y=Y)
    assert path.stat().st_size < 100_000
    monkeypatch.setattr(guarded, "MOST", 1_000_000)
    monkeypatch.setattr(zipfile.ZipFile, "open", lambda *args: pytest.fail("something was unpacked"))
    with pytest.raises(TaskError, match=r"bomb\.npz: would unpack from .* to 10,00.* bytes or more, but at most 1,000,000"):
        Task.from_npz(path)


def test_a_header_that_promises_more_than_there_is(tmp_path: Path) -> None:
    """An array of terabytes by its header, in an archive of a few bytes, is refused before memory is asked for."""
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(stream, {"descr": "<f4", "fortran_order": False, "shape": (10**12, 1, 4, 4)})
    with zipfile.ZipFile(tmp_path / "liar.npz", "w") as archive:
        archive.writestr("x.npy", stream.getvalue() + b"0000")
    with pytest.raises(TaskError, match=r"liar\.npz, x\.npy: is cut off"):
        Task.from_npz(tmp_path / "liar.npz")


def test_truncated_files(tmp_path: Path) -> None:
    """An array and an archive that end too early are named, with what was promised and what is there."""
    np.save(tmp_path / "train_x.npy", X)
    np.save(tmp_path / "train_y.npy", Y)
    whole = (tmp_path / "train_x.npy").read_bytes()
    (tmp_path / "train_x.npy").write_bytes(whole[:-10])
    with pytest.raises(TaskError, match=r"train_x\.npy: is cut off: \(30, 1, 4, 4\) of float32 are 1,920 bytes, but 1,910 are there"):
        load_task(str(tmp_path))
    (tmp_path / "train_x.npy").write_bytes(b"no array")
    with pytest.raises(TaskError, match=r"train_x\.npy: cannot be read"):
        load_task(str(tmp_path))
    np.savez(tmp_path / "cut.npz", x=X, y=Y)
    (tmp_path / "cut.npz").write_bytes((tmp_path / "cut.npz").read_bytes()[:-100])
    with pytest.raises(TaskError, match=r"cut\.npz: cannot be read"):
        Task.from_npz(tmp_path / "cut.npz")


def test_images(tmp_path: Path) -> None:
    """A folder for each class, grey or in colour; splits that are given as folders are kept."""
    grey = Task.from_folder(images(tmp_path / "grey"))
    assert (grey.input.shape, grey.labels, grey.name) == ((1, 5, 4), ("bright", "dark"), "grey")
    assert "bright" in grey.summary()
    colour = load_task(str(images(tmp_path / "colour", mode="RGB")))
    assert colour.input.shape == (3, 5, 4)
    for name, count in (("train", 6), ("val", 2), ("test", 3)):
        images(tmp_path / "given" / name, count)
    assert [len(split) for split in Task.from_folder(tmp_path / "given").splits.values()] == [12, 4, 6]


def test_images_keep_their_pixels(tmp_path: Path) -> None:
    """What is read is what was written, channels first."""
    image = pytest.importorskip("PIL.Image")
    from einspace.reading.images import read_images

    pixels = np.random.default_rng(0).integers(0, 256, size=(5, 4, 3), dtype=np.uint8)
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        image.fromarray(pixels).save(tmp_path / name / "0.png")
    x, y = read_images(tmp_path).pools["train"]
    assert np.array_equal(x[0], pixels.transpose(2, 0, 1))
    assert y.tolist() == ["a", "b"]


def test_images_of_different_sizes(tmp_path: Path) -> None:
    """The first image that is unlike is named with both sizes; a size scales them all."""
    folder = images(tmp_path / "mixed")
    image = pytest.importorskip("PIL.Image")
    image.fromarray(np.zeros((9, 9), np.uint8)).save(folder / "dark" / "3.png")
    with pytest.raises(TaskError, match=r"dark/3\.png: is 9 x 9, but .*bright/0\.png is 5 x 4"):
        Task.from_folder(folder)
    assert Task.from_folder(folder, size=(8, 6)).input.shape == (1, 8, 6)


def test_bad_image_folders(tmp_path: Path) -> None:
    """No images, a broken one, half splits and half classes, splits without train."""
    (tmp_path / "empty").mkdir()
    with pytest.raises(TaskError, match=r"there are no images.*CLASS/IMAGE"):
        Task.from_folder(tmp_path / "empty")
    broken = images(tmp_path / "broken")
    (broken / "dark" / "2.png").write_bytes(b"no picture")
    with pytest.raises(TaskError, match=r"dark/2\.png: cannot be read as an image"):
        Task.from_folder(broken)
    images(tmp_path / "half" / "train")
    images(tmp_path / "half" / "cats")
    with pytest.raises(TaskError, match="either splits or classes"):
        Task.from_folder(tmp_path / "half")
    images(tmp_path / "untrained" / "test")
    with pytest.raises(TaskError, match="none is train"):
        Task.from_folder(tmp_path / "untrained")


def test_an_image_bomb_is_not_unpacked(tmp_path: Path) -> None:
    """A picture of billions of pixels in a few bytes is refused by its header."""
    folder = images(tmp_path / "bomb")
    (folder / "bright" / "0.png").write_bytes(picture_bomb())
    with pytest.raises(TaskError, match=r"bright/0\.png: cannot be read as an image"):
        Task.from_folder(folder)


def table(path: Path, rows: list[list[object]]) -> Path:
    path.write_text("\n".join(",".join(map(str, row)) for row in rows) + "\n")
    return path


def test_signals(tmp_path: Path) -> None:
    """A row is a series and its label; columns are found by name, and two channels lie step by step or one after the other."""
    from einspace.reading.tables import read_table

    signals = [[*(10 * row + column for column in range(6)), "ab"[row % 2]] for row in range(12)]
    path = table(tmp_path / "signals.csv", [["t0", "t1", "t2", "t3", "t4", "t5", "kind"], *signals])
    task = load_task(str(path))
    assert (task.input.shape, task.labels) == ((6, 1), ("a", "b"))
    steps, _ = read_table(path, channels=2).pools["train"]
    assert steps[1].tolist() == [[10, 11], [12, 13], [14, 15]]
    apart, labels = read_table(path, label="kind", channels=2, layout="channels").pools["train"]
    assert apart[1].tolist() == [[10, 13], [11, 14], [12, 15]]
    assert labels.tolist() == ["a", "b"] * 6
    first = table(tmp_path / "first.csv", [[row % 2, *range(row, row + 5)] for row in range(12)])
    assert Task.from_csv(first, label=0).input.shape == (5, 1)
    split = [[*range(row, row + 4), row % 2, ("train", "valid", "test")[row // 4]] for row in range(12)]
    given = Task.from_csv(table(tmp_path / "split.csv", [["a", "b", "c", "d", "y", "part"], *split]), split="part")
    assert [len(part) for part in given.splits.values()] == [4, 4, 4]


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([["a", "b", "y"], [1, 2, 0], [1, "x", 1]], r"row 3, column b: 'x' is not a number"),
        ([["a", "b", "y"], [1, 2, 0], [1, "nan", 1]], r"row 3, column b: 'nan' is not a finite number"),
        ([["a", "b", "y"], [1, 2, 0], [1, 1]], "row 3: has 2 columns, but the first has 3"),
        ([["a", "b", "y"]], "two rows or more"),
    ],
)
def test_bad_tables(tmp_path: Path, rows: list[list[object]], words: str) -> None:
    """Row and column, as an editor counts them."""
    with pytest.raises(TaskError, match=rf"bad\.csv.*{words}"):
        Task.from_csv(table(tmp_path / "bad.csv", rows))


def test_bad_columns(tmp_path: Path) -> None:
    """A column that is not there, channels that do not divide, an unknown layout."""
    path = table(tmp_path / "t.csv", [["a", "b", "c", "y"], [1, 2, 3, 0], [1, 2, 4, 1]])
    for options, words in (({"label": "z"}, "no column 'z'"), ({"channels": 2}, "do not divide"), ({"layout": "rows"}, "'rows'")):
        with pytest.raises(TaskError, match=words):
            Task.from_csv(path, **options)


def test_paths(tmp_path: Path) -> None:
    """What is no data says what data are; a word that is not a path is a misspelt name."""
    with pytest.raises(TaskError, match="no such file"):
        load_task(str(tmp_path / "none.npz"))
    (tmp_path / "notes.txt").write_text("")
    with pytest.raises(TaskError, match=r"data are a \.npz"):
        load_task(str(tmp_path / "notes.txt"))
    with pytest.raises(UnknownNameError, match="did you mean addnist"):
        load_task("addnst")
    assert issubclass(TaskError, EinspaceError)
