"""What a study costs besides training: trials a second with an evaluation that takes no time, and how busy 1,000 workers are.

    python benchmarks/study.py [--sizes 100,1000,10000] [--workers 1,2,8] [--trials 100] [--rounds 2]
        [--ours 500,4000] [--postgres URL] [--postgres-sizes 100,1000]

Each line is a study that is filled with finished trials, each begun and ended in the store (some minutes for 10,000), and continued by
regularised evolution for `--trials` more. The bar: a trial at any history costs at most 1.5 times one at the shortest, in time of this
process's processor, so that the machine's other programs and its disk count as little as can be; time of the wall clock is printed beside
it. Files of SQLite lie in /dev/shm where there is one. The lines of `--ours` are searches by our protocol: children are edits, and of a
budget of time some is kept, at every trial anew, for a race beside a baseline and for the final trainings. With `--postgres`, and by itself
where PostgreSQL's programs are installed (a server on a free port, in a temporary folder), the first lines again there.

The simulation runs the driver's rule (a worker that is free gets the next trial, and asking is one at a time) and, beside it, a loop in
generations, on 1,000 workers and training times that are log-normal (median 600 s, sigma 1). It prints the share of the workers' time that
is training, from the first trial to the moment when nothing is left to ask for.
"""

import argparse
import heapq
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from random import Random
from statistics import median
from time import perf_counter, process_time, time

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.postgres import server
from tests.study_samples import small_task

from einspace import EinSpace, Limits, strategies
from einspace.callbacks import Progress
from einspace.config.protocol import OURS, PAPER, Protocol
from einspace.evaluation import Evaluation, Outcome, Request, Seconds, Watch
from einspace.executors import Executor
from einspace.phases.budget import Budget
from einspace.phases.finals import Finals
from einspace.phases.race import Race
from einspace.storage import Database, StudyStore
from einspace.strategies import Strategy
from einspace.study.driver import Driver
from einspace.study.phases import Search
from einspace.trial import BASELINE, SEARCH, Costs, Proposal, Trial

SPACE = EinSpace((1, 8, 8), limits=Limits(operations=60))
EVALUATION = Evaluation(Outcome.OK, 0.5, (2.0, 1.0), seconds=Seconds(train=1.0))
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


def fill(store: StudyStore, size: int) -> None:
    """Begin and end so many trials; 200 texts that differ, each with a key of its own."""
    texts = [str(SPACE.sample(Random(number))) for number in range(min(size, 200))]
    for number in range(size):
        proposal = Proposal(texts[number % len(texts)], f"{number:064x}", Costs(0, 0, 0), "sample")
        trial = Trial(number, proposal, started=time())
        store.begin(trial)
        store.end(trial.end(replace(EVALUATION, value=number % 97 / 97), store.sign, time()))
    store.sync()


def within_time(strategy: Strategy, store: StudyStore, budget: Budget, workers: int) -> None:
    """Let a budget keep time for a race, a decision and final trainings, beside a baseline that has a score."""
    task = small_task()
    finals = Finals(SPACE, task, task.recipe, (), strategy, 0, 1, {}, task.baselines, {}, {})
    for number, proposal in enumerate(finals.proposals()):
        store.phase(BASELINE).end(Trial(number, proposal, BASELINE).end(EVALUATION, store.sign, time()))
    budget.seconds = 1e6
    budget.reserve = partial(Race(finals, task, task.recipe, budget, 0, workers).reserve, store)


def measure(database: Database, size: int, workers: int, trials: int, ours: bool = False) -> tuple[float, float]:
    """Milliseconds a trial, of the wall clock (the median over tenths of the run) and of the processor; without reading the history."""
    ends: list[tuple[float, float]] = []

    def note_end(progress: Progress) -> None:
        if progress.trial is not None:
            ends.append((perf_counter(), process_time()))

    with StudyStore.open(database, higher_is_better=True) as store:
        if not store.phase(SEARCH).trials:
            fill(store, size)
        budget = Budget(len(store.phase(SEARCH).trials) + trials)
        protocol = Protocol.of(OURS if ours else PAPER, size, workers)
        strategy = strategies.get("evolution", SPACE, ("random",), **{**protocol.options, "recipe_changes": 0.0})
        if ours:
            within_time(strategy, store, budget, workers)
        search = Search(strategy, 0, budget, None)
        Driver(store, Null(), workers, budget, note_end).run(search)
    step = max(1, len(ends) // 10)
    wall = median((b[0] - a[0]) / step for a, b in pairwise(ends[::step]))
    return 1e3 * wall, 1e3 * (ends[-1][1] - ends[0][1]) / (len(ends) - 1)


def costs(make: Callable[[int], Database], sizes: list[int], workers: list[int], trials: int, rounds: int, ours: bool = False) -> None:
    """Print a table, with the ratio to the shortest history; the least of several rounds, for other programs may be busy."""
    worst = 0.0
    found: dict[tuple[int, int], tuple[float, float]] = {}
    for _ in range(rounds):
        for count in workers:
            for size in sizes:
                wall, cpu = measure(make(size), size, count, trials, ours)
                before = found.get((count, size), (wall, cpu))
                found[count, size] = (min(wall, before[0]), min(cpu, before[1]))
    for (count, size), (wall, cpu) in found.items():
        ratios = [now / first for now, first in zip((wall, cpu), found[count, sizes[0]], strict=True)]
        worst = max(worst, ratios[1])
        rates = f"{wall:6.1f} ms a trial ({ratios[0]:.2f} x), {1e3 / wall:6.1f} trials/s, {cpu:5.1f} ms of processor ({ratios[1]:.2f} x)"
        print(f"  {count} workers, history {size:>6,}: {rates}")
    print(f"  worst ratio of processor time {worst:.2f}, bar {BAR}: {'met' if worst <= BAR else 'MISSED'}")


def simulate(workers: int, per_worker: int, asking: float, rng: Random) -> tuple[float, float]:
    """Utilisation of the asynchronous driver and of generations of as many trials as there are workers."""
    times = [rng.lognormvariate(6.4, 1.0) for _ in range(workers * per_worker)]
    free = [0.0] * workers
    asker, busy = 0.0, list[tuple[float, float]]()
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
        yield None if own is None else own.url


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default="100,1000,10000")
    parser.add_argument("--workers", default="1,2,8")
    parser.add_argument("--trials", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--ours", default="500,4000")
    parser.add_argument("--postgres")
    parser.add_argument("--postgres-sizes", default="100,1000")
    parser.add_argument("--simulated", type=int, default=1000)
    options = parser.parse_args()
    given = (options.sizes, options.ours, options.postgres_sizes, options.workers)
    sizes, ours, shared, workers = ([int(part) for part in text.split(",")] for text in given)
    with tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as folder:
        print("SQLite")
        costs(lambda size: Database.of_file(Path(folder) / f"{size}.db", "bench"), sizes, workers, options.trials, options.rounds)
        print("SQLite, our protocol with a budget of time")
        costs(lambda size: Database.of_file(Path(folder, f"ours-{size}.db"), "bench"), ours, workers, options.trials, options.rounds, True)
    with postgres(options.postgres) as url:
        if url is None:
            print("PostgreSQL: its programs are not installed")
        else:
            print("PostgreSQL")
            costs(lambda size: Database(url, f"bench-{size}"), shared, workers, options.trials, options.rounds)
    for asking in (0.01, 0.05):
        loop, generations = simulate(options.simulated, 20, asking, Random(0))
        print(f"{options.simulated:,} workers, {1e3 * asking:.0f} ms to ask: busy {loop:.1%}, in generations {generations:.1%}")


if __name__ == "__main__":
    main()
