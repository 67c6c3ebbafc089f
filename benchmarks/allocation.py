"""The gain of a worker that keeps freed memory, in steps of training whose tensors are large: the ratio of the seconds of a step.

    python -m benchmarks.allocation [--steps 7]

Each network is trained on random images in two processes, one with the C library as it is and one in which it keeps what is freed, as it
does in the workers of a search. The seconds are those of the processor, the median of the steps, on one thread.
"""

import argparse
import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from random import Random
from resource import RUSAGE_SELF, getrusage
from statistics import median
from time import process_time

from rich.console import Console
from rich.table import Table

from einspace import baselines
from einspace.executors.memory import keep_freed_memory
from einspace.networks import build
from einspace.networks.heads import Classification
from einspace.space import Architecture, EinSpace

BATCH, CLASSES = 64, 10

SAMPLES, FLOPS = 3, (10**6, 3 * 10**8)
"""Random samples, and the bounds of their FLOPs."""


def networks() -> dict[str, Architecture]:
    """Small baselines at two sizes of images, resnet18, and random samples."""
    small, large, rng = EinSpace((3, 32, 32)), EinSpace((1, 64, 64)), Random(3)
    found = {f"{name}, 3 x 32 x 32": baselines.within(small, name) for name in ("resnet8", "resnet8-wide", "vit-tiny", "resnet18")}
    found |= {f"{name}, 1 x 64 x 64": baselines.within(large, name) for name in ("resnet8", "mixer-tiny")}
    samples = (architecture for architecture in iter(lambda: small.sample(rng), None))
    fitting = (architecture for architecture in samples if FLOPS[0] < architecture.cost.flops < FLOPS[1])
    return found | {f"sample {number}, 3 x 32 x 32": next(fitting) for number in range(SAMPLES)}


def trained(name: str, steps: int, keeps: bool) -> tuple[float, int]:
    """The seconds of a step of a network's training in this process, and the most memory that it had, in MiB."""
    import torch

    torch.set_num_threads(1)
    if keeps:
        keep_freed_memory()
    architecture = networks()[name]
    network, labels = build(architecture, Classification(CLASSES)), torch.arange(BATCH) % CLASSES
    images = torch.randn(BATCH, *architecture.input.shape)
    optimizer, times = torch.optim.SGD(network.parameters(), lr=0.01), []
    for _ in range(steps + 2):
        start = process_time()
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(network(images), labels).backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        times.append(process_time() - start)
    return median(times[2:]), getrusage(RUSAGE_SELF).ru_maxrss // 1024


def main(words: list[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=7)
    options = parser.parse_args(words)
    table = Table("network", "as it is", "kept", "ratio", "most memory")
    for name in networks():
        found = []
        for keeps in (False, True):
            with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:  # a process of its own
                found.append(pool.submit(trained, name, options.steps, keeps).result())
        (usual, before), (kept, after) = found
        table.add_row(name, f"{1000 * usual:.1f} ms", f"{1000 * kept:.1f} ms", f"{kept / usual:.2f}", f"{before} to {after} MiB")
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
