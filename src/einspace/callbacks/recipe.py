"""SayRecipe: says with which recipe the networks of a search start, where that is not the recipe of the task."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from einspace.callbacks.base import Callback
from einspace.tasks import Recipe
from einspace.tasks.changes import OF_THE_HEAD, recipe_of


class SayRecipe(Callback):
    """Says the recipe once, when the search starts.

    Args:
        recipe: The task's.
        say: Receives the line.
    """

    name = "recipe"

    def __init__(self, recipe: Recipe, say: Callable[[str], None]) -> None:
        self._recipe, self._say = recipe, say

    def start(self, run: Path, settings: Mapping[str, Any]) -> None:
        """Compare the recipe of the run, and what its protocol changes at the start, with the task's."""
        changes = settings.get("start") or {}
        recipe = recipe_of(Recipe(**settings["recipe"]), changes)
        head = [f", {name} {changes[name]:g} in the head" for name in OF_THE_HEAD if name in changes]
        if recipe != self._recipe or head:
            later = ", which its trials may change" if settings.get("recipe_changes") else ""
            self._say(f"recipe of this search{later}: {recipe}{''.join(head)}")
