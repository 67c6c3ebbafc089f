"""Cell: one number of a table as a search, whose settings and whose name follow from the description."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from math import ceil
from typing import Any

from einspace import baselines
from einspace.config import SearchSettings, load
from einspace.derivation import Cost
from einspace.features import Feature
from einspace.limits import Limits
from einspace.reproduction.described import Column, Scale, Selection
from einspace.strategies.initial import parse_initial
from einspace.tasks import TASKS, DataOptions, Recipe

COUNTED = {"trials": 1, "iterations": 1, "population": 2}
"""The settings that a scale has a part of, and what is left of each at least."""


def recipe_at(scale: Scale, task: str) -> Recipe:
    """The recipe of a task with its part of the epochs.

    >>> from einspace.reproduction.scales import SCALES
    >>> recipe_at(SCALES["small"], "addnist").epochs_search, recipe_at(SCALES["paper"], "addnist").epochs_final
    (2, 64)
    """
    recipe = TASKS[task].recipe
    epochs = {name: ceil(scale.epochs * getattr(recipe, name)) for name in ("epochs_search", "epochs_final")}
    return recipe.override(**epochs)


@dataclass(frozen=True)
class Cell:
    """A task, a column with a search, and a seed."""

    selection: Selection
    row: str
    column: Column
    seed: int

    @property
    def task(self) -> str:
        """The task that is trained on: the row's, or the one that stands in its place."""
        return (self.selection.scale.stand_ins or {}).get(self.row, self.row)

    @property
    def own(self) -> DataOptions:
        """What is said of this task: the metric of the row, where that of a stand-in is another one."""
        metric = TASKS[self.row].metric.name
        return DataOptions(metric=None if metric == TASKS[self.task].metric.name else metric)

    @property
    def name(self) -> str:
        """The name of its run, which is the same on every machine."""
        return "-".join((self.selection.experiment.name, self.selection.scale.name, self.task, self.column.name, str(self.seed)))

    def settings(self, machine: Mapping[str, Any]) -> SearchSettings:
        """Every setting of its search; `machine` says where it runs. Raises SettingError for one that makes no sense."""
        scale, recipe = self.selection.scale, recipe_at(self.selection.scale, self.task)
        epochs = {f"recipe.{name}": getattr(recipe, name) for name in ("epochs_search", "epochs_final")}
        wanted = self._counted() | {"task": self.task, "own.metric": self.own.metric, "seed": self.seed, "run": self.name}
        return load(None, {**scale.settings, **epochs, **self._limits(), **wanted, **machine})[0]

    def _counted(self) -> dict[str, Any]:
        """The settings of the column, with the scale's part of what they count and its networks.

        A tournament keeps its size, but has at most half of the population.
        """
        found, share, networks = dict(self.column.settings or {}), self.selection.share, self.selection.scale.networks
        for name, least in COUNTED.items():
            if name in found:
                found[name] = max(least, ceil(share * found[name]))
        if "tournament" in found:
            found["tournament"] = min(found["tournament"], found["population"] // 2)
        if "init" in found:
            found["init"] = ",".join(networks.get(member, member) for member in found["init"].split(","))
        return found

    def _limits(self) -> dict[str, Any]:
        """The limits of a network, from the baselines that the experiment has at this scale: a limit never leaves out one of them."""
        scale, shape = self.selection.scale, TASKS[self.task].input
        columns = [column.settings.get("init", "") for column in self.selection.experiment.columns if column.settings is not None]
        named = {scale.networks.get(name, name) for init in columns for name in init.split(",") if name}
        costs, usual = [_cost(name, shape) for name in named], asdict(Limits())
        found = {f"limits.{name}": limit for name, limit in asdict(Limits().with_room(costs)).items() if limit != usual[name]}
        if scale.multiple is not None:
            found["limits.flops"] = int(scale.multiple * max(cost.flops for cost in costs))
        return found


def wanted(settings: SearchSettings) -> int:
    """How many trials a search has when it is finished."""
    members = len(parse_initial(settings.init or ""))
    return settings.trials if settings.trials is not None else members + (settings.iterations or 0)


@cache
def _cost(name: str, shape: Feature) -> Cost:
    """The costs of a baseline."""
    return baselines.get(name, shape).cost
