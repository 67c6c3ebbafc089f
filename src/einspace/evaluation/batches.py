"""Batches: samples for training, shuffled and augmented by index, from tensors on the device or from files."""

from collections.abc import Iterator
from itertools import pairwise

import torch
from torch import Tensor

from einspace.errors import TaskError
from einspace.tasks.augmentation import Augmentation
from einspace.tasks.stored import OnDisk


class Batches:
    """The batches of a training, over samples `x` (N, ...) and targets `y` (N, ...) of one device.

    Samples that are too many for the memory are an `OnDisk`, of which each batch is read when its turn comes.
    A last batch of a single sample is left out: batch norm on a 1 x 1 image cannot take it. Raises TaskError for fewer than two samples.
    """

    def __init__(self, x: Tensor | OnDisk, y: Tensor, size: int, augmentation: Augmentation | None = None) -> None:
        starts = [start for start in range(0, len(x), size) if len(x) - start > 1]
        if not starts:
            raise TaskError(f"training needs two samples or more, not {len(x)}")
        self._stored = x if isinstance(x, OnDisk) else None
        self._y = y
        self._size = size
        self._augmentation = augmentation
        self._ends = [*starts, min(len(x), starts[-1] + size)]
        if not isinstance(x, OnDisk):
            self._x = x if augmentation is None else augmentation.padded(x)
            self._held = x.new_empty((min(size, len(x)), *x.shape[1:]))

    def __len__(self) -> int:
        """Batches of an epoch."""
        return len(self._ends) - 1

    @property
    def samples(self) -> int:
        """Samples of an epoch."""
        return self._ends[-1]

    def epoch(self, generator: torch.Generator) -> Iterator[tuple[Tensor, Tensor]]:
        """Samples and targets of the batches of one epoch; `generator`, on the CPU, shuffles and draws what the augmentation does.

        The samples of a batch lie where those of the batch before lay, which is faster than new memory: whoever keeps them copies them.
        """
        order = torch.randperm(len(self._y), generator=generator)
        if self._augmentation is None and self._stored is not None:
            for start, end in pairwise(self._ends):
                yield self._stored.take(order[start:end]), self._y[order[start:end].to(self._y.device)]
            return
        if self._augmentation is None:
            order = order.to(self._y.device)
            for start, end in pairwise(self._ends):
                chosen = order[start:end]
                yield torch.index_select(self._x, 0, chosen, out=self._held[: end - start]), self._y[chosen]
            return
        drawn = self._augmentation.draw(len(order), generator)
        order, drawn = (part[_mirrored_last(drawn[:, 2], self._size)] for part in (order, drawn))
        mirrored = [int(drawn[start:end, 2].sum()) for start, end in pairwise(self._ends)]
        drawn = drawn.to(self._y.device)
        if self._stored is not None:
            for (start, end), count in zip(pairwise(self._ends), mirrored, strict=True):
                batch = self._stored.take(order[start:end])
                places = torch.arange(len(batch), device=batch.device)
                changed = self._augmentation(self._augmentation.padded(batch), places, drawn[start:end], count, torch.empty_like(batch))
                yield changed, self._y[order[start:end].to(self._y.device)]
            return
        order = order.to(self._y.device)
        for (start, end), count in zip(pairwise(self._ends), mirrored, strict=True):
            chosen = order[start:end]
            yield self._augmentation(self._x, chosen, drawn[start:end], count, self._held[: end - start]), self._y[chosen]


def _mirrored_last(mirrored: Tensor, size: int) -> Tensor:
    """An order (N,) of samples that keeps each batch's samples and puts the ones to mirror, 1 in `mirrored`, at the end of the batch."""
    batch = torch.arange(len(mirrored)) // size
    return torch.argsort(2 * batch + mirrored, stable=True)
