"""Subject: the task or the user's objective, the space, and how an architecture is evaluated."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from einspace.errors import SettingError
from einspace.evaluation import Objective, Work
from einspace.evaluation.compute import Compute
from einspace.evaluation.objective import TaskObjective
from einspace.evaluation.warm import WarmStarts
from einspace.grammar import PAPER_GRAMMAR, Grammar
from einspace.limits import Limits
from einspace.networks import Imported
from einspace.run.settings import Settings, of_objective, of_task
from einspace.space import EinSpace
from einspace.study.imported import kept_apart, named
from einspace.study.start import grammar_for
from einspace.tasks import Recipe, Task, load_task
from einspace.tasks.fingerprints import name_of


@dataclass(frozen=True)
class Subject:
    """The subject of a search.

    Args:
        name: Of the task or of the objective.
        space: The space of its architectures.
        work: What a worker needs to evaluate one of them.
        settings: The task or the objective as data.
        grammar: A grammar by its name, or one of the user's own; None where the space of an objective has it.
        task: None for an objective, as is the recipe.
        recipe: How the task's networks are trained.
        names: What tables call imported networks, by the texts of their architectures.
        warm: Whether imported networks keep their weights.
    """

    name: str
    space: EinSpace
    work: Work
    settings: Settings
    grammar: str | Grammar | None = None
    task: Task | None = None
    recipe: Recipe | None = None
    names: Mapping[str, str] = field(default_factory=dict)
    warm: bool = False

    @property
    def trained(self) -> tuple[Task, Recipe] | None:
        """The task and its recipe, None for an objective."""
        return None if self.task is None or self.recipe is None else (self.task, self.recipe)

    @property
    def attached(self) -> Grammar | None:
        """The grammar that a run keeps, None where it is the paper's or that of an objective's space."""
        return None if self.task is None else self.work.grammar

    @classmethod
    def of_task(
        cls,
        task: Task | str | None,
        *,
        space: EinSpace | None,
        recipe: Recipe | Mapping[str, Any] | None,
        compute: Compute,
        imported: Sequence[Imported],
        limits: Limits | None,
        computation_probability: float | None,
        grammar: Grammar | str | None,
        protocol: str,
        stored: Settings | None,
    ) -> Self:
        """A task, see `study.search`; `stored` are the settings of a run that is continued. Raises what a wrong one of them raises."""
        task = load_task(task) if isinstance(task, str) else task
        if task is None or space is not None:
            raise SettingError("a search needs a task, or an objective with its space")
        recipe = task.recipe.given(recipe)
        grammar = grammar_for(task.input, protocol, stored, computation_probability) if grammar is None else grammar
        space = EinSpace(task.input, computation_probability, limits, grammar)
        if compute.channels_last and task.input.mode != "Im":
            raise SettingError(f"channels_last is for images (C, H, W), but the samples of {task.name} are {task.input}")
        names, warm = named(imported), WarmStarts.of(imported, task.head)
        settings = of_task(task, recipe) | compute.said() | warm.said()
        task = kept_apart(task, warm, names)
        work = Work(TaskObjective(task, recipe, compute, warm), space.input, None if grammar == PAPER_GRAMMAR else space.grammar)
        return cls(task.name, space, work, settings, grammar, task, recipe, names, bool(warm.states))

    @classmethod
    def of_objective(cls, objective: Objective, space: EinSpace, higher_is_better: bool, names: Mapping[str, str]) -> Self:
        """An objective of the user's, in its space; `names` are those of imported networks."""
        name = name_of(objective)
        settings = of_objective(objective, name, space, higher_is_better)
        return cls(name, space, Work(objective, space.input, space.grammar), settings, names=names)
