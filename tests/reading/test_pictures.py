"""Samples and targets in memory as lists: Pillow's images look as those of folders do, and items of unlike shapes are named."""

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from einspace import Task
from einspace.errors import TaskError

Image = pytest.importorskip("PIL.Image")

RNG = np.random.default_rng(0)
PIXELS = RNG.integers(0, 256, (40, 9, 8, 3), dtype=np.uint8)
TWO = np.arange(40) % 2
COLOURS = [Image.fromarray(each) for each in PIXELS]
GREY = [each.convert("L") for each in COLOURS]
INDICES = [Image.fromarray(each[..., 0] % 3) for each in PIXELS]


def seen(images: list[Any]) -> np.ndarray:
    """The pixels of a task's samples in train, as they were read."""
    return Task.from_arrays(images, TWO, test=(images, TWO), valid=(images, TWO), normalise=False, baselines=()).train.x


def test_pictures_of_several_modes_are_brought_to_one() -> None:
    """A palette is its colours, grey is in colours where another image is, and grey ones alone have one channel."""
    assert np.array_equal(seen(COLOURS), PIXELS.transpose(0, 3, 1, 2))
    assert np.array_equal(seen(GREY)[:, 0], np.stack([np.asarray(each) for each in GREY]))
    mixed = seen([image if number % 2 else grey for number, (image, grey) in enumerate(zip(COLOURS, GREY, strict=True))])
    assert np.array_equal(mixed[1], seen(COLOURS)[1])
    assert np.array_equal(mixed[0], np.repeat(np.asarray(GREY[0])[None], 3, axis=0))
    palettes = [each.quantize(16) for each in COLOURS]
    assert palettes[0].mode == "P"
    assert np.array_equal(seen(palettes), seen([each.convert("RGB") for each in palettes]))


def test_pictures_are_upright(tmp_path: Path) -> None:
    """An image that its camera has turned is read as it was held, as from a folder."""
    exif = Image.Exif()
    exif[0x0112] = 6
    COLOURS[0].transpose(Image.Transpose.ROTATE_90).save(tmp_path / "turned.png", exif=exif)
    assert np.array_equal(seen([Image.open(tmp_path / "turned.png"), *COLOURS[1:]]), seen(COLOURS))


def test_splits_of_pictures_are_brought_to_one() -> None:
    """Where train is grey and test in colours, both are in colours."""
    task = Task.from_arrays(GREY, TWO, test=(COLOURS, TWO), normalise=False)
    assert task.input.shape == (3, 9, 8)
    assert np.array_equal(task.test.x, PIXELS.transpose(0, 3, 1, 2))


def test_pictures_that_do_not_fit_are_named() -> None:
    """The message names the item and both sizes, or the type of what is not an image, with the split where there are several."""
    odd = [*COLOURS[:3], COLOURS[3].rotate(90, expand=True), *COLOURS[4:]]
    with pytest.raises(TaskError, match=r"^mine, samples: all must have the same shape, but item 3 is \(3, 8, 9\) and item 0 \(3, 9, 8\)"):
        Task.from_arrays(odd, TWO, name="mine")
    with pytest.raises(TaskError, match=r"^mine, split test, samples: all must have the same shape, but item 3"):
        Task.from_arrays(COLOURS, TWO, test=(odd, TWO), name="mine")
    with pytest.raises(TaskError, match=r"^mine, samples, item 2: is not an image, unlike others, but ndarray"):
        Task.from_arrays([*COLOURS[:2], PIXELS[2], *COLOURS[3:]], TWO, name="mine")


def test_axes_are_not_those_of_pictures(tmp_path: Path) -> None:
    """Axes that are said of images are refused: they are known, and another order would turn the images."""
    for number, image in enumerate(COLOURS):
        path = tmp_path / "ab"[number % 2] / f"{number}.png"
        path.parent.mkdir(exist_ok=True)
        image.save(path)
    both: list[Any] = [partial(Task.from_arrays, COLOURS, TWO), partial(Task.from_folder, tmp_path)]
    for read in both:
        assert read(axes="NCHW").input.shape == (3, 9, 8)
        with pytest.raises(TaskError, match="axes are those of arrays, and the samples are images: leave axes='NHWC' out"):
            read(axes="NHWC")
    narrow = [each.crop((0, 0, 3, 9)) for each in GREY]
    assert Task.from_arrays(narrow, TWO).input.shape == (1, 9, 3)


def test_masks_that_are_pictures_are_numbers() -> None:
    """Targets in a list of images are their values, of a palette the indices; one of another size is named."""
    palettes = [each.copy() for each in INDICES]
    for each in palettes:
        each.putpalette(bytes(range(255, -1, -1)) * 3)
    assert palettes[0].mode == "P"
    for masks in (INDICES, palettes):
        task = Task.from_arrays(COLOURS, masks)
        assert (task.kind, task.output) == ("segmentation", (3, 9, 8))
    with pytest.raises(TaskError, match=r"targets: all must have the same shape, but item 1 is \(8, 9\) and item 0 \(9, 8\)"):
        Task.from_arrays(COLOURS, [INDICES[0], INDICES[1].rotate(90, expand=True), *INDICES[2:]])


def test_lists_of_unlike_shapes_are_named() -> None:
    """Columns of a table of two lengths, and a list beside a number, in place of NumPy's exception."""
    pandas = pytest.importorskip("pandas")
    with pytest.raises(TaskError, match=r"samples: all must have the same shape, but item 1 is \(6,\) and item 0 \(5,\)"):
        Task.from_arrays([pandas.Series(RNG.normal(size=5 + number % 2)) for number in range(40)], TWO)
    with pytest.raises(TaskError, match="targets: all must have the same shape, but item 1 has axes, and item 0, 1, has none"):
        Task.from_arrays(PIXELS, [1, [1, 0]] * 20)
    assert Task.from_arrays(PIXELS, [np.int64(each) for each in TWO]).classes == 2
    assert Task.from_arrays([pandas.DataFrame(each[..., 0]) for each in PIXELS], TWO, axes="NSD").input.shape == (9, 8)
