"""Evolving strategies with edits by hand and with changes of recipe and head; without them they propose what the paper's do."""

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from random import Random
from typing import Any

import pytest

from einspace import Optimizer, strategies
from einspace.errors import MutationError, SettingError
from einspace.evaluation.outcome import Evaluation, Outcome
from einspace.limits import Limits
from einspace.space import Architecture, EinSpace
from einspace.strategies import Strategy
from einspace.trial import Proposal, Trial
from einspace.variation import Choices

SPACE = EinSpace((1, 8, 8), limits=Limits(operations=60, parameters=2_000_000))
EVOLVING = ("evolution", "mutation", "pareto")
CHOICES: Choices = {"learning_rate_factor": ((0.5, 1.0, 2.0), 1.0), "dropout": ((0.0, 0.1, 0.25), 0.0), "adamw": ((0.0, 1.0), 0.0)}


def evolved(strategy: Strategy, count: int, seed: int = 7) -> list[Trial]:
    """The trials of a search with scores that look like chance."""
    history: list[Trial] = []
    for number in range(count):
        proposal = strategies.propose(strategy, history, seed)
        assert proposal is not None
        fitness = proposal.costs.parameters * 7919 % 1000 / 1000
        history.append(Trial(number, proposal).end(Evaluation(Outcome.OK, fitness), 1.0, 0.0))
    return history


def made(name: str, initial: Sequence[str] = (), **options: Any) -> Strategy:
    return strategies.get(name, SPACE, initial, population=4, tournament=2, **options)


@pytest.mark.parametrize(
    ("name", "initial", "crossover", "golden"),
    [
        ("evolution", (), 0.0, "d2e8720d044eca3e"),
        ("evolution", (), 0.5, "c8e90fc5e8181a55"),
        ("evolution", ("resnet8", "random"), 0.0, "90d4c58efb8ef00a"),
        ("evolution", ("resnet8", "random"), 0.5, "13fd47299166ec7a"),
        ("mutation", (), 0.0, "a74c655b6d0060d2"),
        ("mutation", ("resnet8", "random"), 0.5, "bedece0ba7348617"),
        ("pareto", (), 0.0, "03df0d61158d8743"),
        ("pareto", ("resnet8", "random"), 0.5, "184545686bb41328"),
    ],
)
def test_the_paper_s_strategies_propose_what_they_always_did(name: str, initial: tuple[str, ...], crossover: float, golden: str) -> None:
    """Without edits and changes the random stream is untouched: 24 proposals of a seed stay what they are."""
    history = evolved(made(name, initial, crossover=crossover), 24)
    said = json.dumps([[trial.text, trial.origin, trial.parents, trial.proposal.place, dict(trial.proposal.changes)] for trial in history])
    assert hashlib.sha256(said.encode()).hexdigest()[:16] == golden


@pytest.mark.slow
@pytest.mark.parametrize("name", EVOLVING)
def test_children_are_edited_as_often_as_it_was_asked_for(name: str) -> None:
    """With a share of 1 every child of a network is an edit that names its place; with one half some are mutants."""
    for share, origins in ((1.0, set[str]()), (0.5, {"mutation"})):
        history = evolved(made(name, ("resnet8",), edits=share), 24)
        children = [trial for trial in history if trial.parents]
        assert {trial.origin for trial in children if trial.origin in ("mutation", "sample")} == origins
        assert len({trial.origin for trial in children}) > 5
        for child in children:
            (number,) = child.parents
            parent, place = SPACE.parse(history[number].text), child.proposal.place
            assert place is not None
            architecture = SPACE.parse(child.text)
            assert architecture.key == child.key != parent.key
            assert architecture.node.replace(place, parent.node.at(place)) == parent.node


@pytest.mark.parametrize("name", EVOLVING)
def test_the_best_member_is_widened_once(name: str) -> None:
    """At the latest by the share of 1: its child has all widths doubled and its changes; one that is best is widened in its turn."""
    strategy = made(name, ("[[linear(d=16) relu] norm]", "[linear(d=32) relu]"), widening=1.0, choices=CHOICES, start={"dropout": 0.1})
    history: list[Trial] = []
    for number in range(6):
        proposal = strategies.propose(strategy, history, 3)
        assert proposal is not None
        wider = {"[[linear(d=32) relu] norm]": 0.9, "[[linear(d=64) relu] norm]": 0.8, "[[linear(d=16) relu] norm]": 0.7}
        fitness = wider.get(proposal.text, 0.1 / (number + 1))
        history.append(Trial(number, proposal).end(Evaluation(Outcome.OK, fitness), 1.0, 0.0))
    widened = [trial for trial in history if trial.origin == "all widths x 2"]
    assert [(trial.number, trial.text, trial.parents) for trial in widened] == [
        (2, "[[linear(d=32) relu] norm]", (0,)),
        (3, "[[linear(d=64) relu] norm]", (2,)),
    ]
    assert {trial.proposal.move for trial in widened} == {"widen"}
    assert all(trial.proposal.changes == {"dropout": 0.1} for trial in widened)
    assert all(trial.parents for trial in history[4:])


def test_a_share_of_the_children_is_widened() -> None:
    """With one half, about half of the first children are the widened seed; where nothing is wider, others are drawn."""
    firsts = Counter(evolved(made("evolution", ("resnet8",), widening=0.5), 2, seed)[1].origin for seed in range(20))
    assert 5 <= firsts["all widths x 2"] <= 15
    assert evolved(made("evolution", ("[linear(d=2048) relu]",), widening=1.0), 2)[1].origin == "mutation"


@pytest.mark.parametrize("name", EVOLVING)
def test_changes_are_inherited_and_move(name: str) -> None:
    """A child has its first parent's changes; of those that move up to half keep the architecture, and the others say both.

    A few architectures have few recipes, so that fewer keep it than are drawn.
    """
    start = {"dropout": 0.1, "learning_rate_factor": 1, "momentum": 0.8}
    history = evolved(made(name, ("resnet8", "random"), recipe_changes=0.5, crossover=0.3, choices=CHOICES, start=start), 120)
    assert all(trial.proposal.changes == {"dropout": 0.1, "momentum": 0.8} for trial in history if not trial.parents)
    kinds = {"alone": 0, "both": 0, "none": 0}
    for child in (trial for trial in history if trial.parents):
        parent = history[child.parents[0]]
        moved = child.proposal.changes != parent.proposal.changes
        assert child.origin.endswith("recipe") == moved
        assert (child.key == parent.key) == (child.origin == "recipe")
        assert child.origin != "recipe" or (child.text, child.proposal.place, len(child.parents)) == (parent.text, None, 1)
        kinds["none" if not moved else "alone" if child.origin == "recipe" else "both"] += 1
    assert 10 <= kinds["alone"] <= 50
    assert 15 <= kinds["both"] <= 50
    assert 40 <= kinds["none"] <= 80


def test_samples_start_with_the_changes_of_the_start() -> None:
    """From scratch too, where the population is filled with samples."""
    evolution = made("evolution", start={"adamw": 1})
    history = evolved(evolution, 8)
    assert [trial.origin for trial in history[:4]] == ["sample"] * 4
    assert all(trial.proposal.changes == {"adamw": 1.0} for trial in history)


def test_no_child_is_trained_like_an_earlier_trial() -> None:
    """A small network has few edits and few recipes: twins are drawn again, and mutants come where the edits have run out."""
    strategy = made("mutation", ("[linear(d=16) relu]",), edits=1.0, recipe_changes=0.7, choices={"adamw": ((0.0, 1.0), 0.0)})
    history = evolved(strategy, 30)
    assert len({trial.proposal.identity for trial in history}) == len(history)
    assert {"all widths x 2", "recipe", "mutation"} <= {trial.origin.removesuffix(", recipe") for trial in history}


def test_grids_that_a_network_cannot_tell_apart_are_one() -> None:
    """An output of 2 x 2 has at most four windows: twins stood in a race as two candidates, and made its error look small."""
    choices: Choices = {"grid": ((1.0, 2.0, 4.0), 1.0)}
    text = "[[im2col(k=8,s=8,p=0) linear(d=16) col2im] relu]"
    strategy = strategies.get("evolution", EinSpace((1, 16, 16)), (text,), start={"grid": 2.0}, recipe_changes=1.0, choices=choices)
    history = evolved(strategy, 12)
    assert history[0].proposal.changes == {"grid": 2.0}
    of_the_seed = {trial.proposal.identity for trial in history if trial.text == text}
    assert len(of_the_seed) == len([trial for trial in history if trial.text == text]) == 2
    one = EinSpace((8, 1, 1)).parse("[relu norm]")
    assert [Proposal.of(one, "", changes={"grid": grid}).changes for grid in (1.0, 2.0, 4.0)] == [{}, {}, {}]


def test_tries_for_a_new_child_are_bounded() -> None:
    """Where every child is a twin one of them is proposed: the search goes on, and its evaluation is reused."""

    class Single(EinSpace):
        def edit(self, architecture: Architecture, rng: Random, report: object = None, first: str | None = None) -> Architecture:
            return self.parse("[relu softmax]")

        mutate = edit

    evolution = strategies.get("evolution", Single((1, 8, 8)), ("[relu norm]",), edits=1.0)
    assert evolved(evolution, 4)[-1].text == "[relu softmax]"


def test_a_parent_that_cannot_be_edited_is_mutated() -> None:
    """A network without widths, blocks and windows has mutants only."""

    class Barren(EinSpace):
        def edit(self, architecture: Architecture, rng: Random, report: object = None, first: str | None = None) -> Architecture:
            raise MutationError("nothing to edit")

    evolution = strategies.get("evolution", Barren((1, 8, 8)), ("[relu norm]",), edits=1.0)
    assert [trial.origin for trial in evolved(evolution, 6)[1:]] == ["mutation"] * 5


def test_an_optimizer_takes_the_options() -> None:
    """By hand too: edits and changes are options of every evolving strategy."""
    optimizer = Optimizer(SPACE, "evolution", init="resnet8", population=4, tournament=2, edits=0.5, recipe_changes=0.5, choices=CHOICES)
    for _ in range(20):
        optimizer.tell(optimizer.ask(), 0.0)
    changed: list[Proposal] = [trial.proposal for trial in optimizer.trials if trial.proposal.changes]
    assert changed
    assert {name for proposal in changed for name in proposal.changes} <= set(CHOICES)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"edits": 1.5}, r"edits must be a probability from 0 to 1, not 1\.5"),
        ({"widening": 1.5}, r"widening must be a probability from 0 to 1, not 1\.5"),
        ({"recipe_changes": -0.1}, r"recipe_changes must be a probability from 0 to 1, not -0\.1"),
        ({"recipe_changes": 0.5}, r"recipe_changes is 0\.5, so choices with two values or more are needed"),
        ({"recipe_changes": 0.5, "choices": {"grid": ((1.0,), 1.0)}}, "choices with two values or more are needed"),
        ({"choices": {"grid": ((2.0, 1.0), 1.0)}}, "the choices of grid must ascend"),
    ],
)
def test_options_that_make_no_sense_are_refused(options: dict[str, Any], message: str) -> None:
    """A probability is one, and changes need choices."""
    with pytest.raises(SettingError, match=message):
        made("evolution", **options)
    with pytest.raises(SettingError, match=f"the strategy random takes no {next(iter(options))}"):
        strategies.get("random", SPACE, **options)
