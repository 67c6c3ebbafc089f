"""Result: what a run found, read from its study."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import mean, pstdev
from typing import Any
from urllib.parse import quote

import optuna
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy import URL
from sqlalchemy.exc import SQLAlchemyError

from einspace.backup import backup_of
from einspace.errors import RunError, SettingError
from einspace.evaluation.outcome import Outcome
from einspace.pareto import fronts
from einspace.run import STUDY, Run
from einspace.settings import Settings
from einspace.strategies import COSTS

INTERRUPTED = "interrupted"
"""The outcome of a trial whose driver ended before it; the same architecture is tried again under the same number."""

TOP = 5
"""How many of the best architectures are shown, unless told otherwise."""


@dataclass(frozen=True)
class Row:
    """One trial. `value` is its score on the validation split, None unless the outcome is ok; `parameters` are the backbone's."""

    number: int
    outcome: str
    value: float | None
    text: str
    key: str
    origin: str
    parents: tuple[int, ...]
    parameters: int
    seconds: float
    """Building, training and scoring; 0 where a score was reused."""
    reused: int | None = None
    """The number of the trial with the same canonical key whose score this is."""
    reason: str = ""
    traceback: str = ""
    losses: tuple[float | None, ...] = ()
    """The mean training loss of each epoch; None for what is no finite number."""
    scores: tuple[float | None, ...] = ()
    """The validation score of each epoch, where they were watched."""
    place: tuple[int, ...] | None = None
    """Child positions from the root to the node of the first parent that was replaced; None where nothing was."""
    flops: int | None = None
    activation_bytes: int | None = None
    attempts: int = 1
    """How often its evaluation was tried."""
    device: str = ""


@dataclass(frozen=True)
class Best:
    """The best trial by validation, and its score on the test split after the final training; None where that failed."""

    text: str
    key: str
    trial: int
    parameters: int
    validation: float
    test: float | None
    reason: str = ""
    tests: tuple[float | None, ...] = ()
    """The score from each seed where there are several; `test` is their mean then, None where one of them has no score."""
    test_deviation: float | None = None


@dataclass(frozen=True)
class BaselineRow:
    """A baseline under the same recipe; a score is None where there is none, and `reason` says why."""

    name: str
    key: str
    parameters: int | None
    validation: float | None
    test: float | None
    reason: str = ""
    tests: tuple[float | None, ...] = ()
    test_deviation: float | None = None


@dataclass(frozen=True)
class Spread:
    """Mean and standard deviation (of the population) of the validation scores of all trials that ended well."""

    mean: float
    deviation: float
    count: int


@dataclass(frozen=True)
class Result:
    """What a run found. `settings` are those it was started with, `run` is its folder."""

    run: Path
    settings: Settings
    higher_is_better: bool
    history: tuple[Row, ...]
    """All trials that have ended, by number."""
    best: Best | None
    """None where no trial ended well."""
    baselines: tuple[BaselineRow, ...]
    outcomes: Mapping[str, int]
    """How many trials ended how."""
    seconds: Mapping[str, float]
    """`total` and `search` and `final` of the wall clock; `proposing`, `building`, `training`, `scoring` summed over the trials, `starting`
    and `ending` over the workers."""
    overhead: float | None
    """The share of the workers' time that the loop itself cost, 0 to 1; None where nothing was evaluated.

    It is 1 - evaluating / (workers * search - starting - ending), over all sessions (see `timing.Clock`): it counts everything but
    evaluations, the start of the workers, and the end of a session, when nothing is left for a worker to do; `seconds` holds these two.
    """
    sampling: Spread | None = None
    """Of the strategy `sampling`: what a random architecture scores."""

    def top(self, count: int = TOP) -> list[Row]:
        """The best trials by validation, best first, each canonical key once and by its earliest trial; fewer where there are no more."""
        if type(count) is not int or count < 1:
            raise SettingError(f"the top of a result has at least 1 row, not {count!r}")
        sign = -1 if self.higher_is_better else 1
        scored = sorted((row for row in self.history if row.value is not None), key=lambda row: (sign * (row.value or 0.0), row.number))
        first: dict[str, Row] = {}
        for row in scored:
            first.setdefault(row.key, row)
        return list(first.values())[:count]

    def pareto(self, cost: str = "parameters") -> list[Row]:
        """The trials that no other beats in both score and cost ("parameters" or "flops"), best score first, each canonical key once."""
        if cost not in COSTS:
            raise SettingError(f"the cost must be {' or '.join(COSTS)}, not {cost!r}")
        scored = self.top(len(self.history) or 1)
        sign = 1 if self.higher_is_better else -1
        points = [(sign * (row.value or 0.0), float((row.parameters if cost == "parameters" else row.flops) or 0)) for row in scored]
        return [scored[i] for i in fronts(points)[0]] if scored else []

    def study(self, storage: str | None = None) -> optuna.Study:
        """The run's study for Optuna's own tools, such as `trials_dataframe()` and its plots: read-only, whoever writes to it meanwhile.

        `storage` is the one that the search was given, if any. A trial's architecture, key, origin and outcome are among its `user_attrs`.
        Raises RunError where the database cannot be read.
        """
        database = storage or self.run.resolve() / "study.db"
        try:
            if storage is not None:
                return optuna.load_study(study_name=self.run.name, storage=storage)
            file = URL.create("sqlite", database=f"file:{quote(str(database))}", query={"mode": "ro", "uri": "true"})
            opened = optuna.storages.RDBStorage(file.render_as_string(hide_password=False))
            return optuna.load_study(study_name=STUDY, storage=opened)
        except (SQLAlchemyError, KeyError, RuntimeError, optuna.exceptions.StorageInternalError) as error:
            raise RunError(f"the database {database} cannot be read: {str(error).splitlines()[0]}") from error

    def to_json(self, top: int = TOP) -> dict[str, Any]:
        """What `search --json` prints."""
        best = None
        if self.best is not None:
            best = {("architecture" if name == "text" else name): value for name, value in _said(self.best).items()}
        report = {
            "run": str(self.run),
            "task": self.settings["task"],
            "metric": self.settings["metric"],
            "strategy": self.settings["strategy"],
            "seed": self.settings["seed"],
            "trials": len(self.history),
            "best": best,
            "top": [_short(row) for row in self.top(top)],
            "baselines": [_said(row) for row in self.baselines],
            "outcomes": dict(self.outcomes),
            "seconds": dict(self.seconds),
            "overhead": self.overhead,
        }
        if "cost" in self.settings:
            report["pareto"] = [_short(row) for row in self.pareto(self.settings["cost"])]
        return report if self.sampling is None else {**report, "sampling": asdict(self.sampling)}


def rows(trials: Sequence[FrozenTrial]) -> list[Row]:
    """The trials that have ended, by number; those that were interrupted count as not tried."""
    found: dict[int, Row] = {}
    for trial in trials:
        if ended(trial):
            row = row_of(trial.user_attrs, trial.value)
            found.setdefault(row.number, row)
    return sorted(found.values(), key=lambda row: row.number)


def ended(trial: FrozenTrial) -> bool:
    """Whether a trial has an outcome that will stay."""
    if "position" not in trial.user_attrs:
        return False
    outcome = trial.user_attrs.get("outcome", INTERRUPTED)
    if trial.state == TrialState.FAIL:  # a driver may die between storing what came of an evaluation and telling Optuna
        return outcome not in (INTERRUPTED, Outcome.OK.value, Outcome.PRUNED.value)
    return trial.state in (TrialState.COMPLETE, TrialState.PRUNED) and outcome != INTERRUPTED


def best_of(history: Iterable[Row], higher_is_better: bool) -> Row | None:
    """The row with the best score, the earliest of equals; None if none ended well."""
    sign = 1 if higher_is_better else -1
    return max((row for row in history if row.value is not None), key=lambda row: sign * (row.value or 0.0), default=None)


def collect(study: optuna.Study, run: Run, settings: Settings) -> Result:
    """Read everything that a study knows."""
    history = rows(study.get_trials(deepcopy=False))
    higher = study.direction == StudyDirection.MAXIMIZE
    attributes = study.user_attrs
    best, top = None, best_of(history, higher)
    if top is not None and top.value is not None:
        best = Best(top.text, top.key, top.number, top.parameters, top.value, *_tested(top.key, attributes))
    scores = [row.value for row in history if row.value is not None]
    sampled = settings["strategy"] == "sampling" and scores
    sessions: Sequence[Mapping[str, float]] = attributes.get("sessions", [])
    excepted = sum(session.get("starting", 0.0) + session.get("ending", 0.0) for session in sessions)
    available = sum(session["workers"] * session["search"] for session in sessions) - excepted
    return Result(
        run=run.path,
        settings=settings,
        higher_is_better=higher,
        history=tuple(history),
        best=best,
        baselines=tuple(_baseline(entry, history, attributes) for entry in attributes.get("baselines", [])),
        outcomes=dict(Counter(row.outcome for row in history)),
        seconds=_seconds(study, sessions),
        overhead=max(0.0, 1 - sum(session["evaluating"] for session in sessions) / available) if available > 0 else None,
        sampling=Spread(mean(scores), pstdev(scores), len(scores)) if sampled else None,
    )


def load_result(run: str, runs: str = "runs", storage: str | None = None) -> Result:
    """Read the result of a run, finished or not, from its folder or from the database `storage`; raises RunError where there is none.

    The texts are of the run's grammar: `EinSpace(shape, grammar=...)` parses those of another one than the paper's, whose fingerprint
    is in the settings.
    """
    folder = Run(runs, run)
    database = folder.study(storage)
    settings = folder.settings() if storage is None else None
    if database.file is not None and not database.file.exists() and not backup_of(database.file).exists():
        raise RunError(f"there is no run {run!r} in {runs if storage is None else database}")
    with database.open() as opened:
        try:
            study = optuna.load_study(study_name=database.study, storage=opened)
        except KeyError:
            raise RunError(f"the run {run!r} has no study yet") from None
        settings = settings or study.user_attrs.get("settings")
        if settings is None:
            raise RunError(f"the run {run!r} has no settings yet")
        return collect(study, folder, settings)


def _short(row: Row) -> dict[str, Any]:
    """One of the best, as JSON."""
    return {
        "architecture": row.text,
        "key": row.key,
        "trial": row.number,
        "parameters": row.parameters,
        "flops": row.flops,
        "validation": row.value,
        "origin": row.origin,
    }


def row_of(known: Mapping[str, Any], value: float | None) -> Row:
    """A trial from what is stored with it; its value counts only if its outcome is ok."""
    place = known.get("place")
    return Row(
        number=known["position"],
        outcome=known["outcome"],
        value=value if known["outcome"] == Outcome.OK.value else None,
        text=known["text"],
        key=known["key"],
        origin=known["origin"],
        parents=tuple(known["parents"]),
        parameters=known["parameters"],
        seconds=sum(known.get("seconds", {}).values()),
        reused=known.get("reused"),
        reason=known.get("reason", ""),
        traceback=known.get("traceback", ""),
        losses=tuple(known.get("losses", ())),
        scores=tuple(known.get("scores", ())),
        place=None if place is None else tuple(place),
        flops=known.get("flops"),
        activation_bytes=known.get("activation_bytes"),
        attempts=known.get("attempts", 1),
        device=known.get("device", ""),
    )


def _baseline(entry: Mapping[str, Any], history: Sequence[Row], attributes: Mapping[str, Any]) -> BaselineRow:
    """A baseline's scores: validation from its trial or from the evaluation of its own, test from the final training."""
    key = entry["key"]
    own = attributes.get(f"valid:{key}", {})
    validation, reason = own.get("value"), entry["reason"] or own.get("reason", "")
    for row in history:
        if row.key == key:
            validation, reason = row.value, row.reason
            if row.value is not None:
                break
    test, why, tests, deviation = _tested(key, attributes)
    return BaselineRow(entry["name"], key, entry["parameters"], validation, test, reason or why, tests, deviation)


def attribute(split: str, key: str, number: int = 0) -> str:
    """Under which name a study keeps what an architecture scored outside the trials, from a number of seeds after the run's own."""
    return f"{split}:{key}:{number}" if number else f"{split}:{key}"


def _tested(key: str, attributes: Mapping[str, Any]) -> tuple[float | None, str, tuple[float | None, ...], float | None]:
    """Of the final trainings of an architecture: the score, why there is none, and the scores and their deviation over several seeds."""
    from einspace.tasks.metrics import over_seeds

    known = [attributes.get(attribute("test", key, number), {}) for number in range(attributes.get("final_seeds", 1))]
    values = tuple(one.get("value") for one in known)
    reason = next((one["reason"] for one in known if one.get("reason")), "")
    if len(values) == 1:
        return values[0], reason, (), None
    scores = over_seeds(values)
    return scores.mean, reason, values, scores.deviation


def _said(row: Best | BaselineRow) -> dict[str, Any]:
    """An end result as JSON, without what says nothing."""
    empty = ("reason", "tests") if row.tests else ("reason", "tests", "test_deviation")
    return {name: value for name, value in asdict(row).items() if value or name not in empty}


def _seconds(study: optuna.Study, sessions: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Seconds by phase."""
    trials = [trial.user_attrs for trial in study.get_trials(deepcopy=False) if ended(trial)]
    search = sum(session["search"] for session in sessions)
    final = sum(session["final"] for session in sessions)
    spent: dict[str, float] = {"total": search + final, "search": search, "final": final}
    for name in ("starting", "ending"):
        spent[name] = sum(session.get(name, 0.0) for session in sessions)
    spent["proposing"] = sum(known.get("proposing", 0.0) for known in trials)
    for phase, name in (("build", "building"), ("train", "training"), ("score", "scoring")):
        spent[name] = sum(known.get("seconds", {}).get(phase, 0.0) for known in trials)
    return {name: round(value, 3) for name, value in spent.items()}
