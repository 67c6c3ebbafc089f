"""Facts about what a driver remembers of a phase."""

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from einspace.evaluation.outcome import Evaluation, Outcome, Seconds
from einspace.storage.ledger import Ledger
from einspace.trial import Costs, Proposal, Trial


def begun(number: int, key: str | None = None) -> Trial:
    """A trial that runs, whose key is its number's unless another one is given."""
    return Trial(number, Proposal(f"[{number}]", key or f"{number}", Costs(0), "sample"))


def ended(number: int, value: float | None = 0.5, key: str | None = None, outcome: Outcome = Outcome.OK, sign: float = 1.0) -> Trial:
    """A trial with an evaluation."""
    return begun(number, key).end(Evaluation(outcome, value, seconds=Seconds(train=1.0)), sign, 0.0)


def test_trials_are_kept_by_number() -> None:
    """A trial is there from its beginning; an end replaces it, and a number that leaves a gap is refused."""
    ledger = Ledger()
    ledger.begin(begun(0))
    ledger.begin(begun(1))
    ledger.end(ended(1))
    assert [(trial.number, trial.evaluation is not None) for trial in ledger.trials] == [(0, False), (1, True)]
    assert (ledger.ended, ledger.scored, set(ledger.running()), ledger.has_ended(0), ledger.has_ended(1)) == (1, 1, {0}, False, True)
    with pytest.raises(ValueError, match="trial 3 of the phase search comes after 2 trials"):
        ledger.begin(begun(3))


def test_an_interrupted_trial_waits_until_it_runs_again() -> None:
    """It runs as long as one of its attempts does; once it has ended, nothing that another attempt does counts."""
    ledger = Ledger()
    ledger.begin(begun(0), 0)
    ledger.begin(begun(1), 1)
    ledger.begin(begun(1), 2)
    ledger.interrupt(begun(1), 1)
    assert (ledger.interrupted(), set(ledger.running()), set(ledger.attempts(1))) == ([], {0, 1}, {2})
    ledger.interrupt(begun(1), 2)
    assert ([trial.number for trial in ledger.interrupted()], set(ledger.running())) == ([1], {0})
    ledger.begin(begun(1), 3)
    assert (ledger.interrupted(), set(ledger.running())) == ([], {0, 1})
    ledger.end(ended(1, 0.25))
    ledger.interrupt(begun(1), 3)
    ledger.begin(begun(1), 4)
    ledger.end(ended(1, 0.75))
    assert (ledger.interrupted(), set(ledger.running()), ledger.ended) == ([], {0}, 1)
    assert ledger.trials[1].value == 0.25


def test_the_interrupted_come_by_number() -> None:
    """Whatever the order in which their drivers died, the first proposal is tried again first."""
    ledger = Ledger()
    for number in range(4):
        ledger.begin(begun(number))
    for number in (2, 0, 3):
        ledger.interrupt(begun(number))
    assert [trial.number for trial in ledger.interrupted()] == [0, 2, 3]


def test_what_would_only_be_repeated_is_settled() -> None:
    """A score, a loss that is not a number and a pruned training hold for all twins; what the machine did to one trial does not."""
    ledger = Ledger()
    for number, outcome in enumerate(Outcome):
        ledger.end(ended(number, 0.5 if outcome is Outcome.OK else None, outcome=outcome))
    settled = {trial.outcome for trial in ledger.settled.values()}
    assert settled == {Outcome.OK, Outcome.NAN, Outcome.PRUNED}


def test_the_first_of_some_twins_is_the_one_that_was_trained() -> None:
    """While it runs, it is the one to wait for; then its evaluation counts, and never that of a trial that reused it."""
    ledger = Ledger()
    ledger.begin(begun(0, "twin"))
    ledger.begin(begun(1, "twin"))
    identity = begun(0, "twin").identity
    assert (ledger.evaluating(identity), ledger.settled) == (0, {})
    ledger.end(ended(0, 0.5, "twin"))
    ledger.end(replace(ended(1, 0.5, "twin"), reused=0))
    assert ledger.evaluating(identity) is None
    assert ledger.settled[identity].number == 0
    ledger.begin(replace(begun(2, "twin"), seed=1))
    assert ledger.evaluating(identity) is None


def test_an_interrupted_trial_is_nobody_s_twin() -> None:
    """Who waits for an evaluation must not wait for one that nobody runs."""
    ledger = Ledger()
    ledger.begin(begun(0, "twin"))
    ledger.interrupt(begun(0, "twin"))
    assert ledger.evaluating(begun(0, "twin").identity) is None


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_the_best_is_the_fittest_and_the_earliest_of_equals(sign: float) -> None:
    """In the metric's direction, whatever the order of ending; a trial without a score is never best."""
    ledger = Ledger()
    for number in range(4):
        ledger.begin(begun(number))
    ledger.end(ended(3, sign * 0.5, sign=sign))
    ledger.end(ended(2, sign * 0.75, sign=sign))
    ledger.end(ended(1, sign * 0.75, sign=sign))
    ledger.end(ended(0, None, outcome=Outcome.NAN, sign=sign))
    assert ledger.best is not None
    assert (ledger.best.number, ledger.best.value, ledger.scored, ledger.ended) == (1, sign * 0.75, 3, 4)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.none() | st.integers(0, 3)), max_size=12), st.randoms(use_true_random=False))
def test_what_is_kept_as_trials_end_is_what_a_walk_through_all_of_them_finds(scores: list[tuple[str, int | None]], rng: Random) -> None:
    """The order by fitness, and of each proposal the trials and the earliest score, whatever the order in which trials end."""
    ledger = Ledger()
    for number, (key, _) in enumerate(scores):
        ledger.begin(begun(number, key))
    for number in rng.sample(range(len(scores)), rng.randint(0, len(scores))):
        key, value = scores[number]
        ledger.end(ended(number, value, key, Outcome.NAN if value is None else Outcome.OK))
    known = [trial for trial in ledger.trials if trial.evaluation is not None]
    well = [trial for trial in known if trial.fitness is not None]
    assert ledger.ranked == sorted(well, key=lambda trial: -(trial.fitness or 0.0))
    assert (ledger.best, ledger.scored) == (max(well, key=lambda trial: trial.fitness or 0.0, default=None), len(well))
    assert ledger.claims == {trial.key: trial for trial in reversed(well)}
    for key in "abc":
        assert list(ledger.of(key)) == sorted((trial for trial in known if trial.key == key), key=lambda trial: trial.fitness is None)
