"""Batches in memory against a data loader: how fast do samples of AddNIST's shape reach a network?

    python benchmarks/data.py [--samples 45000] [--batch 256] [--workers 4] [--seconds 3]

Both shuffle, crop (pad 4) and flip every image of 3 x 28 x 28. Ours are batches by index from tensors that lie on the device, augmented by
index too, as `train` makes them. The other is `torch.utils.data.DataLoader` over a data set that gives one image, cropped and flipped, at a
time, as torchvision's transforms do it, with workers that are kept. Speeds are over whole epochs, for at least the given time, the loader's
without its start: by the clock, and by processor time summed over this process and the workers, which is what is left to train with where
that happens on the same cores, and which other load on the machine changes least. The bar is 5 times the loader: by the clock on an
accelerator, by processor time on cores. Ours runs on one thread.
"""

import argparse
import time
import warnings
from collections.abc import Callable, Iterator
from typing import NamedTuple

import psutil
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from einspace.tasks import Augmentation

BAR = 5.0
"""Times a loader's samples a second."""

SHAPE = (3, 28, 28)
CROP = 4


class Images(Dataset[tuple[Tensor, int]]):
    """One image at a time, as a data loader wants it."""

    def __init__(self, x: Tensor, y: Tensor, augmented: bool) -> None:
        self.x, self.y, self.augmented = x, y, augmented

    def __len__(self) -> int:
        return len(self.x)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        x = self.x[index]
        if self.augmented:
            row, column, mirrored = (int(value) for value in torch.randint(0, 2 * CROP + 1, (3,)))
            x = torch.nn.functional.pad(x, (CROP,) * 4)[:, row : row + SHAPE[1], column : column + SHAPE[2]]
            x = x.flip(-1) if mirrored % 2 else x
        return x, int(self.y[index])


def in_memory(x: Tensor, y: Tensor, batch: int, augmentation: Augmentation | None) -> Iterator[tuple[Tensor, Tensor]]:
    """The batches of one epoch, as `einspace.evaluation.training.train` makes them; `x` is padded where there is an augmentation."""
    generator = torch.Generator().manual_seed(0)
    order = torch.randperm(len(x), generator=generator).to(x.device)
    drawn = None if augmentation is None else augmentation.draw(len(x), generator).to(x.device)
    for start in range(0, len(x), batch):
        chosen = order[start : start + batch]
        yield (x[chosen] if augmentation is None or drawn is None else augmentation(x, chosen, drawn[chosen])), y[chosen]


class Speed(NamedTuple):
    """Samples by seconds of the clock, and by seconds of processor time."""

    clock: float
    processor: float


def processor_time() -> float:
    """Seconds of this process and of those that it has started."""
    this = psutil.Process()
    return float(sum(times.user + times.system for times in (process.cpu_times() for process in (this, *this.children(recursive=True)))))


def speed(epoch: Callable[[], Iterator[tuple[Tensor, Tensor]]], seconds: float, device: str) -> Speed:
    """From the first batch of an epoch on: starting workers does not count."""
    samples, clock, processor = 0, 0.0, 0.0
    while clock < seconds:
        batches = epoch()
        next(batches)
        start, spent = time.perf_counter(), processor_time()
        for x, y in batches:
            x.to(device, non_blocking=True), y.to(device, non_blocking=True)
            samples += len(x)
        if device == "cuda":
            torch.cuda.synchronize()
        clock += time.perf_counter() - start
        processor += processor_time() - spent
    return Speed(samples / clock, samples / processor)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, value in (("samples", 45_000), ("batch", 256), ("workers", 4)):
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--seconds", type=float, default=3.0)
    given = parser.parse_args()
    warnings.filterwarnings("ignore", message="This DataLoader will create")
    device = "cuda" if torch.cuda.is_available() else "cpu"
    torch.manual_seed(0)
    torch.set_num_threads(1)
    x, y = torch.randn(given.samples, *SHAPE), torch.randint(0, 20, (given.samples,))
    on_device, labels = x.to(device), y.to(device)
    print(f"{given.samples:,} samples of {SHAPE} in batches of {given.batch} on {device}")
    for augmentation in (Augmentation(crop=CROP, flip=True), None):
        loader = DataLoader(
            Images(x, y, augmentation is not None),
            given.batch,
            shuffle=True,
            num_workers=given.workers,
            persistent_workers=given.workers > 0,
        )
        loaded = speed(lambda loader=loader: iter(loader), given.seconds, device)  # type: ignore[misc]
        images = on_device if augmentation is None else augmentation.padded(on_device)  # once for a training
        ours = speed(lambda a=augmentation, i=images: in_memory(i, labels, given.batch, a), given.seconds, device)  # type: ignore[misc]
        clock, processor = ours.clock / loaded.clock, ours.processor / loaded.processor
        ratio = clock if device == "cuda" else processor
        print(f"{'cropped and flipped' if augmentation else 'as they are'}:")
        print(f"  by the clock: {ours.clock:,.0f} samples/s in memory, {loaded.clock:,.0f} by {given.workers} workers, ratio {clock:.1f}")
        print(f"  by processor time: {ours.processor:,.0f} in memory, {loaded.processor:,.0f} by the workers, ratio {processor:.1f}")
        print(f"  {ratio:.1f} times the loader (bar {BAR:g}: {'met' if ratio >= BAR else 'missed'})")
        del loader


if __name__ == "__main__":
    main()
