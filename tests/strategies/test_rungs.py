"""What a trial must reach at a rung, and the fitness that one that was stopped is predicted to have had."""

from itertools import islice
from random import Random
from typing import Any, cast

import pytest

from einspace.evaluation.outcome import RUNGS, Evaluation, Outcome, Seconds
from einspace.space import EinSpace
from einspace.strategies import Mutation, RegularisedEvolution
from einspace.strategies.affordable import Training
from einspace.strategies.moves import draw
from einspace.strategies.rungs import FEWEST, LATEST, PAIRS, REMEMBERED, bound, foretold
from einspace.tasks import Recipe
from einspace.trial import Costs, Proposal, Trial

EPOCHS = (2, 4)
COSTS = Costs(1, 10_000, 10_000, 5)


def trial(number: int, scores: dict[int, float], fitness: float | None = None, epochs: tuple[int, ...] = EPOCHS, **more: Any) -> Trial:
    """A trial with scores at rungs, which was stopped at the last of them unless it has a fitness."""
    proposal = Proposal("relu", f"key{number}", COSTS, "mutation", rungs=tuple((epoch, None) for epoch in epochs), **more)
    losses = (1.0,) * (8 if fitness is not None else max(scores, default=8))
    outcome = Outcome.PRUNED if fitness is None else Outcome.OK
    extra = {RUNGS: [[epoch, score] for epoch, score in scores.items()]}
    return Trial(number, proposal).end(Evaluation(outcome, fitness, losses, seconds=Seconds(train=2.0), extra=extra), 1.0, 0.0)


def test_the_bound_is_the_median_of_the_latest_there() -> None:
    """Of the latest twenty that have a score at the rung, stopped ones too; before there are eight, none is stopped."""
    few = [trial(number, {2: float(number)}) for number in range(FEWEST - 1)]
    assert bound(few, EPOCHS, 2) is None
    history = [trial(number, {2: float(number)} | ({4: 0.5} if number > 25 else {}), 0.7) for number in range(30)]
    assert bound(history, EPOCHS, 2) == sum(range(30 - LATEST, 30)) / LATEST
    assert bound(history, EPOCHS, 4) is None
    assert bound(history, (1, 2), 2) is None, "trials with other rungs are no peers"


def test_copies_and_scores_that_are_no_number_are_no_peers() -> None:
    """A copy has the evaluation of another trial, which would count twice; a trial that runs has no score yet."""
    one = trial(0, {2: 0.5})
    copies = [Trial(number, one.proposal).end(one.evaluation, 1.0, 0.0, reused=0) for number in range(1, 9) if one.evaluation]
    unknown = [trial(number, {2: float("nan")}) for number in range(9, 18)]
    nothing = [Trial.from_json(one.to_json()) for one in unknown]
    assert {len(one.rungs) for one in nothing} == {0}
    assert bound([one, *copies, *nothing, Trial(18, one.proposal)], EPOCHS, 2) is None


def test_the_fitness_of_a_stopped_trial_is_predicted_by_a_robust_line() -> None:
    """From twenty trials that went on, one wild one among them; before that it has none, and an ended trial keeps its own."""
    ended = [trial(number, {2: number / 100, 4: number / 50}, 0.3 + number / 50) for number in range(PAIRS - 1)]
    ended.append(trial(PAIRS - 1, {2: 0.05, 4: 0.1}, 0.99))
    stopped = [trial(PAIRS, {2: 0.1}), trial(PAIRS + 1, {2: 0.5, 4: 0.3})]
    few = list(foretold([*ended[1:], *stopped]))
    assert [one.fitness for one in few[:2]] == [None, None]
    history = [*ended, *stopped]
    known = list(foretold(history))[::-1]
    assert [one.fitness for one in known[-2:]] == pytest.approx([0.5, 0.6], abs=0.03)
    assert known[:-2] == ended
    assert [one.number for one in known] == list(range(PAIRS + 2))


def test_the_latest_of_a_long_search_cost_no_walk_through_all_of_it() -> None:
    """Trials before those that a line is drawn through are not looked at."""
    went_on = [trial(number, {2: number / 100}, 0.3 + number / 50) for number in range(REMEMBERED)]
    others = cast("list[Trial]", [None] * 10_000)
    latest = list(islice(foretold([*others, *went_on, trial(REMEMBERED, {2: 0.1})]), REMEMBERED + 1))
    assert [one.number for one in latest] == list(range(REMEMBERED, -1, -1))
    assert latest[0].fitness == pytest.approx(0.5)


def test_a_better_score_at_a_rung_promises_no_worse_end() -> None:
    """Where those that went on say the opposite, or all have one score, what was stopped gets their median."""
    backwards = [trial(number, {2: -float(number)}, float(number)) for number in range(PAIRS + 1)]
    level = [trial(number, {2: 0.5}, float(number)) for number in range(PAIRS + 1)]
    for ended in (backwards, level):
        assert next(foretold([*ended, trial(PAIRS + 1, {2: -1.5})])).fitness == PAIRS / 2


def test_a_stopped_trial_is_a_member_of_an_ageing_population_alone() -> None:
    """It takes the place of the youngest with what is predicted; it is neither of the elite nor of the best that do not age."""
    space = EinSpace((1, 8, 8))
    history = [trial(number, {2: number / 100}, number / 100) for number in range(PAIRS)]
    history.append(trial(PAIRS, {2: 0.99}))
    assert [one.number for one in RegularisedEvolution(space, 3, 2, elite=4).members(history)] == [16, 17, 18, 19, 20]
    member = RegularisedEvolution(space, 3, 2).members(history)[-1]
    assert member.number == PAIRS
    assert member.fitness == pytest.approx(0.99)
    assert [one.number for one in Mutation(space, 3, 2).members(history)] == [17, 18, 19]
    assert [one.number for one in RegularisedEvolution(space, 3, 2).members(history[2:])] == [17, 18, 19], "too few say what it would be"


def test_what_a_stopped_trial_took_says_what_its_epochs_cost() -> None:
    """The cost model takes it for a training of so many epochs, and not for one that takes no longer, or longer, than all of them."""
    training = Training(Recipe(8, 8, 10, 0.1, 0.0), 100, 10)
    measured = training.measured([trial(0, {2: 0.1}), trial(1, {2: 0.4, 4: 0.5}, 0.6)])
    assert [(one.load.epochs, one.seconds, one.ended) for one in measured] == [(8, 2.0, True), (2, 2.0, True)]


def test_a_move_gains_nothing_by_a_parent_without_a_score() -> None:
    """Children of a trial that was stopped count neither for nor against the move that made them."""
    history = [trial(0, {2: 0.1}), *(trial(number, {2: 0.4}, 0.9, parents=(0,), move="recipe") for number in range(1, 20))]
    seen: list[int] = []

    def better(child: Trial, parent: Trial) -> bool:
        seen.append(parent.number)
        return True

    draw({"recipe": 0.5, "mutation": 0.5}, history, Random(0), better)
    assert seen == []
