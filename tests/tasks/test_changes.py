"""Changes of a trial: one place divides them between recipe and head, and says what can be changed."""

from dataclasses import dataclass
from typing import Any

import pytest

from einspace import Classification, Dense, Feature, Mask, MultiLabel, Regression
from einspace.errors import EinspaceError, NetworkError, SettingError
from einspace.networks import Head
from einspace.tasks.changes import Ladder, apply, choices, ours
from einspace.tasks.recipe import Recipe

RECIPE, SHORT = Recipe(8, 24, 64, 0.05, 5e-4), Recipe(8, 9, 24, 1.0, 0.0)


@dataclass(frozen=True, repr=False)
class Rows(Regression):
    """A head of a user's own with the same fields."""


def test_changes_go_to_the_recipe_and_to_the_head() -> None:
    """Whole numbers may come as floats, as a database gives them, and 1 and 0 are yes and no; nothing is changed by nothing."""
    changes = {"batch_size": 16.0, "learning_rate_factor": 0.5, "nesterov": 1.0, "grid": 2.0, "dropout": 0.1, "epochs_search": 3}
    recipe, head = apply(RECIPE, Classification(3), changes)
    assert recipe == Recipe(3, 24, 16, 0.025, 5e-4, nesterov=True)
    assert type(recipe.batch_size) is int
    assert head == Classification(3, grid=2, dropout=0.1)
    assert apply(RECIPE, Classification(3), {}) == (RECIPE, Classification(3))
    assert apply(RECIPE, Rows(2), {"grid": 2})[1] == Rows(2, grid=2)


def test_a_factor_multiplies_the_rate_that_is_set() -> None:
    """Whichever stands first."""
    for names in (("learning_rate", "learning_rate_factor"), ("learning_rate_factor", "learning_rate")):
        changes = {name: {"learning_rate": 0.2, "learning_rate_factor": 2.0}[name] for name in names}
        assert apply(RECIPE, Regression(1), changes)[0].learning_rate == 0.4


def test_adamw_is_an_optimizer_without_nesterov() -> None:
    """A run with Nesterov's momentum can be changed to AdamW, and one with AdamW back."""
    changed, _ = apply(RECIPE.override(nesterov=True), Regression(1), {"adamw": 1.0})
    assert (changed.optimizer, changed.nesterov) == ("adamw", False)
    assert apply(changed, Regression(1), {"adamw": 0.0})[0].optimizer == "sgd"


@pytest.mark.parametrize(
    ("head", "changes", "error", "words"),
    [
        (
            Classification(3),
            {"speed": 1.0},
            SettingError,
            r"no 'speed' to change; what can be changed is learning_rate_factor, adamw, epochs",
        ),
        (Classification(3), {"optimizer": 1.0}, SettingError, "no 'optimizer' to change"),
        (
            Dense(1, (4, 4)),
            {"grid": 2},
            SettingError,
            r"grid cannot be changed to 2: the head Dense\(channels=1, size=\(4, 4\)\) has no grid",
        ),
        (Mask(1, (4, 4)), {"dropout": 0.1}, SettingError, "has no dropout"),
        (Regression(1), {"smoothing": 0.1}, SettingError, "smoothing 0.1 is for the labels of a Classification"),
        (Classification(3), {"batch_size": 16.5}, SettingError, "batch_size must be a whole number, not 16.5"),
        (Classification(3), {"grid": float("inf")}, SettingError, "grid must be a whole number, not inf"),
        (Classification(3), {"batch_size": float("nan")}, SettingError, "batch_size must be a whole number, not nan"),
        (Classification(3), {"adamw": 0.5}, SettingError, "adamw is 1 for yes or 0 for no, not 0.5"),
        (Classification(3), {"nesterov": 1.0, "adamw": 1.0}, SettingError, "nesterov needs the optimizer sgd"),
        (Classification(3), {"grid": "2"}, SettingError, "grid must be a number, not '2'"),
        (Classification(3), {"dropout": True}, SettingError, "dropout must be a number, not True"),
        (Classification(3), {"grid": 0}, NetworkError, "the grid of a classification head"),
        (Classification(3), {"learning_rate_factor": 0.0}, SettingError, "learning_rate must be over 0"),
    ],
)
def test_a_change_that_cannot_be_is_one_line(head: Head, changes: dict[str, Any], error: type[EinspaceError], words: str) -> None:
    """It names the change, its value, and what would do."""
    with pytest.raises(error, match=words) as caught:
        apply(RECIPE, head, changes)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("samples", [20, 100, 3_000])
@pytest.mark.parametrize("recipe", [RECIPE, Recipe(1, 1, 2, 1.0, 0.0), Recipe(4, 8, 24, 0.1, 3e-3, optimizer="adamw")])
@pytest.mark.parametrize("head", [Classification(3), Classification(3, grid=3, dropout=0.2), MultiLabel(2), Dense(1, (4, 4))])
@pytest.mark.parametrize("input", [Feature((3, 8, 8)), Feature((1, 1, 3)), Feature((40, 2))])
def test_every_choice_can_be_applied(head: Head, recipe: Recipe, samples: int, input: Feature) -> None:
    """Ladders are in order, hold the value that stands, which changes nothing, and each of their values is one that a trial can have."""
    found = choices(recipe, head, input, samples)
    assert ("grid" in found) == ("dropout" in found) == isinstance(head, Classification | MultiLabel)
    for name, (ladder, standing) in found.items():
        assert list(ladder) == sorted(set(ladder))
        assert standing in ladder
        assert apply(recipe, head, {name: standing}) == (recipe, head)
        for value in ladder:
            changed = apply(recipe, head, {name: value})
            assert (changed == (recipe, head)) == (value == standing)


def test_choices_follow_from_the_run() -> None:
    """Batches hold from 8 samples to those that there are, a grid has no more windows than the longest axis has elements."""
    found = choices(Recipe(8, 24, 16, 0.05, 0.0), Classification(3), Feature((1, 2, 3)), 40)
    expected: dict[str, Ladder] = {"batch_size": ((8, 16, 32), 16), "grid": ((1, 2), 1), "weight_decay": ((0.0, 1e-4, 5e-4, 2e-3), 0.0)}
    assert {name: found[name] for name in expected} == expected
    series = choices(RECIPE, Classification(3), Feature((2, 100)), 5_000)
    assert series["grid"] == expected["grid"]
    assert series["weight_decay"][0] == pytest.approx((1.25e-4, 5e-4, 2e-3, 8e-3))


@pytest.mark.parametrize(
    ("recipe", "samples", "batch"),
    [
        (RECIPE, 3_000, 32),
        (RECIPE, 6_000, None),
        (RECIPE, 45_000, None),
        (RECIPE, 500, 16),
        (Recipe(50, 150, 16, 0.05, 5e-4), 90, None),
        (Recipe(8, 9, 24, 1, 0), 9, None),
    ],
)
def test_our_start_is_one_of_steps(recipe: Recipe, samples: int, batch: int | None) -> None:
    """Batches are halved until the search has 700 steps, and hold 16 samples at least; larger tasks keep their own."""
    found = ours(recipe, Classification(3), Feature((3, 8, 8)), samples)
    assert found.get("batch_size") == batch
    changed, head = apply(recipe, Classification(3), found)
    assert changed.epochs_search * samples / changed.batch_size >= 700 or changed.batch_size < 32
    assert (changed.warmup, head) == (0.1, Classification(3, grid=2))


@pytest.mark.parametrize("input", [Feature((3, 8, 8)), Feature((40, 6)), Feature((3, 1))], ids=str)
@pytest.mark.parametrize("head", [Classification(3), MultiLabel(2), Regression(1), Dense(1, (4, 4)), Mask(1, (4, 4))])
def test_our_start_is_for_every_head_and_changes_nothing_twice(head: Head, input: Feature) -> None:
    """What a head does not have is left out, and from our start ours are not changes."""
    recipe, changed = apply(RECIPE, head, ours(RECIPE, head, input, 3_000))
    assert ours(recipe, changed, input, 3_000) == {}
