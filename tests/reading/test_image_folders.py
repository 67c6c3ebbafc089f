"""Folders of images as people have them: what is none is skipped and said, and what is one is read as it looks."""

import shutil
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from einspace import Task, load_task
from einspace.errors import TaskError
from einspace.reading.images import read_images, suffixes

pillow = pytest.importorskip("PIL.Image", reason="Pillow is not installed")
RNG = np.random.default_rng(0)
PIXELS = RNG.integers(0, 256, (8, 6, 3), dtype=np.uint8)


def folder(root: Path, suffix: str = ".png", mode: str = "RGB", count: int = 6) -> Path:
    """Two classes of images of 8 x 6."""
    for number in range(2 * count):
        path = root / "ab"[number % 2] / f"{number}{suffix}"
        path.parent.mkdir(parents=True, exist_ok=True)
        pillow.fromarray(RNG.integers(0, 256, (8, 6, 3), dtype=np.uint8)).convert(mode).save(path)
    return root


def only(folder: Path) -> np.ndarray:
    """The first image of a folder."""
    return np.asarray(read_images(folder).pools["train"][0][0])


def saved(root: Path, image: Any, name: str = "0.png", **options: Any) -> Path:
    """One image in each of two classes."""
    for label in "ab":
        (root / label).mkdir(parents=True, exist_ok=True)
        image.save(root / label / name, **options)
    return root


@pytest.mark.parametrize("rubbish", [".hidden/0.png", "a/.thumbs/0.png", "__MACOSX/a/0.png", "a/__MACOSX/0.png", "a/._0.png", "Thumbs.db"])
def test_what_systems_leave_is_skipped(tmp_path: Path, rubbish: str) -> None:
    """Hidden names and `__MACOSX` at any depth are neither classes nor samples, and nothing is said of them."""
    path = folder(tmp_path) / rubbish
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"no picture")
    task = load_task(str(tmp_path))
    assert (task.labels, sum(map(len, task.splits.values()))) == (("a", "b"), 12)
    assert all(doubt.startswith("only ") for doubt in task.doubts)


@pytest.mark.parametrize("suffix", [".jfif", ".webp", ".avif", ".tif", ".ppm", ".jp2", ".tga", ".qoi", ".PNG", ".JPG"])
def test_every_format_that_pillow_opens(tmp_path: Path, suffix: str) -> None:
    """By its suffix, whatever its capitals."""
    if suffix.lower() not in suffixes():
        pytest.skip(f"this Pillow opens no {suffix}")
    assert sum(map(len, load_task(str(folder(tmp_path, suffix))).splits.values())) == 12


def test_formats_that_need_another_program_are_not_opened(tmp_path: Path) -> None:
    """PostScript would be run by Ghostscript: it is left out, and counted."""
    assert not {".eps", ".ps", ".mpg", ".h5", ".wmf"} & suffixes()
    (folder(tmp_path) / "a" / "drawing.eps").write_bytes(b"%!PS")
    assert "1 .eps" in load_task(str(tmp_path)).doubts[0]


def test_what_is_left_over_is_counted(tmp_path: Path) -> None:
    """Texts, images beside the classes' folders: the first line of the summary."""
    folder(tmp_path)
    for name in ("a/notes.txt", "b/more.txt", "README.md", "labels.csv"):
        (tmp_path / name).write_text("words")
    pillow.fromarray(PIXELS).save(tmp_path / "stray.png")
    first = load_task(str(tmp_path)).summary().splitlines()[0]
    for words in ("left out", "2 .txt", "1 .png", "1 .csv", "1 .md"):
        assert words in first


def test_a_class_without_images_is_refused(tmp_path: Path) -> None:
    """It would vanish otherwise."""
    (folder(tmp_path) / "c").mkdir()
    with pytest.raises(TaskError, match=r"/c: there are no images of this class"):
        load_task(str(tmp_path))
    (tmp_path / "c" / "notes.txt").write_text("later")
    with pytest.raises(TaskError, match=r"/c: there are no images of this class"):
        load_task(str(tmp_path))


@pytest.mark.parametrize("links", [{"a/here": "."}, {"a/up": "../.."}, {"a/of b": "../b", "b/of a": "../a"}])
def test_a_link_back_is_refused(tmp_path: Path, links: dict[str, str]) -> None:
    """Each image would be a sample forty times, in several splits, and two such links would be followed for ever."""
    root = folder(tmp_path / "data")
    for name, target in links.items():
        (root / name).symlink_to(target)
    with pytest.raises(TaskError, match="is a link to a folder that it lies in: delete the link"):
        load_task(str(root))


def test_a_link_to_a_folder_elsewhere_is_followed(tmp_path: Path) -> None:
    """A class may lie on another disk."""
    root = folder(tmp_path / "data")
    (root / "a").rename(tmp_path / "elsewhere")
    (root / "a").symlink_to(tmp_path / "elsewhere")
    assert sum(map(len, load_task(str(root)).splits.values())) == 12


def test_two_folders_of_one_split_and_deeper_ones(tmp_path: Path) -> None:
    """`val` beside `valid` is refused; images deeper than their class's folder are said."""
    for name in ("train", "val", "valid"):
        folder(tmp_path / "two" / name)
    with pytest.raises(TaskError, match="val and valid are both valid"):
        load_task(str(tmp_path / "two"))
    folder(tmp_path / "deep" / "2024")
    folder(tmp_path / "deep" / "2025")
    task = load_task(str(tmp_path / "deep"))
    assert task.labels == ("2024", "2025")
    assert "lie deeper than CLASS/IMAGE, whose class is the uppermost folder: 24" in task.doubts[0]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_images_are_upright_before_sizes_are_compared(tmp_path: Path, orientation: int) -> None:
    """A picture that was taken upright and one that lies, but for a tag, are of one size and look alike."""
    turned = pillow.fromarray(PIXELS)
    inverse = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}.get(orientation)
    stored = turned if inverse is None else turned.transpose(pillow.Transpose(inverse))
    exif = pillow.Exif()
    exif[0x0112] = orientation
    saved(tmp_path, stored, "0.png", exif=exif)
    saved(tmp_path, turned, "1.png")
    x = read_images(tmp_path).pools["train"][0]
    assert np.array_equal(x[0], PIXELS.transpose(2, 0, 1))
    assert np.array_equal(x[1], PIXELS.transpose(2, 0, 1))


def test_what_can_be_seen_through_lies_on_white(tmp_path: Path) -> None:
    """As it looks: not the colour that was stored below a clear pixel; and the summary says it."""
    clear = np.dstack([PIXELS, np.where(np.arange(6) < 3, 0, 255)[None].repeat(8, 0).astype(np.uint8)])
    x = only(saved(tmp_path / "rgba", pillow.fromarray(clear)))
    assert (x[:, :, :3] == 255).all()
    assert np.array_equal(x[:, :, 3:], PIXELS.transpose(2, 0, 1)[:, :, 3:])
    grey = only(saved(tmp_path / "la", pillow.fromarray(clear).convert("LA")))
    assert grey.shape == (1, 8, 6)
    assert (grey[:, :, :3] == 255).all()
    assert "transparent images, laid on white: 2" in read_images(tmp_path / "la").notes


def test_palettes_are_colours(tmp_path: Path) -> None:
    """The colours of a palette, not its numbers; a clear entry of it lies on white."""
    flat = pillow.fromarray(np.repeat(np.arange(8, dtype=np.uint8)[:, None], 6, 1), "L").convert("P")
    flat.putpalette([channel for entry in range(256) for channel in (255 - entry, entry, 7)])
    x = only(saved(tmp_path / "plain", flat))
    assert x[:, 3, 0].tolist() == [252, 3, 7]
    y = only(saved(tmp_path / "clear", flat, transparency=3))
    assert y[:, 3, 0].tolist() == [255, 255, 255]
    assert y[:, 4, 0].tolist() == [251, 4, 7]


@pytest.mark.parametrize(("kind", "channels", "shape"), [(2, 3, (3, 2, 3)), (4, 2, (3, 2, 3)), (6, 4, (3, 2, 3))])
def test_16_bits_in_each_of_several_channels_are_said_to_be_cut(tmp_path: Path, kind: int, channels: int, shape: tuple[int, ...]) -> None:
    """Pillow reads the upper eight of colours, and of grey that can be seen through, which a note says; those of 8 bits have none."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    rows = b"".join(b"\0" + struct.pack(f">{3 * channels}H", *[65_535] * 3 * channels) for _ in range(2))
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 3, 2, 16, kind, 0, 0, 0))
    content = b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    for label in "ab":
        (tmp_path / "deep" / label).mkdir(parents=True)
        (tmp_path / "deep" / label / "0.png").write_bytes(content)
    found = read_images(tmp_path / "deep")
    assert "images of 16 bits in each of several channels, of which the upper 8 are read: 2" in found.notes
    assert only(tmp_path / "deep").shape == shape
    assert only(tmp_path / "deep").max() == 255
    assert not any("upper 8" in note for note in read_images(folder(tmp_path / "shallow")).notes)


def test_images_of_16_bits_as_they_look(tmp_path: Path) -> None:
    """Alone they keep their values; beside 8 bits or colours white is white, not cut off at 255."""
    deep = np.array([[0, 257, 65_535], [32_896, 20_000, 300]], np.uint16)
    assert np.array_equal(only(saved(tmp_path / "alone", pillow.fromarray(deep)))[0], deep)
    assert "16 bits, with the values that they have: 2" in read_images(tmp_path / "alone").notes[0]
    shallow = pillow.fromarray(np.zeros((2, 3), np.uint8))
    saved(tmp_path / "mixed", pillow.fromarray(deep), "0.png")
    x = only(saved(tmp_path / "mixed", shallow, "1.png"))
    assert x[0] == pytest.approx(deep / 257)
    saved(tmp_path / "colours", pillow.fromarray(deep), "0.png")
    x = only(saved(tmp_path / "colours", shallow.convert("RGB"), "1.png"))
    assert x.shape == (3, 2, 3)
    assert x[2] == pytest.approx(deep / 257)
    floats = pillow.fromarray(RNG.random((2, 3)).astype(np.float32))
    saved(tmp_path / "floats", floats, "0.tif")
    with pytest.raises(TaskError, match="mode F cannot stand among those of 8 bits"):
        read_images(saved(tmp_path / "floats", shallow, "1.png"))


def test_several_pictures_in_one_file(tmp_path: Path) -> None:
    """The first is taken, and the summary says so."""
    frames = [pillow.fromarray(RNG.integers(0, 256, (8, 6), dtype=np.uint8)) for _ in range(3)]
    saved(tmp_path, frames[0], "0.tif", save_all=True, append_images=frames[1:])
    assert read_images(tmp_path).doubts == ("images with several pictures or pages, of which the first is taken: 2",)


def test_size_is_two_whole_numbers(tmp_path: Path) -> None:
    """NumPy's are whole numbers too; anything else is refused."""
    folder(tmp_path)
    assert Task.from_folder(tmp_path, size=(np.int64(4), 4)).input.shape == (3, 4, 4)  # type: ignore[arg-type]
    for size in ((4,), (4.5, 4), (True, 4)):
        with pytest.raises(TaskError, match="size is a height and a width in pixels"):
            Task.from_folder(tmp_path, size=size)  # type: ignore[arg-type]


def png(pixels: bytes, width: int, height: int, bits: int, colours: int, interlaced: int = 0) -> bytes:
    """A PNG file with a sound stream of these bytes, be they enough or not."""
    parts = [(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, colours, 0, 0, interlaced))]
    parts += [(b"PLTE", bytes(range(1, 13)))] if colours == 3 else []
    packed = zlib.compress(pixels)
    parts += [(b"IDAT", packed[:5]), (b"IDAT", packed[5:]), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in parts
    )


@pytest.mark.parametrize(("bits", "colours", "row"), [(8, 2, 19), (8, 0, 7), (1, 0, 2), (2, 3, 3), (16, 0, 13), (16, 2, 37), (8, 6, 25)])
def test_a_png_whose_last_rows_are_missing(tmp_path: Path, bits: int, colours: int, row: int) -> None:
    """It is refused by its name, where Pillow would read black; one whose last rows are black is read, whatever its pixels are made of."""
    saved(tmp_path, pillow.fromarray(PIXELS[:, :, 0] if colours == 0 else PIXELS))
    file = tmp_path / "a" / "0.png"
    lines = [b"\0" + bytes([1]) * (row - 1)] * 6 + [b"\0" * row] * 2
    file.write_bytes(png(b"".join(lines), 6, 8, bits, colours))
    assert len(read_images(tmp_path).pools["train"][0]) == 2
    for rows in (7, 6):
        file.write_bytes(png(b"".join(lines[:rows]), 6, 8, bits, colours))
        with pytest.raises(TaskError, match=r"a.0\.png: .*its last rows are missing"):
            read_images(tmp_path)


def test_an_interlaced_png_whose_last_rows_are_missing(tmp_path: Path) -> None:
    """Its last row may be there, and others are not."""
    saved(tmp_path, pillow.fromarray(PIXELS[:7, :, 0]))
    file = tmp_path / "a" / "0.png"
    widths = (1, 1, 2, 1, 1, 3, 3, 3, 3, 3, 3, 6, 6, 6)
    """Of the rows of the passes: 1, 1, 1, 2, 2, 4 and 3 of them."""
    lines = [b"\0" + bytes([9]) * width for width in widths]
    file.write_bytes(png(b"".join(lines), 6, 7, 8, 0, 1))
    assert (read_images(tmp_path).pools["train"][0][0] == 9).all()
    file.write_bytes(png(b"".join(lines[:-1]), 6, 7, 8, 0, 1))
    with pytest.raises(TaskError, match="its last rows are missing"):
        read_images(tmp_path)


@pytest.mark.parametrize("above", ["", "train"])
@pytest.mark.parametrize("names", [("images", "masks"), ("Image", "Label"), ("x", "y")])
def test_samples_beside_their_targets_are_no_classes(tmp_path: Path, above: str, names: tuple[str, str]) -> None:
    """A folder of images beside one of masks would be learnt as images against masks, at the top and below a split."""
    root = folder(tmp_path / above)
    for before, name in zip("ab", names, strict=True):
        (root / before).rename(root / name)
    with pytest.raises(TaskError, match=rf"{names[0]} and {names[1]}, .* no classes: .* read with from_arrays") as caught:
        load_task(str(tmp_path))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("names", [("train_images", "test_images"), ("trainA", "testA"), ("cats-train", "cats-val")])
def test_splits_in_the_names_of_folders_are_no_classes(tmp_path: Path, names: tuple[str, str]) -> None:
    """They would be learnt as two classes that nothing tells apart."""
    root = folder(tmp_path)
    for before, name in zip("ab", names, strict=True):
        (root / before).rename(root / name)
    with pytest.raises(TaskError, match=r"holds .*, which are splits, no classes: .*train/CLASS/IMAGE"):
        load_task(str(root))


@pytest.mark.parametrize("names", [("mask", "no_mask"), ("bullet_train", "test_tube", "mug"), ("x", "y", "z"), ("y", "n")])
def test_classes_that_are_called_like_samples_or_splits_in_part(tmp_path: Path, names: tuple[str, ...]) -> None:
    """Faces with a mask, things with a split's name in theirs, and letters are classes."""
    root = folder(tmp_path)
    for before, name in zip("ab", names, strict=False):
        (root / before).rename(root / name)
    for name in names[2:]:
        shutil.copytree(root / names[0], root / name)
    assert len(load_task(str(root)).labels) == len(names)
