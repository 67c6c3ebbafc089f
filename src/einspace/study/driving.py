"""Driving: one process at work on a study, from opening it to counting where its time went."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import perf_counter

import optuna
from optuna.study import StudyDirection

from einspace.settings import Settings, check_same
from einspace.storage import Database
from einspace.study.loop import Loop


class Interrupted(Exception):
    """A search was ended by Ctrl-C. Everything that had finished is stored in the folder `run`; the same call goes on from there."""

    def __init__(self, run: Path, done: int, total: int) -> None:
        super().__init__(run, done, total)
        self.run = run
        self.done = done
        self.total = total

    def __str__(self) -> str:
        return f"interrupted after {self.done} of {self.total} trials; the run {self.run} can be continued"


def open_study(storage: optuna.storages.BaseStorage, database: Database, settings: Settings, higher: bool, run: str) -> optuna.Study:
    """The study of a run, a new one or the one that is there; raises RunError if that was started with other settings."""
    direction = StudyDirection.MAXIMIZE if higher else StudyDirection.MINIMIZE
    with database.asking():
        study = optuna.create_study(study_name=database.study, storage=storage, direction=direction, load_if_exists=True)
        stored = study.user_attrs.get("settings")
        if stored is None:
            study.set_user_attr("settings", settings)
        else:
            check_same(stored, settings, run)
    return study


def drive(loop: Loop, trials: int) -> None:
    """Run the loop in a thread of its own, so that Ctrl-C reaches this one at once; on Ctrl-C the evaluations are given up."""
    with ThreadPoolExecutor(1, thread_name_prefix="einspace-study") as pool:
        future = pool.submit(loop.run, trials)
        try:
            future.result()
        except KeyboardInterrupt:
            loop.halt()
            raise


def store_session(loop: Loop, end_of_search: float | None) -> None:
    """Append where the time of this driver went, unless it had nothing to evaluate; whatever ended it, for a run may have several."""
    now = perf_counter()
    middle = end_of_search or now
    if loop.clock.evaluating == 0 and now - middle < 1:
        return
    session = {**loop.clock.figures(middle), "final": now - middle}
    if loop.clock.evaluating == 0:
        session["search"] = 0.0
    with loop.database.asking():
        loop.set_user_attr("sessions", [*loop.user_attrs.get("sessions", []), session])
