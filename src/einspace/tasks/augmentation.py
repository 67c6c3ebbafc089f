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

    def __call__(self, x: Tensor, drawn: Tensor) -> Tensor:
        """Images (N, C, H, W) as drawn (N, 3), in their size; both on one device."""
        size, (height, width) = len(x), x.shape[-2:]
        rows = torch.arange(height, device=x.device) + drawn[:, 0:1]
        columns = torch.arange(width, device=x.device).expand(size, -1)
        columns = torch.where(drawn[:, 2:3] == 1, width - 1 - columns, columns) + drawn[:, 1:2]
        padded = pad(x, (self.crop,) * 4).movedim(1, -1)
        samples = torch.arange(size, device=x.device)[:, None, None]
        return padded[samples, rows[:, :, None], columns[:, None, :]].movedim(-1, 1).contiguous()
