"""A search with learned probabilities: from when on, from what, and that the past decides all of it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from random import Random

import pytest
from tests.surrogate.surrogate_samples import SPACE, continued, norms, searched

from einspace import strategies
from einspace.errors import SettingError
from einspace.evaluation.outcome import Evaluation, Outcome
from einspace.known import BEGIN, REFIT
from einspace.learned import Learned, Learner, Region
from einspace.trial import Proposal, Trial

EVOLVING = ("evolution", "mutation", "pareto")


def made(name: str = "evolution", **options: object) -> strategies.Strategy:
    return strategies.get(name, SPACE, ("resnet8", "vit-tiny", "random"), population=15, tournament=7, **options)


def trials(texts: Sequence[str], best: str = "") -> list[Trial]:
    """Trials that have ended well, those of one text better than the others."""
    proposals = [Proposal.of(SPACE.parse(text), "sample") for text in texts]
    scores = [float(text == best) for text in texts]
    return [
        Trial(number, proposal).end(Evaluation(Outcome.OK, score), 1.0, float(number))
        for number, (proposal, score) in enumerate(zip(proposals, scores, strict=True))
    ]


def learner(initial: int = 0) -> Learner:
    return Learner(SPACE.grammar, SPACE.parse, initial)


def test_the_best_quarter_is_learnt_from_and_nothing_else() -> None:
    """The best 10 of 40 are [relu relu]: 20 of 20 computations are relu, so that 1/13 becomes 1/26 + (20 + 1) / (20 + 13) / 2."""
    found = learner().learned(trials(["[norm norm]", "[relu relu]", "[norm norm]", "[softmax softmax]"] * 10, "[relu relu]"))
    assert isinstance(found, Learned)
    grammar = found.grammars[Region(0, "Im")]
    known = {str(production): grammar.probability(production) for production in grammar.productions}
    assert known["C -> relu"] == pytest.approx(1 / 26 + 21 / 33 / 2)
    assert known["C -> norm"] == known["C -> softmax"] == pytest.approx(1 / 26 + 1 / 33 / 2)
    assert known["M -> C"] == pytest.approx(0.16 + (20 + 4 * 0.32) / 24 / 2)


def test_of_equals_the_first_to_end_is_learnt_from() -> None:
    """Whatever their numbers are."""
    history = trials(["[relu relu]"] * 20 + ["[norm norm]"] * 20)
    late = [replace(trial, ended=100.0) if trial.text == "[relu relu]" else trial for trial in history]
    for given, operation in ((history, "relu"), (late, "norm")):
        found = learner().learned(given)
        assert found is not None
        grammar = found.grammars[Region(0, "Im")]
        assert str(max(grammar.rules["C"], key=grammar.probability)) == f"C -> {operation}"


def test_it_begins_with_enough_trials_and_learns_again_after_five() -> None:
    """Of those that ended well, in steps; one that runs, failed, or repeats another does not count."""
    texts = [str(SPACE.sample(Random(number))) for number in range(60)]
    history = trials(texts, texts[33])
    one = learner()
    assert one.learned(history[: BEGIN - 1]) is None
    first = one.learned(history[:BEGIN])
    assert first is not None
    assert all(one.learned(history[: BEGIN + more]) is first for more in range(REFIT))
    assert one.learned(history[: BEGIN + REFIT]) != first
    running = [replace(trial, evaluation=None, fitness=None, ended=None) for trial in history[:5]]
    failed = [trial.end(Evaluation(Outcome.NAN), 1.0, 0.0) for trial in running]
    reused = [replace(trial, reused=0) for trial in history[:5]]
    for others in (running, failed, reused):
        assert one.learned([*others, *history[5 : BEGIN + 4]]) is None
    assert learner(initial=35).learned(history[:34]) is None
    assert learner(initial=35).learned(history[:35]) is not None


@pytest.mark.slow
@pytest.mark.parametrize("name", EVOLVING)
def test_off_and_until_it_begins_the_proposals_are_the_strategy_s(name: str) -> None:
    """They are those of a strategy that was never asked for it; from thirty trials on others are proposed."""
    plain = continued(made(name), norms, [], BEGIN + 8)
    assert [t.proposal for t in searched(norms, BEGIN + 8, name=name, surrogate=False, edits=0.0, learned=False)] == [
        t.proposal for t in plain
    ]
    learned = [t.proposal for t in searched(norms, BEGIN + 8, name=name, surrogate=False, edits=0.0, learned=True)]
    assert learned[:BEGIN] == [t.proposal for t in plain[:BEGIN]]
    assert learned[BEGIN] != plain[BEGIN].proposal


@pytest.mark.slow
def test_a_search_that_goes_on_equals_one_that_was_never_interrupted() -> None:
    """Another strategy, which has only the trials as they are stored, proposes the same."""
    history = continued(made(learned=True, crossover=0.3), norms, [], 48)
    for stopped in (29, 33, 41):
        stored = [Trial.from_json(trial.to_json()) for trial in history[:stopped]]
        again = continued(made(learned=True, crossover=0.3), norms, stored, 48)
        assert [trial.proposal for trial in again] == [trial.proposal for trial in history]


@pytest.mark.slow
def test_mutants_and_samples_have_more_of_what_the_best_have() -> None:
    """Where the best are all softmax, mutants of one of them and fresh samples have a larger share of it than without."""
    history = trials(["[softmax softmax]"] * 10 + ["[norm norm]"] * 30, "[softmax softmax]")
    children: dict[bool, Counter[str]] = {}
    samples: dict[bool, Counter[str]] = {}
    for learned in (False, True):
        mutating = strategies.get("mutation", SPACE, ("[norm norm]",), population=40, tournament=40, learned=learned)
        children[learned] = operations([strategies.propose(mutating, history, seed) for seed in range(80)])
        sampling = strategies.get("evolution", SPACE, population=100, learned=learned)
        samples[learned] = operations([strategies.propose(sampling, history, seed) for seed in range(80)])
    for found in (children, samples):
        shares = [found[learned]["softmax"] / found[learned].total() for learned in (False, True)]
        assert shares[1] > 1.2 * shares[0]


def operations(proposals: Sequence[Proposal | None]) -> Counter[str]:
    """The names of all operations of proposals."""
    found: Counter[str] = Counter()
    for proposal in proposals:
        assert proposal is not None
        nodes = SPACE.parse(proposal.text).node.walk()
        found.update(node.terminal.name for node in nodes if node.terminal is not None)
    return found


def test_it_is_an_option_of_evolving_strategies_and_says_yes_or_no() -> None:
    """Random search learns nothing."""
    with pytest.raises(SettingError, match=r"learned must be True or False, not 0\.5"):
        made(learned=0.5)
    with pytest.raises(SettingError, match="the strategy random takes no learned"):
        strategies.get("random", SPACE, learned=True)
