"""Networks: a training step of ours beside the network that a person writes, in one run.

    python -m benchmarks.networks [--steps 12] [--threads 1] [--names vit,mlp-mixer] [--shapes 64,28] [--lengths 32] [--random 20] [--short]

A step is forward pass, backward pass and SGD. The networks take turns, so that what else the machine does meets all of them; a ratio is
one of medians, and its spread is the 10th to the 90th percentile of the ratios of single rounds. Besides the clock on the wall there is
the processor's, which other processes disturb less. On a GPU: CUDA events, in float32 and in bfloat16, and memory as allocated.
"""

import argparse
import math
import os
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from random import Random

import torch
from tests.plain import PlainMixer, PlainResNet18, PlainViT, PlainWideResNet
from torch import Tensor, nn

from einspace import Architecture, EinSpace, Limits, baselines
from einspace.networks import Classification, build

BAR = 1.05
"""What a step of ours may take, in steps of the plain network."""

SETTINGS = {64: (32, (3, 64, 64)), 28: (256, (3, 28, 28))}
"""Batch size and input, by the height of the images."""

PLAIN: Mapping[str, Callable[[Sequence[int]], nn.Module]] = {
    "resnet18": PlainResNet18,
    "wrn16-4": PlainWideResNet,
    "vit": PlainViT,
    "mlp-mixer": PlainMixer,
}

BATCHES = (32, 4)
"""Batch sizes of a scan beside a GRU."""

UNCOUNTED = 2
"""Rounds that only warm up."""


class Step:
    """A training step of a network on one batch; a call gives seconds on the wall and on the processor (on a GPU both are the events')."""

    def __init__(self, network: nn.Module, x: Tensor, bf16: bool) -> None:
        self.network, self.x, self.bf16 = network.to(x.device), x, bf16
        self.labels = torch.zeros(len(x), dtype=torch.long, device=x.device)
        weights = list(self.network.parameters())
        self.optimizer = torch.optim.SGD(weights, lr=1e-3, momentum=0.9)

    def __call__(self) -> tuple[float, float]:
        """Take the step."""
        if self.x.device.type == "cuda":
            begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))  # type: ignore[no-untyped-call]
            begin.record()
            self.run()
            end.record()
            torch.cuda.synchronize()
            return (begin.elapsed_time(end) / 1e3,) * 2
        wall, processor = time.perf_counter(), time.process_time()
        self.run()
        return time.perf_counter() - wall, time.process_time() - processor

    def run(self) -> None:
        """Forward, backward, SGD."""
        self.optimizer.zero_grad()
        with torch.autocast(self.x.device.type, torch.bfloat16, enabled=self.bf16):
            loss = nn.functional.cross_entropy(self.network(self.x), self.labels)
        loss.backward()  # type: ignore[no-untyped-call]
        self.optimizer.step()


Times = list[tuple[float, float]]


def alternate(steps: Sequence[Step], rounds: int) -> list[Times]:
    """The seconds of each step in each round; the order turns from round to round."""
    times: list[Times] = [[] for _ in steps]
    for number in range(UNCOUNTED + rounds):
        for place in range(len(steps)):
            i = (place + number) % len(steps)
            times[i].append(steps[i]())
    return [column[UNCOUNTED:] for column in times]


def ratio(ours: Times, theirs: Times, clock: int) -> tuple[float, str]:
    """Ratio of the medians, and the same with the spread over rounds as text."""
    center = statistics.median(t[clock] for t in ours) / statistics.median(t[clock] for t in theirs)
    rounds = sorted(a[clock] / b[clock] for a, b in zip(ours, theirs, strict=True))
    low, high = rounds[len(rounds) // 10], rounds[-1 - len(rounds) // 10]
    return center, f"{center:.3f} ({low:.3f} to {high:.3f})"


def compare(name: str, height: int, rounds: int, device: torch.device, bf16: bool, short: bool) -> None:
    """Ours beside plain PyTorch; then our plain form, and branches batched where that changes anything, beside ours."""
    batch, shape = SETTINGS[height]
    architecture, head, x = baselines.get(name, shape), Classification(10), torch.randn(batch, *shape, device=device)
    forms = {"hand-written": PLAIN[name](shape), "ours": build(architecture, head)}
    if not short:
        forms["plain form"] = build(architecture, head, optimize=False)
        if architecture.graph() != architecture.graph(batch_branches=True):
            forms["batched"] = build(architecture, head, batch_branches=True)
    assert len({sum(weight.numel() for weight in network.parameters()) for network in forms.values()}) == 1
    times = dict(zip(forms, alternate([Step(network, x, bf16) for network in forms.values()], rounds), strict=True))
    label = f"{name}, batch {batch} at {shape}{', bf16' if bf16 else ''}"
    center, text = ratio(times["ours"], times["hand-written"], 0)
    _, processor = ratio(times["ours"], times["hand-written"], 1)
    seconds = statistics.median(t[0] for t in times["ours"])
    print(f"{label}: {seconds * 1e3:.1f} ms a step; load of the machine {os.getloadavg()[0]:.1f}")
    print(f"    ours / hand-written   wall {text}, processor {processor}; the bar is {BAR}{'' if center <= BAR else ': MISSED'}")
    for other in list(forms)[2:]:
        print(f"    {other} / ours".ljust(26) + f"wall {ratio(times[other], times['ours'], 0)[1]}", flush=True)


class PlainGRU(nn.Module):
    """PyTorch's GRU, the mean over the steps, and a linear layer: (n, s, width) -> (n, 10)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.gru, self.head = nn.GRU(width, width, batch_first=True), nn.Linear(width, 10)

    def forward(self, x: Tensor) -> Tensor:
        """The states' mean, read."""
        logits: Tensor = self.head(self.gru(x)[0].mean(1))
        return logits


class StepByStep(PlainGRU):
    """A minimal GRU as a loop over the steps."""

    def __init__(self, width: int) -> None:
        super().__init__(width)
        self.candidate, self.gate = nn.Linear(width, width), nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        """All candidates and gates at once, then one step after the other."""
        candidates = self.candidate(x)
        gates = torch.sigmoid(self.gate(candidates))
        state, states = torch.zeros_like(candidates[:, 0]), []
        for gate, candidate in zip(gates.unbind(1), candidates.unbind(1), strict=True):
            state = torch.lerp(candidate, state, gate)
            states.append(state)
        logits: Tensor = self.head(torch.stack(states, 1).mean(1))
        return logits


def scans(steps: int, batch: int, rounds: int, device: torch.device, width: int = 64) -> None:
    """A linear layer and a scan beside PyTorch's GRU of the same width, and beside the loop that computes the same."""
    ours = EinSpace((steps, width), grammar="recurrent").parse(f"[linear(d={width}) scan(reverse=False)]")
    networks = build(ours, Classification(10)), PlainGRU(width), StepByStep(width)
    x = torch.randn(batch, steps, width, device=device)
    scan, gru, loop = alternate([Step(network, x, bf16=False) for network in networks], rounds)
    print(f"scan, width {width}, batch {batch}, {steps} steps: {statistics.median(t[0] for t in scan) * 1e3:.1f} ms a step of training")
    for label, times in (("torch.nn.GRU", gru), ("the loop", loop)):
        print(f"    scan / {label}".ljust(26) + f"wall {ratio(scan, times, 0)[1]}, processor {ratio(scan, times, 1)[1]}", flush=True)


def building(name: str, height: int) -> None:
    """How long a network takes to build, from its derivation."""
    _, shape = SETTINGS[height]
    node = baselines.get(name, shape).node
    makers: dict[str, Callable[[], nn.Module]] = {
        "ours": lambda: build(EinSpace(shape).architecture(node), Classification(10)),
        "hand-written": lambda: PLAIN[name](shape),
    }
    found = {}
    for label, make in makers.items():
        seconds = []
        for _ in range(5):
            start = time.perf_counter()
            make()
            seconds.append(time.perf_counter() - start)
        found[label] = statistics.median(seconds)
    print(f"build {name} at {shape}: " + ", ".join(f"{label} {seconds * 1e3:.0f} ms" for label, seconds in found.items()), flush=True)


def allocated(step: Step) -> float:
    """Bytes at the peak of a step on a GPU."""
    torch.cuda.reset_peak_memory_stats()
    step()
    return float(torch.cuda.max_memory_allocated())


def at_random(count: int, rounds: int, device: torch.device) -> None:
    """Random architectures: optimised, and with batched branches, against their plain form; time and memory."""
    space = EinSpace((3, 32, 32), limits=Limits(operations=300, parameters=2_000_000, activation_bytes=2**23))
    architectures: list[Architecture] = []
    seed = 0
    while len(architectures) < count:
        architecture = space.sample(Random(seed))
        seed += 1
        if len(architecture.graph().instructions) >= 5:
            architectures.append(architecture)
    x = torch.randn(32, *space.input.shape, device=device)
    speed: dict[str, list[float]] = {"optimised / plain form": [], "batched / optimised": []}
    memory: list[float] = []
    for architecture in architectures:
        forms = [build(architecture, Classification(10), optimize=False), build(architecture, Classification(10))]
        changed = architecture.graph() != architecture.graph(batch_branches=True)
        if changed:
            forms.append(build(architecture, Classification(10), batch_branches=True))
        steps = [Step(network, x, bf16=False) for network in forms]
        times = alternate(steps, rounds)
        speed["optimised / plain form"].append(ratio(times[1], times[0], 1)[0])
        if changed:
            speed["batched / optimised"].append(ratio(times[2], times[1], 1)[0])
        if device.type == "cuda":
            memory.append(allocated(steps[1]) / allocated(steps[0]))
        else:
            memory.append(kept(forms[1], x) / kept(forms[0], x))
    print(f"{count} random architectures of five operations or more at {space.input.shape}, batch {len(x)}")
    for label, ratios in speed.items():
        print(f"    time, {label}: {summary(ratios)}")
    print(
        f"    {'peak memory' if device.type == 'cuda' else 'memory kept for the backward pass'}, optimised / plain form: {summary(memory)}"
    )


def kept(network: nn.Module, x: Tensor) -> float:
    """Bytes that autograd keeps between forward and backward pass, weights among them."""
    storages: dict[int, Tensor] = {}

    def pack(saved: Tensor) -> Tensor:
        storages[saved.untyped_storage().data_ptr()] = saved  # alive, so that its address is not given again
        return saved

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda saved: saved):
        network(x)
    return float(sum(saved.untyped_storage().nbytes() for saved in storages.values()))


def summary(ratios: Sequence[float]) -> str:
    """Geometric mean, extremes and how many are below one."""
    if not ratios:
        return "none"
    mean = math.exp(statistics.mean(math.log(value) for value in ratios))
    faster = sum(value < 1 for value in ratios)
    return f"geometric mean {mean:.3f}, {min(ratios):.2f} to {max(ratios):.2f}, below one {faster} of {len(ratios)}"


def main() -> None:
    """Run all of it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=12, help="rounds that count")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--names", default=",".join(PLAIN))
    parser.add_argument("--shapes", default=",".join(map(str, SETTINGS)), help="heights of the images, of " + ", ".join(map(str, SETTINGS)))
    parser.add_argument("--random", type=int, default=20, help="random architectures")
    parser.add_argument("--lengths", default="32,128,512", help="steps of the sequences at which a scan runs beside a GRU")
    parser.add_argument("--short", action="store_true", help="only ours beside the hand-written network")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    gpu = torch.cuda.is_available()
    device = torch.device("cuda" if gpu else "cpu")
    print(f"PyTorch {torch.__version__}, " + (torch.cuda.get_device_name() if gpu else f"no GPU: {options.threads} thread(s) of the CPU"))
    for name in filter(None, options.names.split(",")):
        for height in map(int, options.shapes.split(",")):
            building(name, height)
            for bf16 in (False, True) if gpu else (False,):
                compare(name, height, options.steps, device, bf16, options.short)
    for steps in map(int, filter(None, options.lengths.split(","))):
        for batch in BATCHES:
            scans(steps, batch, options.steps, device)
    if options.random:
        at_random(options.random, options.steps, device)


if __name__ == "__main__":
    main()
