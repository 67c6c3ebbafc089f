"""Soak: a long search of cheap trials whose workers and driver are killed at random; nothing may grow, and nothing may be left.

    python -m benchmarks.soak [--trials 1000] [--workers 2] [--seconds 600] [--seed 0]

The driver is a process of its own. At random moments one of its workers is killed, and now and then the driver itself, which is then
started again with the same run; it is killed only while it has workers, or on a busy machine it would never get there. It prints the
trials by outcome, the largest memory and number of descriptors of the driver in the first and in the last quarter of its samples, the
processes that are left, and the temporary files. Its exit code is 1 where a process or a file is left, a number of a trial lacks or
stands twice, a trial is still running, or memory or descriptors grow; a machine that is too busy for all trials in time is not a fault.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections import Counter
from contextlib import suppress
from pathlib import Path
from random import Random
from time import monotonic, sleep

import psutil

import einspace as es

PAUSE = (0.5, 3.0)
"""Seconds between two kills, at least and at most."""

DRIVER = 0.1
"""The share of kills that hit the driver."""

GROWTH = 1.5
"""The largest memory and number of descriptors in the last quarter, at most, as a multiple of those in the first."""


def cheap(architecture: es.Architecture, context: es.Context) -> float:
    """A score without training."""
    return float(architecture.parameters % 1000)


def drive(runs: Path, trials: int, workers: int, seed: int) -> None:
    """The search, as often as it is called, until it has all trials; without a report, which draws all of them in the end."""
    options = {"trials": trials, "workers": workers, "seed": seed, "run": "soak", "runs": runs, "report": False}
    es.search(objective=cheap, space=es.EinSpace((1, 8, 8)), strategy="random", **options)  # type: ignore[arg-type]


def soak(runs: Path, trials: int, workers: int, seconds: float, seed: int) -> tuple[Counter[str], list[tuple[int, int]], set[int]]:
    """Search and kill; the kills by target, the memory and the descriptors of the driver over time, and all processes there were."""
    rng, kills, samples, seen = Random(seed), Counter[str](), list[tuple[int, int]](), set[int]()
    words = ["--drive", str(runs), "--trials", str(trials), "--workers", str(workers), "--seed", str(seed)]
    end, driver, following = monotonic() + seconds, None, monotonic() + rng.uniform(*PAUSE)
    while monotonic() < end:
        if driver is None or driver.poll() is not None:
            if driver is not None and driver.returncode == 0:
                break
            driver = psutil.Popen([sys.executable, "-m", "benchmarks.soak", *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        sleep(0.2)
        with suppress(psutil.Error):
            children = driver.children(recursive=True)
            seen |= {child.pid for child in children}
            samples.append((driver.memory_info().rss, driver.num_fds()))
            if monotonic() > following:
                following = monotonic() + rng.uniform(*PAUSE)
                forked = [child for child in children if child.ppid() != driver.pid]  # of the server of workers
                if forked:
                    target = "driver" if rng.random() < DRIVER else "worker"
                    (driver if target == "driver" else rng.choice(forked)).kill()
                    kills[target] += 1
    if driver is not None and driver.poll() is None:
        driver.terminate()
        with suppress(psutil.TimeoutExpired):
            driver.wait(60)
    return kills, samples, seen


def left(seen: set[int], folders: tuple[Path, ...], seconds: float = 60.0) -> tuple[list[int], list[str]]:
    """Processes and temporary files that are still there after so many seconds: a server that loads PyTorch ends only then."""
    end = monotonic() + seconds
    while (alive := [pid for pid in seen if psutil.pid_exists(pid)]) and monotonic() < end:
        sleep(0.2)
    names = [
        str(path) for folder in folders for path in folder.rglob("*") if path.name.startswith(("pymp-", ".")) or path.suffix == ".part"
    ]
    return alive, names


def main() -> int:
    """Soak, and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=1000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--drive", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.drive is not None:
        drive(given.drive, given.trials, given.workers, given.seed)
        return 0
    with tempfile.TemporaryDirectory(prefix="einspace-soak-") as name:
        runs, temporary = Path(name, "runs"), Path(name, "temporary")
        temporary.mkdir()
        os.environ["TMPDIR"] = str(temporary)
        kills, samples, seen = soak(runs, given.trials, given.workers, given.seconds, given.seed)
        alive, files = left(seen, (runs, temporary))
        found = es.load_trials(runs / "soak")
        numbers = [trial.number for trial in found]
        outcomes = Counter(str(trial.outcome) for trial in found)
    quarter = max(1, len(samples) // 4)
    print(f"trials: {len(found):,} of {given.trials:,}: {', '.join(f'{outcome} {count:,}' for outcome, count in outcomes.most_common())}")
    print(f"kills: {', '.join(f'{target} {count}' for target, count in kills.items()) or 'none'}")
    (memory, files_open), (memory_then, files_then) = (
        [max(figures, default=0) for figures in zip(*some, strict=True)] or [0, 0] for some in (samples[:quarter], samples[-quarter:])
    )
    for part, bytes_taken, opened in (("first", memory, files_open), ("last", memory_then, files_then)):
        print(f"driver, {part} quarter: {bytes_taken / 2**20:,.0f} MiB, {opened} descriptors at most")
    print(f"left: {len(alive)} processes, {len(files)} temporary files {files[:5] or ''}")
    whole = numbers == list(range(len(numbers))) and "running" not in outcomes
    flat = memory_then <= GROWTH * memory and files_then <= GROWTH * files_open
    return int(bool(alive or files) or not whole or not flat)


if __name__ == "__main__":
    sys.exit(main())
