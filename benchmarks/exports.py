"""Exports: whether every exported file scores on the user's own raw arrays what the run reports, for each kind of task and format.

    python -m benchmarks.exports [--only WORD]

Each row is a search of one architecture on arrays made from a seed, in the user's axes and units. Its best network is exported with the
command line, and loaded without anything of einspace's but the file. The exit code is 1 where a score differs.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import torch
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
from safetensors.torch import load_file
from tests.networks.own_layers import OWN

from einspace import Grammar, Result, Task, search
from einspace.evaluation.work import Work
from einspace.executors.local import LocalExecutor
from einspace.networks.export import load_source

Arrays = tuple[NDArray[Any], NDArray[Any]]

CONV = "[[im2col(k=3,s=1,p=1) linear(d=8) col2im] [norm relu]]"
RECURRENT = "[[linear(d=8) relu] norm]"
OWN_MODULE = "tests.networks.own_layers"
"""The module that defines the grammar of the user's."""

FORMATS = ("source", "torch", "onnx")
"""Those that hold a network; `source` is filled with the weights of a safetensors file."""

RECIPE = {"epochs_search": 1, "epochs_final": 2, "batch_size": 16, "learning_rate": 0.02}


@dataclass(frozen=True)
class Case:
    """A kind of task: what makes its arrays, what is said of them, and how they come into the network's axes."""

    make: Callable[[np.random.Generator, int], Arrays]
    options: dict[str, Any]
    text: str = CONV
    grammar: Grammar | None = None
    arranged: Callable[[NDArray[Any]], NDArray[Any]] = lambda x: x
    dtype: str = "float32"


def pictures(rng: np.random.Generator, count: int) -> Arrays:
    """Bytes (N, H, W, C), bright ones or dark ones."""
    y = np.arange(count) % 3
    return (rng.integers(0, 100, (count, 8, 8, 3)) + 50 * y[:, None, None, None]).astype(np.uint8), y


def labels(rng: np.random.Generator, count: int) -> Arrays:
    """Three labels, each of which makes a channel brighter."""
    y = rng.integers(0, 2, (count, 3))
    x = 200 + 30 * rng.standard_normal((count, 3, 8, 8)) + 40 * y[:, :, None, None]
    return x.astype(np.float32), y


def numbers(rng: np.random.Generator, count: int) -> Arrays:
    """Targets around 5,000 with a spread of 300."""
    x = 7 + 3 * rng.standard_normal((count, 1, 8, 8))
    return x, np.stack([5_000 + 300 * x.mean((1, 2, 3)), -2 + 0.1 * x[:, 0, 0, 0]], axis=1)


def masks(rng: np.random.Generator, count: int) -> Arrays:
    """Which pixels are bright."""
    x = 40 + 10 * rng.standard_normal((count, 1, 8, 8))
    return x.astype(np.float32), (x > 45).astype(np.float32)


def fields(rng: np.random.Generator, count: int) -> Arrays:
    """A number for each pixel, around 300,000."""
    x = (100 + 10 * rng.standard_normal((count, 1, 8, 8))).astype(np.float32)
    return x, 3e5 + 20 * x


def regions(rng: np.random.Generator, count: int) -> Arrays:
    """Which channel of each pixel is the brightest."""
    x = rng.integers(0, 256, (count, 3, 8, 8)).astype(np.uint8)
    return x, x.argmax(axis=1)


def pressures(rng: np.random.Generator, count: int) -> Arrays:
    """Series (N, S, D) of 101325 +- 0.002, which are one number in float32."""
    y = np.arange(count) % 2
    return 101325 + 0.002 * (rng.standard_normal((count, 12, 2)) + 2 * y[:, None, None]), y


def channels_first(rng: np.random.Generator, count: int) -> Arrays:
    """Series (N, D, S) and a number for each."""
    x = 20 + 5 * rng.standard_normal((count, 2, 12)).astype(np.float32)
    return x, 1_000 + 10 * x[:, 0].mean(axis=1)


CASES = {
    "classes of images": Case(pictures, {"axes": "NHWC"}, arranged=lambda x: x.transpose(0, 3, 1, 2)),
    "labels": Case(labels, {"kind": "multi-label"}),
    "numbers": Case(numbers, {"kind": "regression", "metric": "R2"}),
    "mask": Case(masks, {"kind": "mask"}),
    "fields": Case(fields, {"kind": "dense"}),
    "classes of pixels": Case(regions, {"kind": "segmentation"}),
    "series": Case(pressures, {"axes": "NSD"}, RECURRENT, dtype="float64"),
    "numbers of series": Case(channels_first, {"axes": "NDS", "kind": "regression"}, RECURRENT, arranged=lambda x: x.transpose(0, 2, 1)),
    "a grammar of the user's": Case(
        channels_first, {"axes": "NDS", "kind": "regression"}, "[[scale norm] relu]", OWN, arranged=lambda x: x.transpose(0, 2, 1)
    ),
}


def local(work: Work, workers: int, time_limit: float | None) -> LocalExecutor:
    """Trains in this process."""
    return LocalExecutor(work)


def searched(case: Case, run: str = "mine", runs: str | Path = "runs") -> tuple[Task, Result, Arrays]:
    """A finished run of one architecture with its weights, and the raw arrays of its test split."""
    rng = np.random.default_rng(0)
    parts = {name: case.make(rng, count) for name, count in (("train", 96), ("valid", 32), ("test", 32))}
    task = Task.from_arrays(*parts["train"], valid=parts["valid"], test=parts["test"], name="own", baselines=(), **case.options)
    options: dict[str, Any] = {"grammar": case.grammar, "run": run, "runs": runs, "executor": local}
    result = search(task, trials=1, workers=1, init=[case.text], recipe=RECIPE, **options)
    assert result.best is not None
    assert result.best.test is not None
    return task, result, parts["test"]


def taken(case: Case, task: Task, x: NDArray[Any], y: NDArray[Any]) -> tuple[NDArray[Any], torch.Tensor]:
    """Raw samples in the axes and the type of an exported network, and targets as the metric takes them."""
    raw = np.ascontiguousarray(case.arranged(x)).astype(case.dtype)
    return raw, torch.from_numpy(task.test.y if task.target_normaliser is None else y.reshape(task.test.y.shape))


def outputs(folder: Path, format: str, x: NDArray[Any]) -> torch.Tensor:
    """What the network in a file gives for raw samples, without anything of ours but the file."""
    if format == "onnx":
        session = onnxruntime.InferenceSession(str(folder / "network.onnx"), providers=["CPUExecutionProvider"])
        return torch.from_numpy(session.run(None, {"input": x})[0])
    if format == "torch":
        found: torch.Tensor = torch.export.load(folder / "network.pt2").module()(torch.from_numpy(x))
        return found.detach()
    network = load_source((folder / "network.py").read_text()).eval()
    network.load_state_dict(load_file(folder / "network.safetensors"))
    with torch.no_grad():
        predicted: torch.Tensor = network(torch.from_numpy(x))
    return predicted


def main() -> None:
    """Print a row for each kind of task; exit with 1 where a score is another one than the run reports."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="Kinds whose name holds this word.")
    only = parser.parse_args().only
    table, wrong = Table("kind", "metric", "the run reports", *FORMATS, title="Scores on raw arrays"), 0
    formats = [word for format in (*FORMATS, "safetensors") for word in ("--format", format)]
    with tempfile.TemporaryDirectory() as folder:
        for number, (kind, case) in enumerate((kind, case) for kind, case in CASES.items() if only in kind):
            task, result, (x, y) = searched(case, f"run-{number}", folder)
            assert result.best is not None
            assert result.best.test is not None
            place = Path(folder, f"taken-{number}")
            command = [sys.executable, "-m", "einspace.cli", "export", str(result.run), *formats, "-o", str(place)]
            command += [] if case.grammar is None else ["--module", OWN_MODULE]
            environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path or "." for path in sys.path)}
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=environment)
            raw, targets = taken(case, task, x, y)
            scores = [task.metric(outputs(place, format, raw), targets) for format in FORMATS]
            wrong += sum(not np.isclose(score, result.best.test, rtol=1e-4, atol=1e-6) for score in scores)
            table.add_row(kind, task.metric.name, f"{result.best.test:.6f}", *(f"{score:.6f}" for score in scores))
    Console().print(table)
    raise SystemExit(1 if wrong else 0)


if __name__ == "__main__":
    main()
