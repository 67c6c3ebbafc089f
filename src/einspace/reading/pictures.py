"""Pictures: the pixels of Pillow's images, as they look, and samples in memory, for which a list of such images may stand."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from einspace.errors import TaskError
from einspace.files.guarded import reading
from einspace.reading.source import Source

WHITE, WHITE_OF_16_BITS = 255, 65_535
"""The largest numbers of an image of 8 bits, and of one of 16."""

DEEP = WHITE_OF_16_BITS // WHITE
"""Times the white of 8 bits is that of 16."""


@contextmanager
def decoding(where: object) -> Iterator[None]:
    """Raise DataError where the block cannot read an image, or where it is one of billions of pixels."""
    from PIL import Image

    with reading(where, "an image"):
        try:
            yield
        except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
            raise ValueError(str(error)) from None


def is_picture(value: Any) -> bool:
    """True if a value is one of Pillow's images."""
    return hasattr(value, "convert") and hasattr(value, "mode")


def are_pictures(given: Any) -> bool:
    """True if a value is a list that holds one of Pillow's images."""
    return isinstance(given, list | tuple) and any(map(is_picture, given))


def is_colour(image: Any) -> bool:
    """True if one of Pillow's images has colours."""
    return not is_deep(image) and image.mode not in ("1", "L", "LA", "La")


def is_deep(image: Any) -> bool:
    """True if one of Pillow's images is grey with more than 8 bits."""
    return bool(image.mode.startswith(("I", "F")))


class Looks(NamedTuple):
    """The common form of images that are used together: in colours if one is, and of 8 bits if one is.

    `shallow` is None where nothing is known of the others, so that each keeps the numbers that it has.
    """

    colours: bool
    shallow: bool | None
    seen: bool = True
    """True if there is an image at all."""

    @property
    def recorded(self) -> bool | None:
        """`Source.shallow` of these images: None where there are none."""
        return self.shallow if self.seen else None


def looks_of(images: Iterable[Any]) -> Looks:
    """The common form of some images."""
    found = {(is_colour(image), is_deep(image)) for image in images}
    colours = any(colour for colour, _ in found)
    return Looks(colours, colours or not all(deep for _, deep in found), bool(found))


def is_cut(image: Any) -> bool:
    """True if one of Pillow's images has 16 bits in each of several channels, of which Pillow reads only the upper 8."""
    return not is_deep(image) and any(";16" in str(part) for tile in image.tile for part in tile)


def is_clear(image: Any) -> bool:
    """True if one of Pillow's images may have transparent parts."""
    return image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info


def upright(image: Any) -> Any:
    """The image as its camera was held (EXIF orientation)."""
    from PIL import ImageOps

    return ImageOps.exif_transpose(image)


def pixels(image: Any, colours: bool, size: tuple[int, int] | None = None, shallow: bool | None = None) -> NDArray[Any]:
    """One of Pillow's images (C, H, W), upright: bytes, but float32 for a grey one of more than 8 bits, which bytes would cut off.

    To be called where `decoding` names the image. What can be seen through lies on white. With `colours` there are three channels.
    `shallow` brings 16 bits to 0 to 255, as they look beside images of 8 bits; False says that none of the others has 8 bits, beside which
    one of 8 would be black: it is refused. `size` is a height and a width.
    """
    image = upright(image)
    if is_deep(image):
        grey = image.convert("F")
        array = np.asarray(grey if size is None else grey.resize((size[1], size[0])))[None]
        if shallow is False or not (colours or shallow):
            return np.repeat(array, 3, axis=0) if colours else array
        if not image.mode.startswith("I;16") and not (array.min() >= 0 and array.max() <= WHITE_OF_16_BITS and image.mode == "I"):
            raise ValueError(f"an image of mode {image.mode} cannot stand among those of 8 bits: its white is not known")
        return np.repeat(array / np.float32(DEEP), 3 if colours else 1, axis=0)
    if shallow is False:
        raise ValueError(f"an image of mode {image.mode} has 8 bits, and the others have more: save it with as many as those")
    if is_clear(image):
        from PIL import Image

        seen = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", seen.size, "white"), seen)
    converted = image.convert("RGB" if colours else "L")
    array = np.asarray(converted if size is None else converted.resize((size[1], size[0])))
    return np.ascontiguousarray(array.transpose(2, 0, 1)) if colours else array[None]


def pixels_of(images: Sequence[Any], looks: Looks, where: str, size: tuple[int, int] | None = None) -> list[NDArray[Any]]:
    """Read the pixels of a list of Pillow's images.

    Raises TaskError for an item of another type, DataError for one that cannot be read.
    """
    found: list[NDArray[Any]] = []
    for number, image in enumerate(images):
        place = f"{where}, item {number}"
        if not is_picture(image):
            raise TaskError(f"{place}: is not an image, unlike others, but {type(image).__name__}")
        with decoding(place):
            found.append(pixels(image, looks.colours, size, looks.shallow))
    return found


def read_pairs(parts: Mapping[str, Any], name: str) -> Source:
    """Samples and targets by split as they are given, but for samples that are a list of Pillow's images.

    Those are read as images in a folder are: as they look, upright, and all in colours if one is. Raises TaskError for an item that is no
    image, and DataError for one that cannot be read; `name` is that of the data, for errors.
    """
    lists = {split: pair[0] for split, pair in parts.items() if isinstance(pair, tuple | list) and len(pair) == 2 and are_pictures(pair[0])}
    looks = looks_of(image for images in lists.values() for image in images if is_picture(image))
    pools = dict(parts)
    for split, images in lists.items():
        where = f"{name}, split {split}, samples" if len(parts) > 1 else f"{name}, samples"
        pools[split] = pixels_of(images, looks, where), parts[split][1]
    return Source(pools, shallow=looks.recorded)
