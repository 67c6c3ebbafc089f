"""Facts about what is said of the recipe of a search."""

from pathlib import Path
from typing import Any

from einspace.callbacks import SayRecipe
from einspace.tasks import Recipe

RECIPE: dict[str, Any] = {"epochs_search": 8, "epochs_final": 24, "batch_size": 64, "learning_rate": 0.05, "weight_decay": 5e-4}


def said(**settings: Any) -> list[str]:
    """The lines about a run with these settings on a task of that recipe."""
    lines: list[str] = []
    SayRecipe(Recipe(**RECIPE), lines.append).start(Path(), {"recipe": RECIPE, **settings})
    return lines


def test_what_networks_start_with_is_said_where_it_is_not_the_recipe_of_the_task() -> None:
    """The batches and the epochs that a search trains with are those that it names, and not those of the task's own line."""
    assert said(start={"batch_size": 32, "warmup": 0.1, "grid": 2}, recipe_changes=0.3) == [
        "recipe of this search, which its trials may change: 8 epochs in the search and 24 in the end, batches of 32, learning rate 0.05, "
        "weight decay 0.0005, momentum 0.9, warmup 0.1, grid 2 in the head"
    ]
    (line,) = said(recipe={**RECIPE, "epochs_search": 2}, recipe_changes=0.0)
    assert line.startswith("recipe of this search: 2 epochs in the search and 24 in the end, batches of 64")


def test_a_search_with_the_recipe_of_the_task_says_nothing_more() -> None:
    """By the paper's protocol every network has the task's recipe and head."""
    assert said() == said(start=None) == said(start={}) == []
