"""Which proposals fit, and how they are asked for."""

from collections.abc import Sequence
from dataclasses import replace
from math import inf
from random import Random
from statistics import median

import pytest

from einspace import EinSpace, Recipe
from einspace.evaluation.cost_model import PRIOR, CostModel, Load
from einspace.evaluation.outcome import INHERITED, Evaluation, Outcome, Seconds
from einspace.strategies import RandomSearch, Strategy, propose
from einspace.strategies.affordable import LATEST, REFIT, TRIES, Affordable, Training
from einspace.strategies.base import History
from einspace.trial import INITIAL, Costs, Proposal, Trial

TRAINING = Training(Recipe(2, 6, 10, 0.05, 0.0), 1_000, 100)
SPACE = EinSpace((1, 8, 8))


def ended(number: int, proposal: Proposal, seconds: float, outcome: Outcome = Outcome.OK) -> Trial:
    """A trial that took so long."""
    value = 0.5 if outcome is Outcome.OK else None
    return Trial(number, proposal).end(Evaluation(outcome, value, seconds=Seconds(train=seconds)), 1.0, 0.0)


def history(count: int, slower: float) -> list[Trial]:
    """Random samples on a device that is slower than the prior by a factor."""
    found: list[Trial] = []
    for number in range(count):
        proposal = Proposal.of(SPACE.sample(Random(number)), "sample")
        load = TRAINING.load(proposal.costs, {})
        assert load is not None
        found.append(ended(number, proposal, slower * CostModel().seconds(load)))
    return found


class Listed(Strategy):
    """Proposes costs one after the other, whatever the history is."""

    def __init__(self, sizes: Sequence[int], origin: str = "sample") -> None:
        self.left, self.origin = list(sizes), origin
        self.asked = 0

    def propose(self, history: History, rng: Random) -> Proposal | None:
        self.asked += 1
        size = self.left.pop(0)
        return Proposal("[relu relu]", f"key{size}", Costs(0, size, 0, 0), self.origin) if size else None


def test_the_first_proposal_that_fits_is_taken() -> None:
    """The strategy is asked until then, and no longer; a strategy that waits is left to wait."""
    for sizes, key, asked in (([10**11, 10**12, 1_000, 10], "key1000", 3), ([1_000, 10], "key1000", 1)):
        strategy = Listed(sizes)
        found = Affordable(TRAINING, 1.0, False).propose(strategy, [], Random(0))
        assert found is not None
        assert (found.key, strategy.asked) == (key, asked)
    assert Affordable(TRAINING, 1.0, False).propose(Listed([10**11, 0]), [], Random(0)) is None


def test_towards_the_end_of_a_search_only_what_still_fits_is_taken() -> None:
    """What is left of the time bounds a proposal as what a trial may take does; a trial that ends late would take the time of the race."""
    model = CostModel()
    loads = [TRAINING.load(Costs(0, size, 0, 0), {}) for size in (10**9, 10**8, 1_000)]
    seconds = [model.seconds(load) for load in loads if load is not None]
    for left, key in ((1e9, "key1000000000"), ((seconds[0] + seconds[1]) / 2, "key100000000"), ((seconds[1] + seconds[2]) / 2, "key1000")):
        found = Affordable(TRAINING, 1e9, False).propose(Listed([10**9, 10**8, 1_000]), [], Random(0), left)
        assert found is not None
        assert found.key == key


def test_where_none_fits_the_cheapest_is_taken() -> None:
    """After a bounded number of tries; an initial member that is proposed again is not asked for more often."""
    sizes = [10**11 + abs(number - 7) for number in range(TRIES)]
    found = Affordable(TRAINING, 1.0, False).propose(Listed(sizes), [], Random(0))
    assert found is not None
    assert found.key == f"key{10**11}"
    same = Listed([10**11] * TRIES, f"{INITIAL}resnet8")
    assert Affordable(TRAINING, 1.0, False).propose(same, [], Random(0)) is not None
    assert same.asked == 2


def test_a_child_that_does_not_fit_is_not_taken_since_it_comes_again() -> None:
    """Only an initial member is taken when it comes a second time, for it would come every time."""
    strategy = Listed([10**11, 10**11, 10**12, 1_000])
    found = Affordable(TRAINING, 1.0, False).propose(strategy, [], Random(0))
    assert found is not None
    assert (found.key, strategy.asked) == ("key1000", 4)


@pytest.mark.slow
def test_a_sample_of_100_gflops_is_never_proposed() -> None:
    """Of sixty samples of the space none is predicted to take longer than it may, and some of the first ones were."""
    affordable, strategy, trials = Affordable(TRAINING, 5.0, False), RandomSearch(SPACE), history(60, 1.0)
    once = [propose(strategy, trials[:number], 0) for number in range(60)]
    fitting = [propose(strategy, trials[:number], 0, affordable.propose) for number in range(60)]

    def seconds(proposals: Sequence[Proposal | None]) -> list[float]:
        loads = [TRAINING.load(proposal.costs, {}) for proposal in proposals if proposal is not None]
        return [CostModel().seconds(load) for load in loads if load is not None]

    assert max(seconds(fitting)) <= 5.0 < max(seconds(once))
    assert len(seconds(fitting)) == 60


def test_a_proposal_follows_from_history_and_seed() -> None:
    """Two that ask alike are answered alike, and another one that fits at once is the strategy's own first."""
    trials = history(12, 3.0)
    one, other = (propose(RandomSearch(SPACE), trials, 4, Affordable(TRAINING, 2.0, True).propose) for _ in range(2))
    assert one == other
    assert propose(RandomSearch(SPACE), trials, 4, Affordable(TRAINING, 1e9, True).propose) == propose(RandomSearch(SPACE), trials, 4)


def test_the_model_learns_after_every_five_trials() -> None:
    """It is the prior before, then that of the trials by then: of those that are known to a driver that goes on, too."""
    affordable, trials = Affordable(TRAINING, 1.0, True), history(2 * REFIT, 3.0)
    assert affordable.model(trials[: REFIT - 1]) == CostModel()
    first = affordable.model(trials[: REFIT + 3])
    assert first == Affordable(TRAINING, 1.0, True).model(trials[:REFIT])
    assert first.rates != pytest.approx(PRIOR)
    load = TRAINING.load(trials[0].proposal.costs, {})
    assert load is not None
    assert affordable.model(trials).seconds(load) == pytest.approx(3 * CostModel().seconds(load), rel=0.05)
    assert Affordable(TRAINING, 1.0, False).model(trials) == CostModel()


def test_what_a_trial_typically_takes_is_predicted() -> None:
    """It is the median of the latest, the same on any machine where the model does not learn; nothing is known of no trials."""
    quick, slow = (history(LATEST + 2 * REFIT, slower) for slower in (1.0, 3.0))
    expected = median(trial.seconds for trial in quick[-LATEST:])
    for trials in (quick, slow):
        assert Affordable(TRAINING, 1.0, False).typical(trials) == pytest.approx(expected)
    assert Affordable(TRAINING, 1.0, True).typical(slow) == pytest.approx(3 * expected, rel=0.05)
    assert Affordable(TRAINING, 1.0, False).typical([]) == inf


def test_an_architecture_and_the_recipe_are_a_load() -> None:
    """The figures are those of the backbone, the epochs those of the search, and the samples those of the task."""
    architecture = SPACE.parse("[linear(d=16) relu]")
    figures = (architecture.terminals, architecture.flops, architecture.activation_bytes)
    load = TRAINING.load(Proposal.of(architecture, "").costs, {})
    assert load == Load(*figures, samples=1_000, epochs=2, batch_size=10, scored=100)


def test_changes_of_the_recipe_change_what_a_trial_costs() -> None:
    """Twice the epochs are twice the passes, half the batch is twice the steps, and other changes cost nothing."""
    costs = Costs(0, 100, 10, 7)
    usual, longer, smaller, other = (
        TRAINING.load(costs, changes)
        for changes in ({}, {"epochs_search": 4}, {"batch_size": 5.0}, {"learning_rate_factor": 2.0, "grid": 2})
    )
    assert usual is not None
    assert longer == replace(usual, epochs=4)
    assert smaller == replace(usual, batch_size=5)
    assert other == usual
    assert TRAINING.load(Costs(0, 100, 10), {}) is None


def test_only_evaluations_are_measured() -> None:
    """One that was given up counts as unfinished; reused ones, failures, running ones and those of unknown costs are left out."""
    (good,) = history(1, 1.0)
    late = ended(1, good.proposal, 9.0, Outcome.TIMEOUT)
    others = [
        replace(good, number=2, reused=0),
        ended(3, good.proposal, 9.0, Outcome.CRASHED),
        Trial(4, good.proposal),
        ended(5, replace(good.proposal, costs=Costs(1, 1, 1)), 9.0),
    ]
    found = TRAINING.measured(reversed([good, late, *others]))
    assert [(trial.seconds, trial.ended) for trial in found] == [(pytest.approx(good.seconds), True), (9.0, False)]


def test_a_random_initial_member_is_no_larger_than_the_largest_that_has_a_name() -> None:
    """One with a name comes every time it is asked for, and is proposed; a random one is drawn again; children may be larger."""

    class Members(Listed):
        def propose(self, history: History, rng: Random) -> Proposal | None:
            found = super().propose(history, rng)
            return None if found is None else replace(found, origin=f"seed {found.origin}")

    def proposed(strategy: Strategy) -> str:
        found = Affordable(TRAINING, 1e9, True, first=1.0).propose(strategy, [], Random(0))
        assert found is not None
        return found.key

    assert proposed(Members([10**11, 10**11, 1_000])) == f"key{10**11}"
    assert proposed(Members([10**11, 10**10, 1_000])) == "key1000"
    assert proposed(Listed([10**11, 1_000])) == f"key{10**11}"


def test_a_trial_that_inherited_is_measured_by_the_epochs_that_it_had() -> None:
    """It has one of two epochs: its seconds say what so much costs, and nothing of the proposals, which are predicted for all epochs."""
    proposal = Proposal.of(SPACE.sample(Random(0)), "sample")
    whole = ended(0, proposal, 4.0)
    assert whole.evaluation is not None
    half = replace(
        whole, proposal=replace(proposal, inherits=0), evaluation=replace(whole.evaluation, losses=(1.0,), extra={INHERITED: 0.5})
    )
    loads = [measured.load for measured in TRAINING.measured([half, whole])]
    assert [load.epochs for load in loads] == [2, 1]
    assert TRAINING.load(half.proposal.costs, half.proposal.changes) == loads[0]
