"""Reading: the result of a run from its study, finished or not."""

import logging
import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from math import inf
from pathlib import Path
from threading import Lock
from typing import Any, Self
from weakref import finalize

from einspace.errors import RunError
from einspace.racing.contest import NOTE as PLAN
from einspace.racing.contest import Contest
from einspace.result.entrant import Entrant
from einspace.result.result import Result
from einspace.result.table import SUFFIX, read_table
from einspace.run.attachments import grammar_of_run
from einspace.run.folder import NOTE, STUDY, Run
from einspace.run.settings import FORMAT, Settings, has_test
from einspace.storage import StudyStore
from einspace.storage.backup import backup_of
from einspace.storage.ledger import Ledger
from einspace.storage.store import undamaged
from einspace.trial import BASELINE, DECISION, FINAL, RACE, SEARCH, Proposal, Trial

FINALS = "finals"
"""The note of a study that holds its baselines, and the number of seeds of the final trainings."""

TOO_LONG = "finals that did not fit"
"""The note with the identities of architectures whose final training did not fit into a budget of time."""

SHORT = "its final training did not fit into the time that was left"
"""The reason why such a baseline has no score on test."""

_LOG = logging.getLogger("einspace")

SESSION = "session "
"""The prefix of the notes with the seconds of a call by its parts."""


def load_result(run: str, runs: str = "runs", storage: str | None = None) -> Result:
    """Read the result of a run, finished or not.

    `EinSpace(shape, grammar=...)` parses the texts of a run in another grammar, whose fingerprint is in the settings.

    Args:
        run: The name of the run.
        runs: The folder of all runs.
        storage: The address of the database that the search was given; None for the file in the run's folder.

    Raises:
        RunError: There is no such run, or it cannot be read.
    """
    with Following(run, runs, storage) as following:
        return following.read()


class Following:
    """Reads the result of a run again and again, while its search goes on: after the first time only what is new of its trials.

    A file is checked for damage the first time, and again after a time that failed and where another file lies in its place.
    """

    def __init__(self, run: str, runs: str = "runs", storage: str | None = None) -> None:
        self._folder, self._runs, self._storage = Run(runs, run), runs, storage
        self._lock = Lock()
        self._opened = ExitStack()
        finalize(self, self._opened.close)  # with the program at the latest: a callback that hangs is never closed
        self._store: StudyStore | None = None
        self._file: tuple[int, int] | None = None

    def read(self) -> Result:
        """The result as of now; raises RunError where there is none. Threads take turns."""
        with self._lock:
            try:
                if self._store is not None and _place(self._store.database.file) == self._file:
                    self._store.sync()
                else:
                    self._opened.close()
                    self._store = self._open()
                settings = checked_notes(self._store)[NOTE]
                with undamaged(self._store.database):
                    return collect(self._store, self._folder, settings)
            except BaseException:
                self._close()
                raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._close()

    def _close(self) -> None:
        self._store = None
        self._opened.close()

    def _open(self) -> StudyStore:
        folder, storage = self._folder, self._storage
        database, has_begun = folder.study(storage), folder.settings() is not None
        if database.file is not None and not database.file.exists() and not backup_of(database.file).exists():
            if has_begun and storage is None:
                raise folder.lost()
            raise RunError(f"there is no run {folder.name!r} in {self._runs if storage is None else database}")
        if not has_begun:
            database.check()
            if database.is_unused((STUDY, f"{STUDY}/finals")):  # a reader makes no tables beside a search that is making them
                raise RunError(f"the run {folder.name!r} has no settings yet")
        self._file = _place(database.file)
        store = self._opened.enter_context(StudyStore.open(database))
        if not (has_begun or store.phases or NOTE in store.notes()):
            raise RunError(f"the run {folder.name!r} has no settings yet")
        stored = checked_notes(store)[NOTE].get("format")
        if stored != FORMAT:
            _LOG.warning("the run %s is of format %s, and this version reads %s: what it shows may be wrong", folder.name, stored, FORMAT)
        return store


def _place(file: Path | None) -> tuple[int, int] | None:
    """The device and the inode of a file, which another file in its place does not have; None for a server, and for a file that is gone."""
    try:
        found = None if file is None else file.stat()
    except OSError:
        return None
    return None if found is None else (found.st_dev, found.st_ino)


def load_trials(path: str | Path) -> Sequence[Trial]:
    """Read all trials that have ended, those of the search first.

    Args:
        path: The folder of a run, or a table of many runs, `NAME.jsonl`, whose trials are `Recorded`: they say of which run and task they
            are.

    Raises:
        RunError: There is no such run, or it cannot be read.
        DataError: The table cannot be read; the message has the number of the line.
    """
    if Path(path).suffix == SUFFIX:
        return read_table(Path(path))
    folder = Path(os.path.realpath(path))
    return load_result(folder.name, str(folder.parent)).trials()


def checked_notes(store: StudyStore) -> dict[str, dict[str, Any]]:
    """The notes of a study that has begun; raises RunError where one is gone: trials are stored after those that they need."""
    phases = {name for name, ledger in store.phases.items() if ledger.trials}
    needed = [NOTE, *([FINALS] if phases else []), *([PLAN] if phases & {RACE, DECISION} else [])]
    notes = store.notes()
    missing = [name for name in needed if name not in notes]
    if missing:
        raise store.database.damaged(f"its note {missing[0]!r} is missing")
    return notes


def collect(store: StudyStore, run: Run, settings: Settings) -> Result:
    """The result of a run from its open study."""
    notes, sessions = store.notes(), sessions_of(store)
    finals = notes.get(FINALS, {"entries": [], "seeds": 1, "first": 0, "selects": True})
    seeds = range(finals["first"], finals["first"] + finals["seeds"])
    search, too_long = store.phase(SEARCH), notes.get(TOO_LONG, {}).get("identities", [])
    history = [trial for trial in search.trials if trial.evaluation is not None]
    ended = [trial for name, ledger in store.phases.items() if name != SEARCH for trial in ledger.trials if trial.evaluation is not None]
    others = [_tested(trial, settings) for trial in ended]
    contest = Contest.of(store)
    verdict, unjudged = contest.verdict()
    shape, grammar = tuple(settings["input"]), partial(grammar_of_run, run.path, settings)

    def entrant(name: str, proposal: Proposal) -> Entrant:
        identity = proposal.identity
        tried, ran = validated(store, identity), _finals(store.phase(FINAL), identity, seeds)
        tested = tuple(None if final is None else _tested(final, settings) for final in ran)
        race, decision = contest.values(RACE, identity), contest.values(DECISION, identity)
        if tried is None:
            return Entrant(name, proposal, shape, None, None, tested, grammar=grammar)
        number = tried.number if tried.phase == SEARCH else None
        why = tried.reason or (SHORT if identity in too_long and None in tested else "")
        return Entrant(name, proposal, shape, number, tried.value, tested, why, race, decision, grammar)

    baselines = []
    for entry in finals["entries"]:
        if entry["proposal"] is None:
            baselines.append(Entrant(entry["name"], None, shape, None, None, (None,) * len(seeds), entry["reason"]))
        else:
            baselines.append(entrant(entry["name"], Trial.from_json({"number": 0, "proposal": entry["proposal"]}).proposal))
    finalists = [entrant(f"trial {contest.claimed[name].number}", contest.claimed[name].proposal) for name in contest.plan.candidates]
    finalists += [row for row in baselines if row.proposal is not None and row.proposal.identity == contest.plan.baseline]
    best = contest.best if finals["selects"] else None
    available = sum(session["workers"] * session["search"] - session["starting"] - session["ending"] for session in sessions)
    return Result(
        run=run.path,
        settings=settings,
        history=tuple(history),
        others=tuple(others),
        best=None if best is None else entrant(f"trial {best.number}", best.proposal),
        baselines=tuple(baselines),
        finalists=tuple(finalists),
        verdict=verdict,
        unjudged=unjudged,
        seconds=_seconds_of(history, sessions),
        won=contest.won,
        passed_over=None if contest.passed_over is None else contest.passed_over.number,
        overhead=max(0.0, 1 - sum(session["evaluating"] for session in sessions) / available) if available > 0 else None,
        split="validation" if finals["selects"] else "test",
        storage=None if store.database.file == run.database else store.database.address,
        running=tuple(ledger.trials[number] for ledger in store.phases.values() for number in sorted(ledger.running())),
    )


def sessions_of(store: StudyStore) -> list[dict[str, Any]]:
    """The seconds of each call of a run by its parts, see `timing.Clock.session`."""
    return [note for name, note in store.notes().items() if name.startswith(SESSION)]


def elapsed(sessions: Iterable[Mapping[str, float]], *parts: str) -> float:
    """Seconds of the wall clock in which at least one of the calls was at work on these parts.

    Calls of versions that did not store when they began are counted one after the other.

    >>> calls = [{"began": 100.0, "search": 50.0}, {"began": 120.0, "search": 60.0}, {"began": 300.0, "search": 1.0}, {"search": 5.0}]
    >>> elapsed(calls, "search")
    86.0
    """
    spans, seconds = [], 0.0
    for session in sessions:
        length = sum(session[part] for part in parts)
        if "began" in session:
            spans.append((session["began"], session["began"] + length))
        else:
            seconds += length
    last = -inf
    for start, end in sorted(spans):
        seconds += max(0.0, end - max(start, last))
        last = max(last, end)
    return seconds


def trials_of(ledger: Ledger, identity: str, seed: int | None = None) -> list[Trial]:
    """The trials of a phase of one proposal that have ended, those with a score first."""
    return [trial for trial in ledger.of(identity) if seed in (None, trial.seed)]


def validated(store: StudyStore, identity: str) -> Trial | None:
    """The trial that says what a proposal scores on validation: one of the search, or one of the baselines."""
    found = [*trials_of(store.phase(SEARCH), identity), *trials_of(store.phase(BASELINE), identity)]
    return min(found, key=lambda trial: trial.value is None, default=None)


def _finals(ledger: Ledger, identity: str, seeds: Sequence[int]) -> tuple[Trial | None, ...]:
    """The final training from each seed: of several the last one with a score, whose weights were kept."""
    found = [trials_of(ledger, identity, seed) for seed in seeds]
    return tuple(max(tried, key=lambda trial: (trial.value is not None, trial.number), default=None) for tried in found)


def _tested(trial: Trial, settings: Settings) -> Trial:
    """The trial, without the score of a final training on data that have no test split: it was trained on what it was scored on."""
    if trial.phase != FINAL or trial.evaluation is None or has_test(settings):
        return trial
    return replace(trial, evaluation=replace(trial.evaluation, value=None), fitness=None)


def _seconds_of(trials: Sequence[Trial], sessions: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Seconds by phase, of trials and of the calls that evaluated them."""
    total, search = elapsed(sessions, "search", "final"), elapsed(sessions, "search")
    spent = {"total": total, "search": search, "final": total - search}
    spent |= {name: sum(session.get(name, 0.0) for session in sessions) for name in ("starting", "ending")}
    spent["proposing"] = sum(trial.proposing for trial in trials)
    evaluations = [trial.evaluation for trial in trials if trial.reused is None and trial.evaluation is not None]
    for phase, name in (("build", "building"), ("train", "training"), ("score", "scoring")):
        spent[name] = sum(getattr(evaluation.seconds, phase) for evaluation in evaluations)
    return {name: round(value, 3) for name, value in spent.items()}
