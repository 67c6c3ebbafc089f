"""Which networks a race is between, and what they claim."""

from collections.abc import Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from einspace.evaluation.outcome import INHERITED, Evaluation, Outcome
from einspace.racing.contest import Contest, Plan, candidates
from einspace.storage import StudyStore
from einspace.storage.ledger import Ledger
from einspace.trial import BASELINE, DECISION, RACE, SEARCH, Costs, Proposal, Trial

KEYS = "abcde"
SCORES = st.lists(st.tuples(st.sampled_from(KEYS), st.none() | st.integers(0, 3)), max_size=12)


def ledger(scores: Sequence[tuple[str, int | None]], phase: str) -> Ledger:
    """Trials that have ended with a score, or failed, by the key of their architecture."""
    found = Ledger()
    for number, (key, value) in enumerate(scores):
        trial = Trial(number, Proposal("relu", key, Costs(0), "sample"), phase)
        found.end(trial.end(Evaluation(Outcome.NAN if value is None else Outcome.OK, value), 1.0, 0.0))
    return found


@given(SCORES, SCORES, st.sets(st.sampled_from(KEYS)))
def test_candidates_and_claims_are_those_of_a_walk_through_all_trials(
    search: list[tuple[str, int | None]], beside: list[tuple[str, int | None]], baselines: set[str]
) -> None:
    """The best come first, each architecture once; it claims what its first trial scored, one of the search if there is one."""
    phases = {SEARCH: ledger(search, SEARCH), BASELINE: ledger(beside, BASELINE), RACE: Ledger(), DECISION: Ledger()}
    store = cast("StudyStore", SimpleNamespace(phase=phases.__getitem__))
    walked = [trial for name in (BASELINE, SEARCH) for trial in reversed(phases[name].trials) if trial.fitness is not None]
    assert dict(Contest(store, Plan()).claimed) == {trial.key: trial for trial in walked}
    best: dict[str, Trial] = {}
    for trial in sorted(phases[SEARCH].trials, key=lambda trial: (-(trial.fitness or 0.0), trial.number)):
        if trial.fitness is not None and trial.key not in baselines:
            best.setdefault(trial.key, trial)
    assert list(candidates(store, [Proposal("relu", key, Costs(0), "baseline") for key in sorted(baselines)])) == list(best.values())


def test_candidates_are_compared_with_those_that_began_alike() -> None:
    """What inherited weights add to every score brings none of them before another network."""

    def order(more: float) -> list[str]:
        search = Ledger()
        for number, key in enumerate(KEYS):
            heir = key in "bd"
            trial = Trial(number, replace(Proposal("relu", key, Costs(0), "mutation"), inherits=0 if heir else None))
            search.end(trial.end(Evaluation(Outcome.OK, number / 10 + more * heir, extra={INHERITED: 0.9} if heir else {}), 1.0, 0.0))
        store = cast("StudyStore", SimpleNamespace(phase={SEARCH: search}.__getitem__))
        return [trial.key for trial in candidates(store, [])]

    assert order(0.0) == order(9.0) == order(-9.0) == ["e", "d", "c", "b", "a"]


def again(scores: Sequence[tuple[str, int, float]], phase: str) -> Ledger:
    """Re-evaluations that have ended, by the key of the architecture and the seed."""
    found = Ledger()
    for number, (key, seed, value) in enumerate(scores):
        trial = Trial(number, Proposal("relu", key, Costs(0), "sample"), phase, seed)
        found.end(trial.end(Evaluation(Outcome.OK, value), 1.0, 0.0))
    return found


@pytest.mark.parametrize("last", ["a", "b"])
def test_until_a_decision_has_ended_the_leader_of_the_race_leads(last: str) -> None:
    """One of two finalists has all scores before the other: the second one was shown as the winner, or the first had a verdict."""
    worth = {RACE: {"a": 0.8, "b": 0.7, "c": 0.5}, DECISION: {"a": 0.6, "b": 0.9, "c": 0.5}}
    seeds = {RACE: (1, 2), DECISION: (5, 6, 7)}
    scores = {name: [(key, seed, worth[name][key] + seed / 100) for key in "abc" for seed in seeds[name]] for name in worth}
    scores[DECISION].sort(key=lambda score: score[0] == last)

    def contest(ended: int) -> Contest:
        rounds = {RACE: again(scores[RACE], RACE), DECISION: again(scores[DECISION][:ended], DECISION)}
        phases = {SEARCH: ledger([("a", 3), ("b", 2)], SEARCH), BASELINE: ledger([("c", 1)], BASELINE), **rounds}
        store = cast("StudyStore", SimpleNamespace(phase=phases.__getitem__, sign=1.0))
        return Contest(store, Plan(2, ("a", "b"), "c", "resnet8", seeds[RACE], ("a", "b"), seeds[DECISION]), {})

    for ended, winner, number, pairs in ((8, "a", 0, 2), (9, "b", 1, 3)):
        found = contest(ended)
        verdict, _ = found.verdict()
        assert verdict is not None
        assert (found.winner, found.won) == (winner, ended == 9)
        assert (verdict.winner, verdict.pairs) == (f"trial {number}", pairs)
        assert ("The decision has not ended." in verdict.evidence) == (ended < 9)
