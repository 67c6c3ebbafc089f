"""Pace: the seconds that a step of training takes on this machine, before any trial has been trained on it."""

from collections.abc import Mapping
from itertools import pairwise
from statistics import median
from time import process_time

import torch

from einspace.evaluation.objective import TaskObjective
from einspace.evaluation.outcome import Context
from einspace.space import Architecture

WARM, LEAST = 2, 5
"""The first steps, which wait for memory and kernels and are not counted, and the least number of all steps."""


class _Enough(Exception):
    """The time for a measurement is over."""


def step_seconds(
    objective: TaskObjective, architecture: Architecture, changes: Mapping[str, float], seconds: float, threads: int
) -> float | None:
    """The median seconds of a step, from a training that ends after so many `seconds`, or after `LEAST` steps where these take longer.

    They are seconds of the processor, so that what other processes do meanwhile decides nothing. The training is in this process, on the
    CPU, with so many `threads` of PyTorch, and leaves random generators as they were. None for a training that has fewer steps, runs out
    of memory or fails: a trial of that network will say why.
    """
    times: list[float] = []

    def before_batch() -> None:
        times.append(process_time())
        if len(times) > LEAST and times[-1] - times[0] > seconds * threads:
            raise _Enough

    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        with torch.random.fork_rng(devices=[]):
            objective.evaluate(architecture, Context(0, changes=dict(changes)), before_batch=before_batch)
    except _Enough:
        pass
    except Exception:  # noqa: BLE001 - a head or a layer of the user's may raise anything, which the trials report
        return None
    finally:
        torch.set_num_threads(before)
    steps = [after - start for start, after in pairwise(times)][WARM:]
    return median(steps) / threads if steps else None
