"""What the worker processes cost: evaluations a second that do nothing, the price of a watch, of a new worker, and memory.

    python benchmarks/executors.py [--evaluations 400] [--workers 1 2 8] [--data 400]

Wall-clock time of this machine. "One at a time" waits for each evaluation before it submits the next, as a search with one worker does.
"""

import argparse
import os
import time
from statistics import median

import numpy as np
import psutil

from einspace.evaluation import Context, Evaluation, Outcome, Request, Work
from einspace.evaluation.objective import TaskObjective
from einspace.executors import ProcessExecutor, Watch
from einspace.features import Feature
from einspace.tasks.metrics import ACCURACY
from einspace.tasks.recipe import Recipe
from einspace.tasks.split import Split
from einspace.tasks.task import Task

RECIPE = Recipe(epochs_search=10, epochs_final=10, batch_size=16, learning_rate=0.1, weight_decay=0.0)


class Nothing(Work):
    """Ends at once, after reports of ten epochs if they are watched; "kill" dies."""

    def __call__(self, text: str, context: Context) -> Evaluation:
        """Read the text."""
        if text == "kill":
            os.kill(os.getpid(), 9)
        for epoch in range(1, 11):
            if context.watched and not context.report(epoch, 0.5):
                return Evaluation(Outcome.PRUNED)
        return Evaluation(Outcome.OK, float(os.getpid()))


def work(task: Task) -> Work:
    """The usual work on a task."""
    return Work(TaskObjective(task, task.recipe), task.input)


def small_task() -> Task:
    """64 samples of two classes."""
    split = Split(np.random.default_rng(0).normal(size=(64, 1, 8, 8)).astype(np.float32), np.arange(64) % 2)
    return Task(name="small", input=Feature((1, 8, 8)), target=2, train=split, valid=split, test=split, metric=ACCURACY, recipe=RECIPE)


def rate(executor: ProcessExecutor, count: int, watch: Watch | None = None) -> float:
    """Evaluations a second, all submitted at once."""
    clock = time.perf_counter()
    for future in [executor.submit(Request("nothing"), watch) for _ in range(count)]:
        future.result()
    return count / (time.perf_counter() - clock)


def measure(workers: int, count: int) -> None:
    """Start, throughput, latency and the price of a death."""
    with ProcessExecutor(Nothing(work(small_task()).objective, small_task().input), workers, memory_limit=None) as executor:
        clock = time.perf_counter()
        executor.submit(Request("nothing")).result()
        first = time.perf_counter() - clock
        rate(executor, 20 * workers)
        plain, watched = rate(executor, count), rate(executor, count, lambda epoch, score: True)
        clock = time.perf_counter()
        for _ in range(count // 4):
            executor.submit(Request("nothing")).result()
        alone = (time.perf_counter() - clock) / (count // 4)
        clock = time.perf_counter()
        for _ in range(8):
            executor.submit(Request("kill")).result()
            executor.submit(Request("nothing")).result()
        death = (time.perf_counter() - clock) / 8
    print(
        f"{workers} workers: {plain:7,.0f} evaluations/s   watched, 10 epochs each: {watched:6,.0f} /s   "
        f"one at a time: {alone * 1e3:6.2f} ms   a dead worker and its successor: {death * 1e3:5.0f} ms   first result after {first:.2f} s",
        flush=True,
    )


def growth(count: int) -> None:
    """Memory of two workers over real evaluations of different architectures, and what the first evaluation of a new worker costs more."""
    with ProcessExecutor(work(small_task()), workers=2, memory_limit=None) as executor:
        sizes: list[int] = []
        times: list[float] = []
        for number in range(count):
            clock = time.perf_counter()
            width = 16 * (1 + number % 8)
            executor.submit(Request(f"[[im2col(k=3,s=1,p=1) linear(d={width}) col2im] relu]")).result()
            times.append(time.perf_counter() - clock)
            workers = [child for child in psutil.Process().children(recursive=True) if child.ppid() != os.getpid()]
            sizes.append(max(child.memory_info().rss for child in workers) >> 20)
    print(
        f"memory of the larger of two workers after 4, {count // 2} and {count} real evaluations: {sizes[3]}, {sizes[count // 2]} and "
        f"{sizes[-1]} MiB; the second worker's first evaluation took {times[1] * 1e3:.0f} ms, the median one {median(times) * 1e3:.0f} ms",
        flush=True,
    )


def data(megabytes: int) -> None:
    """Memory of one and of four workers that train on so much data: what is theirs alone, and their part of what they share (PSS)."""
    x = np.random.default_rng(0).random((megabytes * 2**20 // 12_288, 3, 32, 32), dtype=np.float32)
    split = Split(x, np.arange(len(x)) % 10)
    small = Split(x[:1000], split.y[:1000])
    task = Task(
        name="large",
        input=Feature((3, 32, 32)),
        target=10,
        train=split,
        valid=small,
        test=small,
        metric=ACCURACY,
        recipe=RECIPE.override(epochs_search=1, batch_size=256),
    )
    for workers in (1, 4):
        with ProcessExecutor(work(task), workers, memory_limit=None) as executor:
            futures = [executor.submit(Request("[linear(d=4) relu]")) for _ in range(2 * workers)]
            most = 0
            while not all(future.done() for future in futures):
                most = max(most, sum(map(_memory, psutil.Process().children(recursive=True))))
                time.sleep(0.05)
        print(f"{workers} workers on {split.x.nbytes >> 20} MiB of data: {most >> 20} MiB for all of them at most", flush=True)


def _memory(process: psutil.Process) -> int:
    """A worker's memory in bytes, 0 for the server of workers and for one that has ended."""
    try:
        return 0 if process.ppid() == os.getpid() else int(process.memory_full_info().pss)
    except psutil.Error:
        return 0


def main() -> None:
    """Print one line a measurement."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--evaluations", type=int, default=400)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2, 8])
    parser.add_argument("--data", type=int, default=400, metavar="MIB")
    options = parser.parse_args()
    for workers in options.workers:
        measure(workers, options.evaluations)
    growth(60)
    data(options.data)


if __name__ == "__main__":
    main()
