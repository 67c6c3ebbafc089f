"""Terms: what a method is given, what it finds, and the retraining that scores what it found."""

import multiprocessing
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread
from typing import Any, Protocol

import torch

from einspace import Task

SLACK = 0.05
"""The part of the time by which a trial may end after it, for all methods alike: that of a search with a budget of time."""


@dataclass(frozen=True)
class Terms:
    """What all methods get alike: seconds of wall clock for the search, worker processes, the seed, and a folder that is empty."""

    seconds: float
    workers: int
    seed: int
    folder: Path


@dataclass(frozen=True)
class Found:
    """What a search found.

    Args:
        trials: How many were begun.
        claimed: The score of the best on validation; None where nothing was found.
        what: The best, as the method's `score` takes it; empty where nothing was found.
        outcomes: How many trials ended how.
        unfinished: The share of the time of all trials that went into those without a score.
        reevaluated: The mean score of the best when it was trained again, on validation; None where it was not.
        verdict: The word on the best beside the best baseline; empty where there is none.
        rival: That baseline, like `what`.
        recommends_rival: Whether that baseline, and not the best, is what the verdict recommends.
    """

    trials: int
    claimed: float | None
    what: str
    outcomes: Mapping[str, int] = field(default_factory=dict)
    unfinished: float | None = None
    reevaluated: float | None = None
    verdict: str = ""
    rival: str = ""
    recommends_rival: bool = False


class Method(Protocol):
    """A way to search, with the options that are its own."""

    @property
    def options(self) -> Mapping[str, Any]:
        """Options as JSON can hold them; runs under one name have the same."""

    def __call__(self, task: Task, terms: Terms) -> Found:
        """Search."""

    def score(self, task: Task, what: str, seed: int) -> float | None:
        """Train what was found on train and valid, from a seed, for the score on test; None where there is none. It runs in a process."""


def retrained(method: Method, task: Task, what: str, seeds: Sequence[int], workers: int) -> list[float | None]:
    """Scores on test from several seeds, in processes of one thread each; None for a training that failed or whose process died."""
    scores: list[float | None] = []
    with ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), _begin) as pool:
        for future in [pool.submit(method.score, task, what, seed) for seed in seeds]:
            try:
                scores.append(future.result())
            except BrokenProcessPool:
                scores.append(None)
    return scores


def _begin() -> None:
    """Begin a worker: it has one thread that computes, and ends with the benchmark, however that ends."""
    torch.set_num_threads(1)
    Thread(target=_end_with_benchmark, daemon=True).start()


def _end_with_benchmark() -> None:
    benchmark = multiprocessing.parent_process()
    if benchmark is not None:
        benchmark.join()
        os._exit(1)
