"""Augmentation: what training does to a batch of images before the network sees it, on their device and by indexing alone."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import pad

from einspace.errors import SettingError


@dataclass(frozen=True)
class Augmentation:
    """A random crop out of the image with `crop` pixels of zeros around it, and with `flip` a mirrored image half of the time.

    Samples are normalised before, so the zeros are the mean of the training split. Raises SettingError for a negative crop.
    """

    crop: int = 0
    flip: bool = False

    def __post_init__(self) -> None:
        if type(self.crop) is not int or self.crop < 0:
            raise SettingError(f"an augmentation crops by a whole number of pixels of at least 0, not {self.crop!r}")

    def draw(self, count: int, generator: torch.Generator) -> Tensor:
        """Chance for `count` images: int64 (count, 3) with the crop's row, its column, and 1 where the image is mirrored."""
        offsets = torch.randint(0, 2 * self.crop + 1, (count, 2), generator=generator)
        mirrored = torch.randint(0, 2 if self.flip else 1, (count, 1), generator=generator)
        return torch.cat([offsets, mirrored], dim=1)

    def padded(self, x: Tensor) -> Tensor:
        """All images (N, C, H, W) with their zeros around them, once for a training: no batch is copied twice."""
        return pad(x, (self.crop,) * 4)

    def __call__(self, padded: Tensor, chosen: Tensor, drawn: Tensor) -> Tensor:
        """Of padded images those that are chosen (n,), cropped and mirrored as drawn (n, 3): (n, C, H, W). All are on one device."""
        channels, (rows, columns) = padded.shape[1], padded.shape[-2:]
        height, width = rows - 2 * self.crop, columns - 2 * self.crop
        # A window lies within one span of an image's numbers, which is copied as a whole; a view of the copy is the window.
        span = (channels - 1) * rows * columns + (height - 1) * columns + width
        starts = chosen * channels * rows * columns + drawn[:, 0] * columns + drawn[:, 1]
        spans = padded.flatten().unfold(0, span, 1).index_select(0, starts)
        cropped = spans.as_strided((len(chosen), channels, height, width), (span, rows * columns, columns, 1))
        places = torch.arange(width, device=padded.device).expand(len(drawn), -1)
        places = torch.where(drawn[:, 2:3] == 1, width - 1 - places, places)
        return cropped.gather(3, places[:, None, None, :].expand_as(cropped))
