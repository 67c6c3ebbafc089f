"""How long a search goes on: what its trials took, against what is left before the phases after it."""

from collections.abc import Iterator
from dataclasses import replace
from math import inf
from types import SimpleNamespace
from typing import Any, cast

import pytest
from tests.study_samples import small_task

from einspace import EinSpace
from einspace.evaluation.outcome import INHERITED, Evaluation, Outcome, Seconds
from einspace.phases.budget import Budget, measured
from einspace.phases.finals import MARGIN, Finals, longer_in_the_end
from einspace.phases.race import Race
from einspace.phases.reevaluations import Pairs
from einspace.storage import StudyStore
from einspace.storage.ledger import Ledger
from einspace.strategies import RandomSearch
from einspace.strategies.affordable import Affordable, Training
from einspace.study.phases import Search
from einspace.tasks import Task
from einspace.trial import BASELINE, DECISION, RACE, SEARCH, Costs, Proposal, Trial


def ledger(*seconds: float) -> Ledger:
    """Trials that ended well after so many seconds each."""
    found = Ledger()
    for number, taken in enumerate(seconds):
        trial = Trial(number, Proposal("[relu norm]", f"key{number}", Costs(0), "sample"))
        found.begin(trial)
        found.end(trial.end(Evaluation(Outcome.OK, 0.5, seconds=Seconds(train=taken)), 1.0, 0.0))
    return found


def _finals(task: Task, seeds: int) -> Finals:
    """The entrants of a random search that has no baselines."""
    space = EinSpace(task.input)
    none: dict[str, Any] = {"names": {}, "beside": (), "left_out": {}, "changes": {}}
    return Finals(space, task, task.recipe, (), RandomSearch(space), seed=0, seeds=seeds, **none)


@pytest.mark.parametrize(("spent", "expected"), [(60.0, True), (79.0, True), (85.0, False), (99.0, False)])
def test_one_more_trial_begins_where_half_of_the_recent_ones_would_have_ended(spent: float, expected: bool) -> None:
    """One slow trial does not end the search early: the strategy is asked for what still fits."""
    assert Budget(None, 100.0, spent).allows(ledger(5.0, 15.0, 60.0), 3) is expected


def test_what_is_kept_for_other_phases_is_not_spent() -> None:
    """The reserve counts up to 70% of the time, and not before a trial has ended well: until then there is nothing to train again."""
    kept = Budget(None, 100.0, 20.0, lambda: 500.0)
    assert kept.spare(ledger(5.0)) == pytest.approx(10.0, abs=0.5)
    assert not kept.allows(ledger(12.0), 1)
    assert kept.allows(ledger(8.0), 1)
    assert kept.allows(Ledger(), 0)


def test_trials_bound_a_search_beside_its_time() -> None:
    """Whichever ends first; without a bound it goes on."""
    assert not Budget(3).allows(ledger(1.0), 3)
    assert Budget(4).allows(ledger(1.0), 3)
    assert Budget(None).allows(ledger(1.0), 10**6)


def test_the_best_to_come_may_be_as_slow_as_the_slowest() -> None:
    """While the search goes on, its final training is expected to take what the slowest recent trial says, later what the best says."""
    task = small_task()
    finals = _finals(task, seeds=1)
    ledgers = {SEARCH: ledger(10.0, 30.0, 20.0), BASELINE: Ledger(), RACE: Ledger()}
    store = cast("StudyStore", SimpleNamespace(phase=ledgers.__getitem__))
    longer = MARGIN * longer_in_the_end(task, task.recipe)
    assert ledgers[SEARCH].best is ledgers[SEARCH].trials[0]
    best = ledgers[SEARCH].trials[0].proposal
    assert finals.durations(store, best) == pytest.approx([10 * longer])
    assert finals.expected(store) == pytest.approx([30 * longer])
    none = _finals(task, seeds=0)
    assert (none.durations(store), none.expected(store)) == ([], [])


def test_a_pair_is_begun_if_both_fit_and_ended_if_the_second_does() -> None:
    """One worker, 20 seconds for the finalist and 5 for the baseline: the pair needs 25, and its second training no more than its own 5."""
    slow, quick = (Proposal("[relu norm]", key, Costs(0), key) for key in ("slow", "quick"))

    def begun(before: float, after: float) -> list[str]:
        """What is begun with so many seconds left, and once that has ended with so many."""
        found, names = Ledger(), []
        store = cast("StudyStore", SimpleNamespace(phase={DECISION: found, SEARCH: ledger(1.0)}.__getitem__))
        took = {"slow": 20.0, "quick": 5.0}
        options: dict[str, Any] = {"seconds": lambda proposal: took[proposal.key], "others": lambda store: 0.0, "workers": 1}
        pairs = Pairs(DECISION, [(slow, 1), (quick, 1)], **options)
        for left in (before, after):
            pairs.budget = Budget(None, 100.0, 100.0 - left)
            trial = pairs.next(store)
            if trial is not None:
                names.append(trial.proposal.key)
                found.begin(trial)
                found.end(trial.end(Evaluation(Outcome.OK, 0.5), 1.0, 0.0))
        return names

    assert begun(24.0, 24.0) == []
    assert begun(26.0, 6.0) == ["slow", "quick"]
    assert begun(26.0, 4.0) == ["slow"]


def test_after_a_race_its_winner_is_trained_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Time is kept for the network that won, which may be slower than the one with the best claim."""
    task = small_task()
    finals = _finals(task, seeds=1)
    ledgers = {SEARCH: ledger(10.0, 30.0, 20.0), BASELINE: Ledger(), RACE: ledger(30.0)}
    store = cast("StudyStore", SimpleNamespace(phase=ledgers.__getitem__))
    monkeypatch.setattr("einspace.phases.finals.Contest.of", lambda store: SimpleNamespace(best=ledgers[SEARCH].trials[1]))
    assert finals.durations(store) == pytest.approx([30 * MARGIN * longer_in_the_end(task, task.recipe)])


def test_a_trial_that_inherited_says_half_of_what_a_training_from_fresh_weights_takes() -> None:
    """Its race and its final training are predicted from twice its seconds; once it was trained again, from those."""
    task, one = small_task(), ledger(10.0).trials[0]
    assert one.evaluation is not None
    search = Ledger()
    heir = replace(one, proposal=replace(one.proposal, inherits=0), evaluation=replace(one.evaluation, extra={INHERITED: 1.0}))
    search.begin(replace(heir, evaluation=None, fitness=None))
    search.end(heir)
    ledgers = {SEARCH: search, BASELINE: Ledger(), RACE: Ledger()}
    store = cast("StudyStore", SimpleNamespace(phase=ledgers.__getitem__))
    finals = _finals(task, seeds=1)
    longer = MARGIN * longer_in_the_end(task, task.recipe)
    assert finals.expected(store) == finals.durations(store, heir.proposal) == pytest.approx([20 * longer])
    again = replace(one, phase=RACE, evaluation=replace(one.evaluation, seconds=Seconds(train=15.0)))
    ledgers[RACE].begin(replace(again, evaluation=None))
    ledgers[RACE].end(again)
    assert measured(store, heir) == 15.0


def test_what_is_kept_while_a_search_goes_on_is_found_without_a_walk_through_its_trials() -> None:
    """It is asked for at every trial, and costs the same however many there are: only the latest are read."""
    task, search = small_task(), _Unwalked()
    for trial in ledger(*[10.0] * 60).trials:
        search.end(replace(trial, fitness=float(trial.number)))
    found = {SEARCH: search, BASELINE: Ledger(), RACE: Ledger(), DECISION: Ledger()}
    store = cast("StudyStore", SimpleNamespace(phase=found.__getitem__))
    space, beside = EinSpace(task.input), ("resnet8",)
    finals = Finals(space, task, task.recipe, (), RandomSearch(space), seed=0, seeds=1, names={}, beside=beside, left_out={}, changes={})
    for proposal in finals.proposals():
        found[BASELINE].end(replace(search.trials[0], proposal=proposal, phase=BASELINE))
    for seconds in (10_000.0, 1_000.0):  # with room for a race, and without any
        kept = Race(finals, task, task.recipe, Budget(None, seconds), 0, 1).reserve(store)
        assert 0 < kept < seconds


class _Unwalked(Ledger):
    """A ledger of a search through whose trials nobody may walk, from the first to the last."""

    def __init__(self) -> None:
        super().__init__()
        self.trials = _Trials()


class _Trials(list[Trial]):
    def __iter__(self) -> Iterator[Trial]:
        raise AssertionError("somebody walks through all trials")

    __reversed__ = __iter__


def test_initial_members_are_given_up_later_than_others() -> None:
    """Nothing can be compared without a baseline, whatever it was predicted to take; a child that takes three times as long as it may is
    lost anyway, and two of six searches of ten minutes gave such children 90 seconds.
    """
    space = EinSpace(small_task().input)
    affordable = Affordable(Training(small_task().recipe, 8, 8), 12.0, True, latest=36.0)
    search = Search(RandomSearch(space), 0, Budget(None, 600.0, 0.0), affordable=affordable)
    requests = [search.request(Trial(0, Proposal("[relu norm]", "key", Costs(0), origin))) for origin in ("seed resnet8", "mutation")]
    assert [request.time_limit for request in requests] == [None, 36.0]
    search.affordable = replace(affordable, latest=inf)
    assert search.request(Trial(0, Proposal("[relu norm]", "key", Costs(0), "mutation"))).time_limit is None
