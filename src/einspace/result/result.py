"""Result: what a run found."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import optuna
from sqlalchemy import URL
from sqlalchemy.exc import SQLAlchemyError

from einspace.errors import RunError, SettingError
from einspace.pareto import fronts
from einspace.result.row import Row
from einspace.run import STUDY
from einspace.settings import Settings
from einspace.strategies import check_cost

TOP = 5
"""How many of the best architectures are shown, unless told otherwise."""


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
        """The trials that no other beats in both score and cost, best score first, each canonical key once.

        `cost` is "parameters", "flops" or "latency"; a trial of which it is not known, as where the measurement failed, is left out.
        Raises SettingError for another one.
        """
        check_cost(cost)
        scored = [row for row in self.top(len(self.history) or 1) if getattr(row, cost) is not None]
        sign = 1 if self.higher_is_better else -1
        points = [(sign * (row.value or 0.0), float(getattr(row, cost))) for row in scored]
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


def _short(row: Row) -> dict[str, Any]:
    """One of the best, as JSON."""
    return {
        "architecture": row.text,
        "key": row.key,
        "trial": row.number,
        "parameters": row.parameters,
        "flops": row.flops,
        **({} if row.latency is None else {"latency": row.latency}),
        "validation": row.value,
        "origin": row.origin,
    }


def _said(row: Best | BaselineRow) -> dict[str, Any]:
    """An end result as JSON, without what says nothing."""
    empty = ("reason", "tests") if row.tests else ("reason", "tests", "test_deviation")
    return {name: value for name, value in asdict(row).items() if value or name not in empty}
