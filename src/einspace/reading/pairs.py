"""Pairs: samples and targets in memory, where a list of Pillow's images may stand for an array."""

from collections.abc import Mapping
from typing import Any

from einspace.reading.pictures import are_pictures, is_picture, looks_of, pixels_of
from einspace.reading.source import Source


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
