"""Images of more than 8 bits are read for a prediction as the training images were, or refused."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from tests.predictor.predicted import predictor_of

from einspace.errors import DataError
from einspace.predictor import About, Predictor
from einspace.tasks import Task

RNG = np.random.default_rng(0)


def grey_images(folder: Path, deep: bool, shallow: bool) -> Path:
    """White and black images of two classes, of 16 bits, of 8, or of either by turns, and noise between them."""
    for number in range(24):
        of_class = folder / ("cat", "dog")[number % 2]
        of_class.mkdir(parents=True, exist_ok=True)
        wide = deep and (not shallow or number % 4 < 2)
        pixels = RNG.integers(0, 2, (6, 5)) * (65_535 if wide else 255)
        Image.fromarray(pixels.astype(np.uint16 if wide else np.uint8)).save(of_class / f"{number:02}.png")
    return folder


def largest(predictor: Predictor, given: Any) -> float:
    """Of all numbers that the network gets."""
    return max(float(batch.max()) for batch in predictor.samples(given).batches(7))


def test_images_of_16_bits_are_as_white_as_in_training(tmp_path: Path) -> None:
    """65535 is 255 where training had images of 8 bits too, in a folder or in a data set, and itself where all had 16."""
    mixed, deep = grey_images(tmp_path / "mixed", True, True), grey_images(tmp_path / "deep", True, False)
    predictor = predictor_of(Task.from_folder(mixed, baselines=()))
    assert predictor.about.preprocessing.high is not None
    assert predictor.about.preprocessing.high.max() == largest(predictor, mixed) == largest(predictor, deep) == 255
    again = About.from_json(json.loads(json.dumps(predictor.about.to_json())), predictor.about.preprocessing.tensors())
    assert again.preprocessing.shallow is True
    items = [(Image.open(path).copy(), path.parent.name) for path in sorted(mixed.rglob("*.png"))]
    assert largest(predictor_of(Task.from_dataset(items, baselines=())), deep) == 255
    assert largest(predictor_of(Task.from_folder(deep, baselines=())), deep) == 65_535
    bytes_alone = grey_images(tmp_path / "bytes", False, True)
    assert largest(predictor_of(Task.from_folder(bytes_alone, baselines=())), deep) == 255


def test_what_older_runs_did_not_record_is_read_as_before(tmp_path: Path) -> None:
    """Without a record the type of the training data decides: bytes are 8 bits, float32 was 16."""
    deep = grey_images(tmp_path / "deep", True, False)
    x = RNG.integers(0, 256, (24, 1, 6, 5), dtype=np.uint8)
    for given, white in ((x, 255), (x.astype(np.float32), 65_535)):
        assert largest(predictor_of(Task.from_arrays(given, np.arange(24) % 2, axes="NCHW", baselines=())), deep) == white


def test_deep_pictures_keep_their_values_beside_arrays_of_16_bits() -> None:
    """Arrays of 16 bits in training say that 65535 is itself."""
    deep = RNG.integers(0, 65_536, (24, 6, 5), dtype=np.uint16)
    predictor = predictor_of(Task.from_arrays(deep, np.arange(24) % 2, axes="NHW", baselines=()))
    pictures = [Image.fromarray(each) for each in deep]
    assert np.allclose(predictor.predict_proba(pictures), predictor.predict_proba(deep))


SHALLOW = "an image of mode {} has 8 bits, and the others have more: save it with as many as those"


def test_images_of_8_bits_are_refused_where_all_of_training_had_16(tmp_path: Path) -> None:
    """A white one of 8 bits would be 257 times too dark: in a folder, alone, in colours and in memory it is refused by its name."""
    deep, low = grey_images(tmp_path / "deep", True, False), grey_images(tmp_path / "low", False, True)
    paths = sorted(deep.rglob("*.png"))
    images, labels = [Image.open(path).copy() for path in paths], [path.parent.name for path in paths]
    Image.new("RGB", (5, 6), "white").save(tmp_path / "white.png")
    grey, one = Image.new("L", (5, 6), 255), sorted(low.rglob("*.png"))[0]
    of_set, of_list = (
        Task.from_dataset(list(zip(images, labels, strict=True)), baselines=()),
        Task.from_arrays(images, labels, baselines=()),
    )
    for task in (Task.from_folder(deep, baselines=()), of_set, of_list):
        predictor = predictor_of(task)
        assert largest(predictor, deep) == largest(predictor, images) == 65_535
        for given, name, mode in ((low, one.name, "L"), (one, one.name, "L"), (tmp_path / "white.png", "white.png", "RGB")):
            with pytest.raises(DataError, match=f"{name}: cannot be read as an image: {SHALLOW.format(mode)}"):
                predictor.predict(given)
        for listed in (grey, [images[0], grey]):
            with pytest.raises(DataError, match=f"samples, item .: cannot be read as an image: {SHALLOW.format('L')}"):
                predictor.predict(listed)


@pytest.mark.parametrize("dtype", [np.uint16, np.int32])
def test_arrays_of_16_bits_say_so_by_their_numbers(dtype: type) -> None:
    """Whole numbers over 255 are of 16 bits, beside which a picture of 8 is refused; a type with room for more says nothing."""
    y, grey = np.arange(24) % 2, Image.new("L", (5, 6), 255)
    deep: NDArray[Any] = RNG.integers(0, 65_536, (24, 6, 5)).astype(dtype)
    with pytest.raises(DataError, match=SHALLOW.format("L")):
        predictor_of(Task.from_arrays(deep, y, axes="NHW", baselines=())).predict(grey)
    colours: NDArray[Any] = RNG.integers(0, 65_536, (24, 3, 6, 5)).astype(dtype)
    predictor = predictor_of(Task.from_arrays(colours, y, axes="NCHW", baselines=()))
    with pytest.raises(DataError, match=SHALLOW.format("RGB")):
        predictor.predict(grey.convert("RGB"))
    assert largest(predictor, Image.fromarray(np.full((6, 5), 65_535, np.uint16))) == 65_535
    for given in ((deep // 257).astype(dtype), (deep // 257).astype(np.float32)):
        assert largest(predictor_of(Task.from_arrays(given, y, axes="NHW", baselines=())), grey) == 255
