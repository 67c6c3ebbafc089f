"""Decisions: what trainings on a part of the pool say of what is better after a final training on all of it.

    python -m benchmarks.decisions [--files A.jsonl,B.jsonl] [--tasks adddigits,multdigits] [--shares own,0.2,0.1] [--pairs 3] [--out FILE]

Each run of the files (`benchmarks.search` wrote them) whose winner and baseline have scores on test is decided again: both are trained
for final epochs on as many new partitions of train and valid as there are pairs, for each share of the pool that is valid; `own` is that
of the task. A line for each comparison has the mean difference of each share beside that on test. The last lines say for each share how
far these are apart, in how many comparisons both have the same sign, and Kendall's tau of the two. Trainings stand in `--out`, which a
call goes on from.
"""

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean, stdev
from typing import NamedTuple

import torch
from benchmarks.search.runs import Run, read
from benchmarks.search.tasks import load
from scipy.stats import kendalltau

from einspace import EinSpace, Task
from einspace.evaluation.objective import TaskObjective
from einspace.evaluation.outcome import Context
from einspace.grammar import WIDEST_GRAMMAR

FILES = ("results/benchmark/five-minutes.jsonl", "results/benchmark/ten-minutes-wide.jsonl")

FIRST = 7_000
"""The seed of the first partition: none that a search has had."""


class Comparison(NamedTuple):
    """A winner and its baseline, as a run wrote them, and the difference of their means on test, turned so that more is better."""

    name: str
    task: str
    found: str
    rival: str
    on_test: float


def comparisons(runs: Sequence[Run], tasks: Sequence[str]) -> list[Comparison]:
    """Those of runs whose two networks both have all scores on test, each pair of networks once."""
    found: dict[tuple[str, str], Comparison] = {}
    for run in runs:
        scores = [[value for value in values if value is not None] for values in (run.tests, run.rival)]
        if run.task in tasks and run.found_rival and scores[0] and list(map(len, scores)) == [len(run.tests), len(run.rival)] != [0, 0]:
            sign = 1 if run.higher_is_better else -1
            name = f"{run.task}, {run.minutes:g} min, seed {run.seed}"
            found[run.found, run.found_rival] = Comparison(
                name, run.task, run.found, run.found_rival, sign * (fmean(scores[0]) - fmean(scores[1]))
            )
    return list(found.values())


class Trainings:
    """Scores on partitions, turned so that more is better: those of a file, and others that are trained, once each."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._known: dict[tuple[str, str, float | None, int], float | None] = {}
        for line in path.read_text(encoding="utf-8").splitlines() if path is not None and path.exists() else ():
            row = json.loads(line)
            self._known[row["task"], row["network"], row["share"], row["seed"]] = row["score"]

    def score(self, task: Task, network: str, share: float | None, seed: int) -> float | None:
        """The score of a network after final epochs on the partition of a seed; None for a training that failed."""
        key = task.name, network, share, seed
        if key not in self._known:
            self._known[key] = trained(task, **json.loads(network), share=share, seed=seed)
            if self._path is not None:
                row = dict(zip(("task", "network", "share", "seed", "score"), (*key, self._known[key]), strict=True))
                with self._path.open("a", encoding="utf-8") as stream:
                    stream.write(json.dumps(row) + "\n")
        return self._known[key]


def trained(task: Task, text: str, changes: Mapping[str, float], share: float | None, seed: int) -> float | None:
    """The score of a network after final epochs on a partition, turned so that more is better; None for a training that failed."""
    architecture = EinSpace(task.input, grammar=WIDEST_GRAMMAR).parse(text)
    context = Context(seed=seed, partition=seed, valid_share=share, long=True, changes=changes)
    value = TaskObjective(task, task.recipe)(architecture, context).value
    return value if value is None or task.metric.higher_is_better else -value


def differences(trainings: Trainings, task: Task, pair: Comparison, share: float | None, pairs: int) -> list[float]:
    """Of the winner and the baseline on each partition on which both have a score."""
    seeds = range(FIRST, FIRST + pairs)
    scores = [[trainings.score(task, network, share, seed) for network in (pair.found, pair.rival)] for seed in seeds]
    return [found - rival for found, rival in scores if found is not None and rival is not None]


def agreement(decided: Sequence[float], on_test: Sequence[float]) -> str:
    """How well differences of decisions agree with those on test.

    >>> agreement([0.01, -0.02, 0.05], [0.02, 0.01, 0.04])
    'apart by 0.017 in the mean, the same sign in 2 of 3, tau 1.00'
    """
    apart = fmean(abs(one - other) for one, other in zip(decided, on_test, strict=True))
    same = sum((one > 0) == (other > 0) for one, other in zip(decided, on_test, strict=True))
    tau = float(kendalltau(decided, on_test).statistic) if len(decided) > 1 else float("nan")
    return f"apart by {apart:.3f} in the mean, the same sign in {same} of {len(decided)}, tau {tau:.2f}"


def _part(share: float | None) -> str:
    return "the task's part" if share is None else f"{1 - share:.0%}"


def main(words: list[str] | None = None) -> None:
    """Train and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", default=",".join(FILES))
    parser.add_argument("--tasks", default="adddigits,multdigits")
    parser.add_argument("--shares", default="own,0.2,0.1", help="parts of the pool that are valid")
    parser.add_argument("--pairs", type=int, default=3, help="partitions")
    parser.add_argument("--out", type=Path, help="JSON lines of the trainings")
    given = parser.parse_args(words)
    torch.set_num_threads(1)
    names, shares = given.tasks.split(","), [None if share == "own" else float(share) for share in given.shares.split(",")]
    chosen = comparisons([run for file in given.files.split(",") for run in read(Path(file))], names)
    tasks, trainings = {name: load(name) for name in {pair.task for pair in chosen}}, Trainings(given.out)
    found: dict[float | None, list[float]] = {share: [] for share in shares}
    for pair in chosen:
        columns = []
        for share in shares:
            gains = differences(trainings, tasks[pair.task], pair, share, given.pairs)
            if gains:
                found[share].append(fmean(gains))
            error = f" ± {stdev(gains) / len(gains) ** 0.5:.3f}" if len(gains) > 1 else ""
            columns.append(f"{_part(share)} {fmean(gains):+.3f}{error}" if gains else f"{_part(share)} no score")
        print(f"{pair.name}: on test {pair.on_test:+.3f}; {'; '.join(columns)}", flush=True)
    for share, decided in found.items():
        if decided and len(decided) == len(chosen):
            print(f"trained on {_part(share)}: {agreement(decided, [pair.on_test for pair in chosen])}")


if __name__ == "__main__":
    main()
