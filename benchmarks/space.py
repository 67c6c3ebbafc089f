"""The search space in figures: is every sample what it says, and how fast are sampling, inference, keys and mutation?

    python benchmarks/space.py [--samples 20000] [--built 500] [--mutations 300] [--edits 200]
    python benchmarks/space.py --only-edits

Speeds are for one core and this machine, in seconds of processor time, so that what else runs on the machine counts as little as can be;
each is printed as a ratio to the bar that the project sets itself too. What lives before a measurement (PyTorch's half a million objects
among it) is frozen, so that Python's garbage collector does not walk it again and again.
"""

import argparse
import gc
import statistics
import time
from collections.abc import Callable
from contextlib import suppress
from random import Random

import torch

from einspace import Architecture, EinSpace, baselines
from einspace.derivation import infer
from einspace.errors import MutationError
from einspace.networks import build
from einspace.sampling import SamplingReport
from einspace.variation import EDITS, EditReport, MutationReport

BAR_SAMPLES, BAR_MUTATIONS = 350, 200
"""Samples and mutations a second."""


def timed(count: int, make: Callable[[int], object]) -> list[float]:
    """Seconds of processor time of each call."""
    gc.collect()
    gc.freeze()
    seconds: list[float] = []
    for i in range(count):
        start = time.process_time()
        make(i)
        seconds.append(time.process_time() - start)
    return seconds


def line(label: str, seconds: list[float], bar: float | None = None) -> None:
    """Print a rate, the 95th percentile and the maximum."""
    rate = len(seconds) / sum(seconds)
    ratio = f", {rate / bar:.1f} times the bar of {bar}" if bar else ""
    tail = statistics.quantiles(seconds, n=20)[-1]
    print(
        f"{label:38} {rate:9,.0f} /s   median {statistics.median(seconds) * 1e3:8.3f} ms   p95 {tail * 1e3:8.2f} ms   "
        f"max {max(seconds) * 1e3:8.1f} ms{ratio}",
        flush=True,
    )


def check_samples(samples: int, built: int) -> None:
    """Every sample parses back to itself; of the first ones the real output and parameters are the inferred ones."""
    space = EinSpace((3, 32, 32))
    report = SamplingReport()
    found: list[Architecture] = []
    seconds = timed(samples, lambda i: found.append(space.sample(Random(i), report)))
    line("sample, p = 0.32, (3, 32, 32)", seconds, BAR_SAMPLES)
    print(f"    attempts {report.attempts:,}: over budget {report.over_budget / report.attempts:.2%}, outgrown {report.outgrown}")
    check_keys(found[:10_000])
    wrong = sum(space.parse(str(architecture)) != architecture for architecture in found)
    print(f"    {samples:,} texts parsed back, {wrong} differ")
    wrong = 0
    with torch.device("meta"):
        for architecture in found[:built]:
            network = build(architecture)
            same_shape = network(torch.empty(2, 3, 32, 32)).shape[1:] == architecture.output.shape
            same_count = sum(p.numel() for p in network.parameters()) == architecture.parameters
            wrong += not (same_shape and same_count)
    print(f"    {built} networks built and run on the meta device, {wrong} differ from what was inferred")


def check_keys(found: list[Architecture]) -> None:
    """What share of the samples is another one in other words, and what share does nothing."""
    keys = timed(len(found), lambda i: found[i].key)
    line("key of a sample", keys)
    texts, distinct = len({str(a) for a in found}), len({a.key for a in found})
    nothing = sum(not a.normal_form.steps for a in found)
    weightless = sum(a.parameters == 0 for a in found)
    count = len(found)
    print(f"    of {count:,} samples {1 - distinct / count:.1%} compute what an earlier one does; {1 - texts / count:.1%} have its text")
    print(f"    {nothing / count:.1%} compute nothing at all, {weightless / count:.1%} have no weights")


def check_edits(count: int) -> None:
    """How often each edit by hand finds something to do, how many of its proposals are valid, and what one edit takes."""
    for shape in ((3, 32, 32), (24, 24)):
        space = EinSpace(shape)
        _edits(f"edit a sample, {shape}", space, [space.sample(Random(i)) for i in range(count)])
    for name in ("resnet8", "vit-tiny", "mixer-tiny", "resnet18", "vit"):
        shape = (3, 64, 64) if name in ("resnet18", "vit") else (3, 32, 32)
        _edits(f"edit {name}, {shape}", EinSpace(shape), [baselines.get(name, shape)] * count)


def _edits(label: str, space: EinSpace, parents: list[Architecture]) -> None:
    report, found = EditReport(), 0

    def edited(i: int) -> None:
        nonlocal found
        with suppress(MutationError):
            space.edit(parents[i], Random(i), report)
            found += 1

    for i in range(min(5, len(parents))):  # imports what groups the widths
        edited(i)
    report, found = EditReport(), 0
    line(label, timed(len(parents), edited))
    print(f"    {found / len(parents):.1%} have an edit, {report.tries / max(1, found):.2f} tries for a child")
    for kind in EDITS:
        made, idle = report.made[kind], report.idle[kind]
        print(f"    {kind:8} drawn {made + idle:4}, made a child {made / max(1, made + idle):6.1%}")


def main() -> None:
    """Run all of it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samples", type=int, default=20_000)
    parser.add_argument("--built", type=int, default=500)
    parser.add_argument("--mutations", type=int, default=300)
    parser.add_argument("--edits", type=int, default=200)
    parser.add_argument("--only-edits", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(1)
    if options.only_edits:
        check_edits(options.edits)
        return
    for p in (0.9, 0.5):
        space = EinSpace((3, 32, 32), computation_probability=p)
        line(f"sample, p = {p}, (3, 32, 32)", timed(2_000, lambda i, s=space: s.sample(Random(i))))  # type: ignore[misc]
    check_samples(options.samples, options.built)
    space = EinSpace((3, 64, 64))
    for name in ("resnet18", "wrn16-4", "vit", "mlp-mixer"):
        parent = baselines.get(name, (3, 64, 64))
        report = MutationReport()
        children: list[Architecture] = []
        seconds = timed(options.mutations, lambda i, a=parent, r=report, c=children: c.append(space.mutate(a, Random(i), r)))  # type: ignore[misc]
        line(f"mutate {name} ({parent.parameters:,} parameters)", seconds, BAR_MUTATIONS)
        same = sum(child.key == parent.key for child in children)
        print(f"    {report.tries} tries for {report.children} children, {same} equal to their parent")
        line(f"infer {name}", timed(100, lambda _, a=parent: infer(a.node, (a.input,))))  # type: ignore[misc]
        line(f"key of {name}", timed(100, lambda _, a=parent, s=space: s.architecture(a.node).key))  # type: ignore[misc]
        other = baselines.get("vit" if name != "vit" else "resnet18", (3, 64, 64))
        line(
            f"cross {name} with {'vit' if name != 'vit' else 'resnet18'}",
            timed(options.mutations, lambda i, a=parent, b=other: space.crossover(a, b, Random(i))),  # type: ignore[misc]
        )
    check_edits(options.edits)


if __name__ == "__main__":
    main()
