"""Rungs of a search: where its trials are scored early, and what each of them must reach there, as it is decided when it is proposed."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from einspace.config.protocol import PAPER
from einspace.errors import SettingError
from einspace.strategies import ParetoEvolution, Strategy
from einspace.strategies.base import History
from einspace.strategies.rungs import bound, rungs_of
from einspace.tasks import Recipe
from einspace.tasks.changes import recipe_of
from einspace.trial import Proposal

RUNGS = "rungs"
"""The pruner of that name, which is not Optuna's."""


@dataclass(frozen=True)
class Rungs:
    """The rungs of a search whose trials are trained by a recipe, with their changes to it."""

    recipe: Recipe

    def of(self, changes: Mapping[str, float]) -> tuple[int, ...]:
        """The rungs of a training with these changes."""
        recipe = recipe_of(self.recipe, changes)
        return rungs_of(recipe.epochs_search, recipe.warmup)

    def climbing(self, proposal: Proposal, history: History) -> Proposal:
        """The proposal of the next trial, with the scores that it must reach; an initial member is only scored."""
        epochs = self.of(proposal.changes)
        bounds = [None if proposal.is_initial else bound(history, epochs, epoch) for epoch in epochs]
        return replace(proposal, rungs=tuple(zip(epochs, bounds, strict=True)))


def rungs_for(strategy: Strategy, recipe: Recipe | None, protocol: str, changes: Mapping[str, float]) -> Rungs:
    """The rungs of a search.

    Args:
        strategy: Of the search.
        recipe: The run's; None for an objective.
        protocol: The name of the protocol.
        changes: To recipe and head, with which all trials start.

    Raises:
        SettingError: Where trials cannot be stopped at rungs.
    """
    refused = f"the pruner {RUNGS!r} is"
    if recipe is None:
        raise SettingError(
            f"{refused} for a task: an objective trains as it is written; median, halving and hyperband go by what it reports"
        )
    if protocol == PAPER:
        raise SettingError(f"{refused} not for the protocol {PAPER!r}, by which the rate of every trial is a cosine to zero")
    if strategy.final:
        raise SettingError(f"{refused} not for {type(strategy).__name__}, whose every trial is trained to its end, for the mean of all")
    if isinstance(strategy, ParetoEvolution):
        raise SettingError(f"{refused} not for the strategy 'pareto': it would stop cheap networks for their score alone")
    rungs = Rungs(recipe)
    if not rungs.of(changes):
        changed = recipe_of(recipe, changes)
        needed = "needs trainings of 2 epochs or more, whose warm-up ends in the first half"
        said = f"{needed}, not {changed.epochs_search} with a warmup of {changed.warmup:g}"
        raise SettingError(f"the pruner {RUNGS!r} {said}: set epochs_search of the recipe, or take no pruner")
    return rungs
