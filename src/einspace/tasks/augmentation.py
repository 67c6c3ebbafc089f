"""Augmentation: random crops and mirror images of a batch in training, on its device and by indexing alone."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import pad

from einspace.errors import SettingError
from einspace.quantities import counted


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

    def __str__(self) -> str:
        """The augmentation in words, for a task's summary."""
        moved = f"moved by up to {counted(self.crop, 'pixel')} each way" if self.crop else ""
        return " and ".join(word for word in (moved, "mirrored half of the time" if self.flip else "") if word) or "none"

    def draw(self, count: int, generator: torch.Generator) -> Tensor:
        """Chance for `count` images: int64 (count, 3) with the crop's row, its column, and 1 where the image is mirrored."""
        offsets = torch.randint(0, 2 * self.crop + 1, (count, 2), generator=generator)
        mirrored = torch.randint(0, 2 if self.flip else 1, (count, 1), generator=generator)
        return torch.cat([offsets, mirrored], dim=1)

    def padded(self, x: Tensor) -> Tensor:
        """All images (N, C, H, W) with their zeros around them, once for a training: no batch is copied twice."""
        return pad(x, (self.crop,) * 4).contiguous()

    def __call__(self, padded: Tensor, chosen: Tensor, drawn: Tensor, mirrored: int, out: Tensor) -> Tensor:
        """The chosen (n,) of the padded images, cropped as drawn (n, 3), in `out` (n, C, H, W), which is returned.

        The last `mirrored` of them are those that are drawn to be mirrored: the count is given, so that no device is waited for. All
        tensors are on one device.
        """
        (channels, rows, columns), (height, width) = padded.shape[1:], out.shape[-2:]
        # A window that begins at any number of any image is a row of this view, so one call copies each chosen one as a whole.
        last = (channels - 1) * rows * columns + (height - 1) * columns + width
        shape = (padded.numel() - last + 1, channels, height, width)
        windows = padded.as_strided(shape, (1, rows * columns, columns, 1))
        starts = chosen * channels * rows * columns + drawn[:, 0] * columns + drawn[:, 1]
        plain = len(chosen) - mirrored
        torch.index_select(windows, 0, starts[:plain], out=out[:plain])
        if mirrored:
            out[plain:] = windows.index_select(0, starts[plain:]).flip(-1)
        return out
