"""What a study costs besides training: trials a second with an evaluation that takes no time, and how busy 1,000 workers are.

    python benchmarks/study.py [--sizes 100,1000,10000] [--workers 1,2,8] [--trials 100] [--postgres URL] [--simulated 1000]

Each line is a study that is filled with finished trials and then continued by regularised evolution for `--trials` more. The bar: a
trial at any history costs at most 1.5 times one at the shortest. With `--postgres`, and by itself where PostgreSQL's programs are installed
(a server of its own on a free port, in a temporary folder), the same there.

The simulation runs the loop's rule (a worker that is free gets the next trial; asking is one at a time and costs what was measured) and, beside
it, a loop in generations, on training times that are log-normal (median 600 s, sigma 1). It prints the share of the workers' time that is
training, from the first trial to the moment when nothing is left to ask for.
"""

import argparse
import heapq
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from random import Random
from statistics import median
from time import perf_counter
from typing import Any

import optuna
from optuna.trial import TrialState, create_trial

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.postgres import server  # noqa: E402

from einspace import EinSpace, Limits, strategies  # noqa: E402
from einspace.evaluation import Evaluation, Outcome, Request, Seconds  # noqa: E402
from einspace.executors import Executor, Watch  # noqa: E402
from einspace.loop import Loop, Progress  # noqa: E402
from einspace.storage import Database  # noqa: E402

SPACE = EinSpace((1, 8, 8), limits=Limits(operations=60))
BAR = 1.5


class Null(Executor):
    """Every evaluation is over at once, with a score that follows from the text."""

    def submit(self, request: Request, watch: Watch | None = None) -> Future[Evaluation]:
        """A future that has ended."""
        future: Future[Evaluation] = Future()
        value = int(sha256(request.text.encode()).hexdigest()[:8], 16) / 2**32
        future.set_result(Evaluation(Outcome.OK, value, (2.0, 1.0), seconds=Seconds(train=1e-9)))
        return future

    def close(self) -> None:
        """Nothing runs."""

    def stop(self) -> None:
        """Nothing runs."""


def fill(study: optuna.Study, size: int) -> None:
    """Add finished trials in bulk; a thousand texts that differ, with keys of their own."""
    texts = [str(SPACE.sample(Random(i))) for i in range(min(size, 200))]
    trials = []
    for position in range(size):
        known = {"text": texts[position % len(texts)], "key": f"{position:064x}", "origin": "sample", "parents": [], "parameters": 0}
        known |= {"flops": 0, "activation_bytes": 0, "place": None, "proposing": 0.0, "seed": 0, "position": position}
        known |= {"seconds": {"build": 0.0, "train": 1.0, "score": 0.0}, "losses": [2.0, 1.0], "outcome": "ok"}
        trials.append(create_trial(state=TrialState.COMPLETE, value=position % 97 / 97, user_attrs=known))
    study.add_trials(trials)


class Durations:
    """When each trial ended."""

    def __init__(self) -> None:
        self.ends: list[float] = []

    def __call__(self, progress: Progress) -> None:
        self.ends.append(perf_counter())


def measure(database: Database, size: int, workers: int, trials: int) -> float:
    """Milliseconds a trial, of the wall clock: the median over tenths of the run, without the reading of the history at the start."""
    with database.open() as storage:
        study = optuna.create_study(study_name=database.study, storage=storage, direction="maximize", load_if_exists=True)
        here = len(study.get_trials(deepcopy=False))
        fill_from = size - here
        if fill_from > 0:
            fill(study, size) if here == 0 else None
        ends = Durations()
        strategy = strategies.get("evolution", SPACE, ("random",), 100, 10)
        loop = Loop(study, storage, database, strategy, Null(), 0, workers, ends)
        loop.run(len({t.user_attrs["position"] for t in study.get_trials(deepcopy=False)}) + trials)
    step = max(1, len(ends.ends) // 10)
    marks = ends.ends[::step]
    return 1e3 * median((b - a) / step for a, b in zip(marks, marks[1:], strict=False))


def costs(make: Any, sizes: list[int], workers: list[int], trials: int) -> float:
    """Print a table and give the worst ratio to the shortest history."""
    worst = 0.0
    first: dict[int, float] = {}
    for size in sizes:
        for count in workers:
            milliseconds = measure(make(size), size, count, trials)
            ratio = milliseconds / first.setdefault(count, milliseconds)
            worst = max(worst, ratio)
            print(
                f"  history {size:>6,}, {count} workers: {milliseconds:6.1f} ms a trial, {1e3 / milliseconds:6.1f} trials/s, {ratio:.2f} x"
            )
    print(f"  worst ratio {worst:.2f}, bar {BAR}: {'met' if worst <= BAR else 'MISSED'}")
    return worst


def simulate(workers: int, per_worker: int, asking: float, rng: Random) -> tuple[float, float]:
    """Utilisation of the asynchronous loop and of generations of as many trials as there are workers."""
    times = [rng.lognormvariate(6.4, 1.0) for _ in range(workers * per_worker)]
    free = [0.0] * workers
    asker, trained, busy = 0.0, 0.0, []
    for duration in times:
        asker = max(heapq.heappop(free), asker) + asking
        heapq.heappush(free, asker + duration)
        busy.append((asker, asker + duration))
    end = asker
    trained = sum(min(stop, end) - start for start, stop in busy)
    generations = sum(max(times[i : i + workers]) + asking * workers for i in range(0, len(times), workers))
    return trained / (workers * end), sum(times) / (workers * generations)


@contextmanager
def postgres(url: str | None) -> Iterator[str | None]:
    """The server to use: the one that was named, one of our own, or none."""
    if url is not None:
        yield url
        return
    with server() as own:
        yield own


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default="100,1000,10000")
    parser.add_argument("--workers", default="1,2,8")
    parser.add_argument("--trials", type=int, default=100)
    parser.add_argument("--postgres")
    parser.add_argument("--simulated", type=int, default=1000)
    options = parser.parse_args()
    sizes, workers = ([int(part) for part in text.split(",")] for text in (options.sizes, options.workers))
    with tempfile.TemporaryDirectory() as folder:
        print("SQLite")
        costs(lambda size: Database.of_file(Path(folder) / f"{size}.db", "bench"), sizes, workers, options.trials)
    with postgres(options.postgres) as url:
        if url is None:
            print("PostgreSQL: its programs are not installed")
        else:
            print("PostgreSQL")
            costs(lambda size: Database(url, f"bench-{size}"), sizes, workers, options.trials)
    for asking in (0.01, 0.05):
        loop, generations = simulate(options.simulated, 20, asking, Random(0))
        print(f"{options.simulated:,} workers, {1e3 * asking:.0f} ms to ask: busy {loop:.1%}, in generations {generations:.1%}")


if __name__ == "__main__":
    main()
