"""Reading: the result of a run from its study, finished or not."""

from collections import Counter
from collections.abc import Mapping, Sequence
from statistics import mean, pstdev
from typing import Any

import optuna
from optuna.study import StudyDirection

from einspace.errors import RunError
from einspace.result.result import BaselineRow, Best, Result, Spread
from einspace.result.row import Row, best_of, ended, rows
from einspace.run import Run
from einspace.settings import Settings
from einspace.storage.backup import backup_of


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
