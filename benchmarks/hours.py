"""Hours: how long the searches of a table take on this machine, from steps of the trainings that they consist of.

    python -m benchmarks.hours [EXPERIMENT] [--scale small] [--tasks addnist] [--columns re-rn18,random-sampling] [--samples 60]

For each column the initial members of its search, or `--samples` architectures within the limits of its cell, take some steps on noise of
the task's shape, in batches of its recipe, on one thread. The median step, in seconds of the processor, is multiplied with the steps of a
training at the sizes of the published data. A search from initial members is counted as if each trial were as slow as they are in the
mean, which its children need not be, and any other one as so many draws from the samples. No trial takes longer than its time limit. A
final training follows where there is one. Samples differ so much that what a search takes is a matter of luck: the range is from the 10th
to the 90th percentile. What keeps more bytes than `--memory` in a step, or is predicted to take longer than `--slowest` seconds, is
predicted by a cost model that is fitted to the others. The hours of a GPU are predictions of the cost model for the same architectures.
"""

import argparse
from collections.abc import Sequence
from random import Random
from statistics import fmean, quantiles
from typing import NamedTuple

import numpy as np
import torch

from einspace import EinSpace
from einspace.baselines import within
from einspace.evaluation.cost_model import ACCELERATED, PRIOR, TRAINED, CostModel, Load, Measured
from einspace.evaluation.objective import TaskObjective
from einspace.evaluation.pace import step_seconds
from einspace.reproduction import EXPERIMENTS, SCALES, selected
from einspace.reproduction.cells import Cell, recipe_at, wanted
from einspace.space import Architecture
from einspace.strategies import class_of
from einspace.strategies.affordable import Training
from einspace.strategies.initial import parse_initial
from einspace.study.start import TIME_LIMIT
from einspace.tasks import TASKS, Split
from einspace.trial import Proposal

SEARCHES = 1_000
"""The searches that are drawn from the samples, for their range."""

CORES = 2
"""Those of the machine that the hours are of, a worker on each."""

BATCHES = 8
"""Batches of noise in an epoch."""


class Pace(NamedTuple):
    """An architecture's load in a trial and in a final training, and the seconds of a step on a core; None where it was not measured."""

    trial: Load
    final: Load
    step: float | None


class Taken(NamedTuple):
    """The seconds of a search: the mean, and the 10th and the 90th percentile."""

    mean: float
    low: float
    high: float


def noise(cell: Cell) -> TaskObjective:
    """The trainings of a cell on noise; its task is a classification."""
    entry, recipe = TASKS[cell.task], recipe_at(cell.selection.scale, cell.task)
    assert isinstance(entry.target, int)
    count = max(BATCHES * recipe.batch_size, entry.target)
    x = np.random.default_rng(0).normal(size=(count, *entry.input.shape)).astype(np.float32)
    whole, few = Split(x, np.arange(count) % entry.target), Split(x[: entry.target], np.arange(entry.target))
    return TaskObjective(entry.task([whole, few, few], built=True), recipe)


def loads(cell: Cell, architecture: Architecture) -> tuple[Load, Load]:
    """A trial and a final training, at the sizes of the published data."""
    (train, valid, test), recipe = TASKS[cell.task].sizes, recipe_at(cell.selection.scale, cell.task)
    costs, longer = Proposal.of(architecture, "").costs, recipe.override(epochs_search=recipe.epochs_final)
    trial, final = Training(recipe, train, valid).load(costs, {}), Training(longer, train + valid, test).load(costs, {})
    assert trial is not None
    assert final is not None
    return trial, final


def paces(cell: Cell, architectures: Sequence[Architecture], seconds: float, memory: float, slowest: float) -> list[Pace]:
    """Take some steps with each architecture."""
    objective, found = noise(cell), list[Pace]()
    for architecture in architectures:
        trial, final = loads(cell, architecture)
        fits = trial.batch_size * architecture.saved_bytes <= memory and CostModel(PRIOR).seconds(trial) / trial.steps <= slowest
        found.append(Pace(trial, final, step_seconds(objective, architecture, {}, seconds, 1) if fits else None))
    return found


def of_load(load: Load, step: float) -> float:
    """The seconds of a training, its score included, whose steps take so many."""
    return step * (load.steps + -(-load.scored // load.batch_size) / TRAINED)


def of_core(measured: Sequence[Pace]) -> CostModel:
    """The cost model of a core, from the steps that were measured on it."""
    return CostModel.fit([Measured(pace.trial, PRIOR[0] + of_load(pace.trial, pace.step)) for pace in measured if pace.step is not None])


def taken(cell: Cell, drawn: Sequence[Pace], model: CostModel, measured: bool) -> Taken:
    """What a search of a cell takes, with `measured` steps where there are some, and as the model predicts otherwise."""
    settings = cell.settings({})
    count, members, is_final = wanted(settings), len(parse_initial(settings.init or "")), class_of(settings.strategy).final
    longer = max(1.0, drawn[0].final.steps / drawn[0].trial.steps)

    def seconds(pace: Pace, final: bool) -> float:
        load = pace.final if final else pace.trial
        found = of_load(load, pace.step) if measured and pace.step is not None else model.seconds(load)
        return min(found, TIME_LIMIT * (longer if final else 1.0))

    trials, finals = ([seconds(pace, final) for pace in drawn] for final in (is_final, True))
    in_the_end = 0.0 if is_final else fmean(finals) * (members + (count > members))
    if members:
        return Taken(*(count * fmean(trials) + in_the_end,) * 3)
    tenths = quantiles((sum(Random(number).choices(trials, k=count)) for number in range(SEARCHES)), n=10)
    return Taken(count * fmean(trials) + in_the_end, tenths[0] + in_the_end, tenths[-1] + in_the_end)


def hours(seconds: float) -> str:
    """Hours with two digits or more.

    >>> hours(360), hours(3_600), hours(450_000)
    ('0.10', '1.0', '125')
    """
    found = seconds / 3600
    return f"{found:.2f}" if found < 0.95 else f"{found:.1f}" if found < 9.5 else f"{found:,.0f}"


def said(found: Taken, workers: int) -> str:
    """The hours of so many workers, and their range where there is one."""
    mean, low, high = (hours(seconds / workers) for seconds in found)
    return mean if found.low == found.high else f"{mean} ({low} to {high})"


def main(words: list[str] | None = None) -> None:
    """Measure and print, task by task."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("experiment", nargs="?", default="table1", choices=[name for name, one in EXPERIMENTS.items() if not one.measure])
    parser.add_argument("--scale", default="small", choices=list(SCALES))
    parser.add_argument("--tasks", default="addnist")
    parser.add_argument("--columns", default="")
    parser.add_argument("--samples", type=int, default=60)
    parser.add_argument("--seconds", type=float, default=0.4, help="of the steps of an architecture, which has five at least")
    parser.add_argument("--memory", type=float, default=4e9, help="bytes that a step may keep, at most")
    parser.add_argument("--slowest", type=float, default=5.0, help="seconds that a step may be predicted to take, at most")
    given = parser.parse_args(words)
    torch.set_num_threads(1)
    tasks, columns = ([name for name in text.split(",") if name] for text in (given.tasks, given.columns))
    selection, how = selected(given.experiment, given.scale, tasks, columns), (given.seconds, given.memory, given.slowest)
    print(f"{given.experiment} at the scale {given.scale}: hours of a search on {CORES} cores as measured, and on a GPU as predicted")
    for row in selection.rows:
        cells = [Cell(selection, row, column, 0) for column in selection.columns if column.settings is not None]
        if not isinstance(TASKS[cells[0].task].target, int):
            print(f"{row} is left out: it is no classification")
            continue
        rng, space = Random(0), EinSpace(TASKS[cells[0].task].input, limits=cells[0].settings({}).limits)
        names = {cell.column.name: parse_initial(cell.settings({}).init or "") for cell in cells}
        samples = [] if all(names.values()) else [space.sample(rng) for _ in range(given.samples)]
        known = {name: within(space, name) for members in names.values() for name in members}
        drawn = paces(cells[0], samples, *how)
        start = dict(zip(known, paces(cells[0], list(known.values()), *how), strict=True))
        core, missing = of_core([*drawn, *start.values()]), sum(pace.step is None for pace in (*drawn, *start.values()))
        print(f"{row}: {len(drawn)} samples and {len(start)} baselines, {missing} of them predicted")
        for cell in cells:
            members = [start[name] for name in names[cell.column.name]]
            both = [taken(cell, members or drawn, model, model is core) for model in (core, CostModel(ACCELERATED))]
            trials = f"{wanted(cell.settings({})):,} trials"
            print(f"  {cell.column.name:16} {trials:13} {said(both[0], CORES):22} {said(both[1], 1)}", flush=True)


if __name__ == "__main__":
    main()
