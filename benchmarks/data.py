"""Batches in memory against a data loader: how fast do samples of AddNIST's shape reach a network?

    python benchmarks/data.py [--samples 45000] [--batch 256] [--workers 4] [--seconds 3] [--stored MIB]

Both shuffle, crop (pad 4) and flip every image of 3 x 28 x 28. Ours are the `Batches` of a training, from tensors that lie on the
device, augmented there by index. The other is `torch.utils.data.DataLoader` over a data set that gives one image, cropped and flipped, at a
time, as torchvision's transforms do it, with workers that are kept. Speeds are over whole epochs, for at least the given time, the loader's
without its start. The bar is 5 times the loader's samples a second by the clock, though ours run on one thread and the loader's workers
on all cores; beside it stands what processor time says, summed over this process and the workers, which is what is left to train with where
that happens on the same cores. Ours on all threads of PyTorch are shown too: copies of rows gain little from more of them.

With --stored, a file of so many MiB of bytes, channels last, is made a task as a user's memory-mapped array, and an epoch is read from it
batch by batch; what the process holds of its own meanwhile is shown beside what the samples would take as float32.
"""

import argparse
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from math import prod
from pathlib import Path
from typing import NamedTuple

import numpy as np
import psutil
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from einspace.evaluation.batches import Batches
from einspace.tasks import Augmentation, Task
from einspace.tasks.stored import OnDisk

BAR = 5.0
"""Times a loader's samples a second, by the clock."""

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


def private_memory() -> int:
    """Bytes of memory that are this process's alone: pages of a file that is mapped can be dropped, and are not."""
    return int(psutil.Process().memory_full_info().uss - _mapped_pages())


def _mapped_pages() -> int:
    """Bytes of mapped files that lie in memory and that no other process maps too."""
    return sum(int(part.private_clean + part.private_dirty) for part in psutil.Process().memory_maps() if part.path.endswith(".npy"))


def stored(mebibytes: int, batch: int, seconds: float, device: str) -> None:
    """Make a file, a task of it and epochs from it, and print speed and memory."""
    shape = (64, 64, 3)
    count = mebibytes * 2**20 // prod(shape)
    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.npy"
        with path.open("wb") as file:
            np.lib.format.write_array_header_1_0(file, {"descr": "|u1", "fortran_order": False, "shape": (count, *shape)})
            for start in range(0, count, 1024):
                file.write(rng.integers(0, 256, (min(1024, count - start), *shape), dtype=np.uint8).tobytes())
        before = private_memory()
        clock = time.perf_counter()
        task = Task.from_arrays(np.load(path, mmap_mode="r"), np.arange(count) % 10, axes="NHWC")
        made = time.perf_counter() - clock
        x = OnDisk([task.train.x], task.normaliser, device)
        batches = Batches(x, torch.from_numpy(task.train.y).to(device), batch)
        measured = speed(lambda: batches.epoch(torch.Generator().manual_seed(0)), seconds, device)
        most = private_memory() - before
    whole = 4 * count * prod(shape) / 2**20
    print(f"a file of {mebibytes:,} MiB, {count:,} samples of {shape}, which are {whole:,.0f} MiB as float32:")
    print(f"  the task is made in {made:.1f} s; an epoch reads {measured.clock:,.0f} samples/s; {most / 2**20:,.0f} MiB are held")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, value in (("samples", 45_000), ("batch", 256), ("workers", 4)):
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--stored", type=int, default=0, metavar="MIB")
    given = parser.parse_args()
    warnings.filterwarnings("ignore", message="This DataLoader will create")
    device = "cuda" if torch.cuda.is_available() else "cpu"
    torch.manual_seed(0)
    cores = torch.get_num_threads()
    torch.set_num_threads(1)
    if given.stored:
        stored(given.stored, given.batch, given.seconds, device)
        return
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
        batches = Batches(on_device, labels, given.batch, augmentation)
        ours = {}
        for threads in dict.fromkeys((1, cores)):
            torch.set_num_threads(threads)
            ours[threads] = speed(lambda b=batches: b.epoch(torch.Generator().manual_seed(0)), given.seconds, device)  # type: ignore[misc]
        torch.set_num_threads(1)
        clock, processor = ours[1].clock / loaded.clock, ours[1].processor / loaded.processor
        print(f"{'cropped and flipped' if augmentation else 'as they are'}:")
        print(
            f"  by the clock: {ours[1].clock:,.0f} samples/s in memory, {loaded.clock:,.0f} by {given.workers} workers, ratio {clock:.1f}"
        )
        print(f"  by processor time: {ours[1].processor:,.0f} in memory, {loaded.processor:,.0f} by the workers, ratio {processor:.1f}")
        for threads in list(ours)[1:]:
            print(f"  on {threads} threads, by the clock: {ours[threads].clock:,.0f} samples/s in memory")
        print(f"  {clock:.1f} times the loader (bar {BAR:g}: {'met' if clock >= BAR else 'missed'})")
        del loader


if __name__ == "__main__":
    main()
