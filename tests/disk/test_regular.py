"""Paths of others: only a regular file of a readable size is opened, so that nothing waits for a pipe or reads a device without end."""

import json
import os
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import psutil
import pytest

from einspace.config import load
from einspace.disk.regular import read_json, read_small, read_whole, size_of
from einspace.errors import EinspaceError
from einspace.files import members, read, read_mat, read_npy, read_npz, read_pickle
from einspace.reading.csvfile import read_csv
from einspace.reading.frames import read_frame_file
from einspace.run.folder import Run

pytestmark = pytest.mark.timeout(60)


def load_weights(path: Path) -> None:
    from torch import nn

    from einspace.networks.export.weights import load_weights

    load_weights(nn.Linear(2, 2), path)


def read_image(path: Path) -> object:
    from einspace.reading.images import read_images

    folder = path.parent / "images" / "class"
    folder.mkdir(parents=True)
    (folder / "a.png").symlink_to(path)
    return read_images(folder.parent)


def run_settings(path: Path) -> object:
    (path.parent / "run").mkdir()
    (path.parent / "run" / "run.json").symlink_to(path)
    return Run(path.parent, "run").settings()


def of_run(name: str, read: Callable[[Path], object]) -> Callable[[Path], object]:
    """Reads a folder in which the path lies under a name."""

    def call(path: Path) -> object:
        (path.parent / "run").mkdir(exist_ok=True)
        (path.parent / "run" / name).symlink_to(path)
        return read(path.parent / "run")

    return call


def stored_predictor(folder: Path) -> object:
    from einspace.predictor import load_predictor

    return load_predictor(folder)


def stored_weights(folder: Path) -> object:
    from einspace.predictor.folder import WEIGHTS, _file

    return _file(folder, WEIGHTS, {})


def stored_grammar(folder: Path) -> object:
    from einspace.run.attachments import grammar_of_run

    return grammar_of_run(folder, {})


def stored_preprocessing(folder: Path) -> object:
    from einspace.run.attachments import preprocessing_of_run

    return preprocessing_of_run(folder, {"preprocessing": {}})


def stored_study(folder: Path) -> object:
    from einspace.result import load_result

    return load_result(folder.name, str(folder.parent))


READERS: dict[str, Callable[[Path], object]] = {
    "a.npy": read_npy,
    "a.npz": read_npz,
    "a.gz": read,
    "a.idx": read,
    "a.pkl": read_pickle,
    "a.tar": lambda path: members(path, ("file",)),
    "a.mat": lambda path: read_mat(path, ("x",)),
    "a.csv": read_csv,
    "a.parquet": read_frame_file,
    "a.yaml": lambda path: load(path, {}),
    "a.safetensors": load_weights,
    "a.png": read_image,
    "run.json": run_settings,
    "predictor.json": of_run("predictor.json", stored_predictor),
    "weights.safetensors": of_run("weights.safetensors", stored_weights),
    "grammar.json": of_run("grammar.json", stored_grammar),
    "preprocessing.safetensors": of_run("preprocessing.safetensors", stored_preprocessing),
    "study.db": of_run("study.db", stored_study),
}


@pytest.mark.parametrize("kind", ["pipe", "device"])
@pytest.mark.parametrize("name", READERS)
def test_pipes_and_devices(tmp_path: Path, name: str, kind: str) -> None:
    """A pipe that nobody writes to and a device without an end are one message, from every reader."""
    path = tmp_path / name
    if kind == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to("/dev/zero")
    with pytest.raises(EinspaceError, match="not a regular file"):
        READERS[name](path)


@pytest.mark.slow
def test_files_of_20_gib(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of holes, which takes no room on the disk, is refused by its size before it is read."""
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=2**26))
    for name in ("a.csv", "a.idx", "a.yaml", "a.safetensors", "run.json", "weights.safetensors", "study.db"):
        path = tmp_path / name
        with path.open("wb") as file:
            file.truncate(20 * 2**30)
        with pytest.raises(EinspaceError, match=r"larger than|but 67,108,864 are free|at most 67,108,864 are read|not a database"):
            READERS[name](path)


def test_images_that_are_large_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight images, each of which fits, are refused by their sum before the first is decoded."""
    image = pytest.importorskip("PIL.Image")
    from einspace.reading.images import read_images

    for number in range(8):
        (tmp_path / f"{number % 2}").mkdir(exist_ok=True)
        image.new("RGB", (500, 400)).save(tmp_path / f"{number % 2}" / f"{number}.png")
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=6_000_000))
    with pytest.raises(EinspaceError, match=r"8 images of 200,000 pixels or fewer need about 11,200,000 bytes of memory"):
        read_images(tmp_path)
    assert next(iter(read_images(tmp_path, (4, 4)).pools.values()))[0].shape == (8, 3, 4, 4)


def test_names_are_escaped(tmp_path: Path) -> None:
    """The name of a broken file cannot write a second message, nor to the terminal."""
    path = tmp_path / "a\n\x1b[31merror: all is well.npy"
    path.write_bytes(b"x")
    with pytest.raises(EinspaceError) as caught:
        read_npy(path)
    assert "\n" not in str(caught.value)
    assert "\x1b" not in str(caught.value)


def test_deep_and_large_json(tmp_path: Path) -> None:
    """JSON that is nested without end or larger than allowed is refused, what is whole is read."""
    path = tmp_path / "a.json"
    path.write_text("[" * 200_000)
    with pytest.raises(ValueError, match="too deeply"):
        read_json(path)
    path.write_text(json.dumps({"a": 1}))
    assert read_json(path) == {"a": 1}
    with pytest.raises(OSError, match="larger than 3 bytes"):
        read_small(path, 3)
    with pytest.raises(OSError, match="NUL"):
        size_of("a\0b")
    np.save(tmp_path / "b.npy", np.arange(3))
    assert size_of(tmp_path / "b.npy") == (tmp_path / "b.npy").stat().st_size


def test_reading_takes_as_much_memory_as_the_file(tmp_path: Path) -> None:
    """And not as much as may be taken, which is all that is free where weights are read."""
    (tmp_path / "file").write_bytes(bytes(1000))
    tracemalloc.start()
    try:
        assert len(read_whole(tmp_path / "file")) == 1000
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()
