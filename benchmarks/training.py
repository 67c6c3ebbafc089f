"""Training: what precision, layout and compilation gain, in training steps of the baselines.

    python -m benchmarks.training [--names resnet18,vit] [--shape 3,32,32] [--batch 64] [--steps 20] [--device cpu] [--threads 1]

Forms take turns, so that what else the machine does meets all of them. A gain is the plain step's median time by the other's: processor
time on one thread of the CPU, which other programs do not slow down, and wall-clock time otherwise. The wall-clock seconds of the first
steps, in which a form compiles, stand apart.
"""

import argparse
import statistics
import time
from collections.abc import Callable

import torch

from einspace import baselines
from einspace.evaluation.compute import Compute
from einspace.features import Feature
from einspace.networks import Classification, build

FORMS = {
    "plain": Compute(channels_last=False),
    "bf16": Compute("bf16", channels_last=False),
    "channels last": Compute(channels_last=True),
    "compiled": Compute(channels_last=False, compile=True),
    "all three": Compute("bf16", channels_last=True, compile=True),
}

UNCOUNTED = 3
"""Steps that only warm up; in the first one a form compiles."""


class Step:
    """A training step of a network in one form."""

    def __init__(self, name: str, inputs: Feature, compute: Compute, batch: int, device: str, clock: Callable[[], float]) -> None:
        self.clock = clock
        torch.manual_seed(0)
        head = Classification(10)
        network = build(baselines.get(name, inputs.shape), head).to(device).train()
        self.computed = compute.around(network).train()
        self.loss = head.loss
        self.x = torch.randn(batch, *inputs.shape, device=device)
        self.y = torch.arange(batch, device=device) % 10
        self.optimiser = torch.optim.SGD(network.parameters(), lr=1e-3, momentum=0.9)

    def __call__(self) -> float:
        """Seconds of one step by the benchmark's clock."""
        start = self.clock()
        loss = self.loss(self.computed(self.x), self.y)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        self.optimiser.step()
        if self.x.is_cuda:
            torch.cuda.synchronize(self.x.device)
        return self.clock() - start


def _warmed(step: Step) -> float:
    """Wall-clock seconds of the first steps."""
    start = time.perf_counter()
    for _ in range(UNCOUNTED):
        step()
    return time.perf_counter() - start


def main() -> None:
    """Print a row for each baseline and form."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--names", default="resnet18,vit")
    parser.add_argument("--shape", default="3,32,32")
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=1)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    alone = given.device == "cpu" and given.threads == 1
    clock = time.process_time if alone else time.perf_counter
    inputs = Feature.parse(given.shape)
    device = torch.cuda.get_device_name(given.device) if given.device.startswith("cuda") else f"{given.device}, {given.threads} threads"
    print(f"{device}; batch {given.batch} of {inputs}; PyTorch {torch.__version__}")
    for name in given.names.split(","):
        steps = {form: Step(name, inputs, compute, given.batch, given.device, clock) for form, compute in FORMS.items()}
        first = {form: _warmed(step) for form, step in steps.items()}
        seconds: dict[str, list[float]] = {form: [] for form in steps}
        for _ in range(given.steps):
            for form, step in steps.items():
                seconds[form].append(step())
        plain = statistics.median(seconds["plain"])
        for form, found in seconds.items():
            median = statistics.median(found)
            line = f"{name:10} {form:14} {median * 1e3:9.2f} ms a step, gain {plain / median:5.2f}"
            print(f"{line}, first {UNCOUNTED} steps {first[form]:6.1f} s", flush=True)


if __name__ == "__main__":
    main()
