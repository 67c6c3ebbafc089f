"""Moves: kinds of change that are drawn by what came of them."""

from collections import Counter
from random import Random
from typing import Any

import pytest

from einspace import strategies
from einspace.errors import SettingError
from einspace.evaluation.outcome import Evaluation, Outcome
from einspace.limits import Limits
from einspace.space import EinSpace
from einspace.strategies import moves
from einspace.strategies.evolution import TournamentStrategy
from einspace.strategies.moves import MUTATION, RECIPE, shares
from einspace.trial import Costs, Proposal, Trial
from einspace.variation import EDITS, Choices

SPACE = EinSpace((1, 8, 8), limits=Limits(operations=60, parameters=2_000_000))
CHOICES: Choices = {"dropout": ((0.0, 0.1, 0.25), 0.0), "batch_size": ((16.0, 32.0, 64.0), 32.0)}
PRIOR = {"good": 0.25, "bad": 0.25, "unlucky": 0.5}


def tried(history: list[Trial], move: str, gain: float | None) -> None:
    """Append a child of the first trial, or that first trial; a gain of None is a child that failed."""
    number, parents = len(history), (0,) if history else ()
    proposal = Proposal("[relu]", str(number), Costs(1), move or "seed", parents, move=move)
    found = Evaluation(Outcome.OK, 0.5 + gain) if gain is not None else Evaluation(Outcome.NAN)
    history.append(Trial(number, proposal).end(found, 1.0, 0.0))


def better(child: Trial, parent: Trial) -> bool:
    return (child.fitness or 0.0) > (parent.fitness or 0.0)


def drawn(history: list[Trial], count: int) -> Counter[str]:
    return Counter(moves.draw(PRIOR, history, Random(seed), better) for seed in range(count))


def test_before_anything_is_known_the_shares_decide() -> None:
    """Of 2,000 first children each move has its share, within four standard errors; shares of the defaults sum to one."""
    found = drawn([], 2_000)
    assert all(abs(found[move] / 2_000 - share) < 4 * (share * (1 - share) / 2_000) ** 0.5 for move, share in PRIOR.items())
    assert sum(shares(0.7, 0.3).values()) == pytest.approx(1)
    assert shares(0.7, 0.3)["widen"] == pytest.approx(0.7 * 0.7 * EDITS["widen"].weight / sum(edit.weight for edit in EDITS.values()))


def test_a_move_that_pays_is_drawn_more_often_and_one_that_does_not_less() -> None:
    """After twelve children of each move the one that always gained is nearly always drawn next; failures are not gains."""
    history: list[Trial] = []
    tried(history, "", 0.0)
    for _ in range(12):
        tried(history, "good", 0.1)
        tried(history, "bad", None)
        tried(history, "unlucky", -0.1)
    found = drawn(history, 1_000)
    assert found["good"] > 950


def test_chance_decides_little() -> None:
    """Of 40 children that all end as their parents did, the moves are within two of their shares, where independent draws are not."""
    worst = 0.0
    for seed in range(10):
        rng, history = Random(seed), list[Trial]()
        tried(history, "", 0.0)
        for _ in range(40):
            tried(history, moves.draw(PRIOR, history, rng, better), 0.0)
        found = Counter(trial.proposal.move for trial in history[1:])
        worst = max(worst, *(abs(found[move] - 40 * share) for move, share in PRIOR.items()))
    assert worst <= 4


def evolved(seed: int, **options: Any) -> list[Trial]:
    strategy = strategies.get("evolution", SPACE, ("resnet8",), population=6, tournament=3, **options)
    history: list[Trial] = []
    for number in range(40):
        proposal = strategies.propose(strategy, history, seed)
        assert proposal is not None
        history.append(Trial(number, proposal).end(Evaluation(Outcome.OK, proposal.costs.parameters / 1e6), 1.0, 0.0))
    return history


def test_an_adaptive_child_changes_in_one_way_which_its_record_names() -> None:
    """Either the recipe or the architecture is another one; where more parameters are better, widening is drawn most, halving seldom."""
    history = evolved(0, adaptive=True, edits=0.7, recipe_changes=0.3, choices=CHOICES)
    found = Counter(trial.proposal.move for trial in history if trial.parents)
    assert set(found) <= {MUTATION, RECIPE, *EDITS}
    for child in history[1:]:
        parent = history[child.parents[0]]
        assert (child.proposal.changes != parent.proposal.changes) == (child.proposal.move == RECIPE) == (child.key == parent.key)
    assert found["widen"] == max(found[kind] for kind in EDITS)
    assert found["widen"] > 2 * found["narrow"]
    assert Trial.from_json(history[5].to_json()) == history[5]


def test_every_child_names_its_move_and_nothing_else_changes_without_the_option() -> None:
    """The moves stand in the records of all evolving strategies; samples and seeds have none."""
    history = evolved(1, edits=0.5, recipe_changes=0.4, choices=CHOICES)
    assert all(bool(trial.proposal.move) == bool(trial.parents) for trial in history)
    with pytest.raises(SettingError, match="adaptive must be True or False, not 'yes'"):
        strategies.get("evolution", SPACE, adaptive="yes")


def test_adaptive_moves_need_more_than_one() -> None:
    """With mutation alone the option would change nothing but the random numbers, and the run would be called adaptive."""
    with pytest.raises(SettingError, match="adaptive chooses among kinds of change, of which there is one alone"):
        strategies.get("evolution", SPACE, adaptive=True, edits=0.0)
    for other in ({"edits": 0.1}, {"recipe_changes": 0.1, "choices": CHOICES}):
        strategies.get("evolution", SPACE, adaptive=True, **other)


def test_by_two_objectives_a_smaller_child_is_better_too() -> None:
    """A child that its parent dominates is not better; one that is worse and smaller is, and an equal one, which is in the same front."""
    pareto = strategies.get("pareto", SPACE, cost="parameters")
    assert isinstance(pareto, TournamentStrategy)
    points = {"parent": (0.5, 100), "smaller": (0.4, 50), "dominated": (0.4, 100), "dominating": (0.6, 90), "equal": (0.5, 100)}
    trials = {
        name: Trial(0, Proposal("[relu]", name, Costs(size), "seed")).end(Evaluation(Outcome.OK, score), 1.0, 0.0)
        for name, (score, size) in points.items()
    }
    found = {name for name, trial in trials.items() if pareto.better(trial, trials["parent"])}
    assert found == {"parent", "smaller", "dominating", "equal"}
