"""What a user would pick instead: a residual CNN whose width, depth, kernel and recipe Optuna's TPE chooses, in plain PyTorch.

The first network that is tried is a usual one with the task's recipe.

Nothing here is einspace's but the task: its samples, its loss and its metric.
"""

import json
import multiprocessing
import time
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, field
from math import isfinite
from pathlib import Path
from typing import Any

import optuna
import torch
from benchmarks.search.terms import SLACK, Found, Terms
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from torch import Tensor, nn
from torch.nn import functional

from einspace import Recipe, Task

GRID = {1: 4, 2: 2}
"""Cells on a side that are kept before the linear layer, of a series and of an image."""

SMALLEST = 4
"""The side, or the length, under which nothing is halved."""

STAGES = 3

RATES, DECAYS = (3e-3, 0.3), (1e-5, 1e-2)
"""The bounds of the learning rate and of the weight decay."""

STARTUP = 5
"""Choices that are drawn at random before the sampler models what it has seen; Optuna's ten are most of a search of five minutes."""

_STUDY = "cnn"


@dataclass(frozen=True)
class Choice:
    """A network and its recipe: channels of the first stage, blocks of a stage, and what SGD with momentum and a cosine gets."""

    width: int
    depth: int
    kernel: int
    dropout: float
    batch_size: int
    learning_rate: float
    weight_decay: float

    @classmethod
    def suggested(cls, trial: optuna.Trial) -> "Choice":
        """The space."""
        return cls(
            trial.suggest_int("width", 8, 64, log=True),
            trial.suggest_int("depth", 1, 3),
            trial.suggest_categorical("kernel", (3, 5)),
            trial.suggest_float("dropout", 0.0, 0.5),
            trial.suggest_categorical("batch_size", (16, 32, 64, 128)),
            trial.suggest_float("learning_rate", *RATES, log=True),
            trial.suggest_float("weight_decay", *DECAYS, log=True),
        )

    @classmethod
    def usual(cls, recipe: Recipe) -> "Choice":
        """What is tried first, as a user would: three blocks from 32 channels on, batches of 16 or 32, and the task's rate and decay."""
        rate, decay = min(max(recipe.learning_rate, RATES[0]), RATES[1]), min(max(recipe.weight_decay, DECAYS[0]), DECAYS[1])
        return cls(32, 1, 3, 0.0, 32 if recipe.batch_size >= 32 else 16, rate, decay)


class Block(nn.Module):
    """Two convolutions with batch norm, and the input beside them: (N, inputs, ...) -> (N, outputs, ...) at 1 / stride of the size."""

    def __init__(self, axes: int, inputs: int, outputs: int, kernel: int, stride: int) -> None:
        super().__init__()
        convolution = (nn.Conv1d, nn.Conv2d)[axes - 1]
        norm = (nn.BatchNorm1d, nn.BatchNorm2d)[axes - 1]
        self.body = nn.Sequential(
            convolution(inputs, outputs, kernel, stride, kernel // 2, bias=False),
            norm(outputs),
            nn.ReLU(),
            convolution(outputs, outputs, kernel, 1, kernel // 2, bias=False),
            norm(outputs),
        )
        same = inputs == outputs and stride == 1
        self.beside = nn.Identity() if same else nn.Sequential(convolution(inputs, outputs, 1, stride, bias=False), norm(outputs))

    def forward(self, x: Tensor) -> Tensor:
        """The sum of both, rectified."""
        return functional.relu(self.body(x) + self.beside(x))


class ResidualCNN(nn.Module):
    """Stem, stages of blocks, and a head: of one prediction a grid of means and a linear layer, of dense ones a convolution of one pixel.

    Samples (C, H, W), or (S, D), whose channels are the last axis. Each stage but the first is twice as wide and half as large, where it
    is large enough; for a dense prediction, (channels, h, w), no stage is.
    """

    def __init__(self, shape: tuple[int, ...], output: tuple[int, ...], choice: Choice) -> None:
        super().__init__()
        self.series = len(shape) == 2
        axes, inputs, size = (1, shape[1], shape[0]) if self.series else (2, shape[0], min(shape[1:]))
        dense = len(output) == 3
        if dense and self.series:
            raise ValueError(f"the CNN predicts no field (channels, h, w) from a series {shape}")
        convolution = (nn.Conv1d, nn.Conv2d)[axes - 1]
        norm = (nn.BatchNorm1d, nn.BatchNorm2d)[axes - 1]
        width = choice.width
        layers: list[nn.Module] = [
            convolution(inputs, width, choice.kernel, 1, choice.kernel // 2, bias=False),
            norm(width),
            nn.ReLU(),
        ]
        for number in range(STAGES * choice.depth):
            halved = number > 0 and number % choice.depth == 0 and not dense and size >= 2 * SMALLEST
            layers.append(Block(axes, width, width * (1 + halved), choice.kernel, 1 + halved))
            width, size = width * (1 + halved), size // (1 + halved)
        if dense:
            layers += [nn.Dropout2d(choice.dropout), nn.AdaptiveAvgPool2d(output[1:]), nn.Conv2d(width, output[0], 1)]
        else:
            pool = (nn.AdaptiveAvgPool1d, nn.AdaptiveAvgPool2d)[axes - 1](GRID[axes])
            linear = nn.Linear(width * GRID[axes] ** axes, output[0])
            layers += [pool, nn.Flatten(), nn.Dropout(choice.dropout), linear]
        self.layers = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        """Predictions."""
        outputs: Tensor = self.layers(x.transpose(1, 2) if self.series else x)
        return outputs


class OutOfTime(Exception):
    """The time for a training is over."""


def score(task: Task, choice: Choice, seed: int, final: bool, deadline: float | None = None) -> float | None:
    """Train on train, or for a final one on train and valid, and score on valid or on test; None where a loss is not finite.

    The numbers of epochs are those of the task's recipe. Raises OutOfTime after `deadline`, seconds since 1970.
    """
    torch.manual_seed(seed)
    network = ResidualCNN(task.input.shape, task.output, choice)
    x, y = task.tensors(["train", "valid"] if final else ["train"])
    epochs = task.recipe.epochs_final if final else task.recipe.epochs_search
    starts = range(0, max(1, len(x) - 1), choice.batch_size)  # a last batch of one sample is left out: batch norm wants two
    optimiser = torch.optim.SGD(network.parameters(), choice.learning_rate, 0.9, weight_decay=choice.weight_decay, nesterov=True)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, epochs * len(starts))
    for _ in range(epochs):
        total = 0.0
        order = torch.randperm(len(x))
        for start in starts:
            if deadline is not None and time.time() > deadline:
                raise OutOfTime
            batch = order[start : start + choice.batch_size]
            loss = task.loss(network(x[batch]), y[batch])
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            schedule.step()
            total += float(loss.detach())
        if not isfinite(total):
            return None
    network.eval()
    inputs, targets = task.tensors(["test" if final else "valid"])
    with torch.no_grad():
        value = task.score(torch.cat([network(part) for part in torch.split(inputs, 256)]), targets)
    return value if isfinite(value) else None


@dataclass(frozen=True)
class CnnTpe:
    """The residual CNN space under TPE; `trials` bounds them for each worker, beside the time."""

    trials: int | None = None
    options: Mapping[str, Any] = field(default_factory=dict)

    def __call__(self, task: Task, terms: Terms) -> Found:
        """Search with worker processes that share a study in a file."""
        end = time.time() + terms.seconds
        path = terms.folder / "study.log"
        direction = optuna.study.StudyDirection.MAXIMIZE if task.metric.higher_is_better else optuna.study.StudyDirection.MINIMIZE
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        study = optuna.create_study(study_name=_STUDY, storage=_storage(path), direction=direction)
        study.enqueue_trial(asdict(Choice.usual(task.recipe)))
        seeds = [terms.seed * terms.workers + number for number in range(terms.workers)]
        with ProcessPoolExecutor(terms.workers, multiprocessing.get_context("spawn")) as pool:
            for future in [pool.submit(work, task, path, seed, end, end + SLACK * terms.seconds, self.trials) for seed in seeds]:
                future.result()
        trials = study.trials
        done = [trial for trial in trials if trial.state is optuna.trial.TrialState.COMPLETE]
        outcomes = dict(Counter(trial.state.name.lower() for trial in trials))
        spent = sum(map(_seconds, trials))
        unfinished = 1 - sum(map(_seconds, done)) / spent if spent else None
        if not done:
            return Found(len(trials), None, "", outcomes, unfinished)
        best = study.best_trial
        return Found(len(trials), best.value, json.dumps(asdict(Choice(**best.params))), outcomes, unfinished)

    def score(self, task: Task, what: str, seed: int) -> float | None:
        """The score on test of a choice."""
        return score(task, Choice(**json.loads(what)), seed, final=True)


def work(task: Task, path: Path, seed: int, end: float, deadline: float, trials: int | None) -> None:
    """Propose and train in one process of one thread until `end`; a training that runs at `deadline` is given up."""
    torch.set_num_threads(1)
    optuna.logging.set_verbosity(optuna.logging.WARNING)

    def objective(trial: optuna.Trial) -> float:
        try:
            value = score(task, Choice.suggested(trial), trial.number, False, deadline)
        except OutOfTime:
            raise optuna.TrialPruned("out of time") from None
        if value is None:
            raise optuna.TrialPruned("not a number")
        return value

    left = end - time.time()
    if left > 0:
        sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=STARTUP)
        study = optuna.load_study(study_name=_STUDY, storage=_storage(path), sampler=sampler)
        study.optimize(objective, trials, timeout=left)


def _storage(path: Path) -> JournalStorage:
    return JournalStorage(JournalFileBackend(str(path)))


def _seconds(trial: optuna.trial.FrozenTrial) -> float:
    return 0.0 if trial.duration is None else trial.duration.total_seconds()
