"""A search with a surrogate: what it is promised, when it may choose, and that chance and the past decide all of it."""

from dataclasses import replace
from random import Random
from statistics import fmean

import pytest
from tests.surrogate.surrogate_samples import SPACE, chance, continued, norms, searched

from einspace import strategies
from einspace.known import BEGIN
from einspace.surrogate import Agreement
from einspace.surrogate.guide import A_SECOND, BYPASS, DRAWN, FEWEST
from einspace.trial import Trial

TREES = 60

pytestmark = [pytest.mark.usefixtures("small_forests"), pytest.mark.slow]

EVOLVING = ("evolution", "mutation", "pareto")


def made(name: str = "evolution", **options: object) -> strategies.Strategy:
    return strategies.get(name, SPACE, ("resnet8", "vit-tiny", "random"), population=15, tournament=7, edits=0.7, **options)


def among(history: list[Trial]) -> list[int | None]:
    """Among how many children each trial was chosen; None where nothing was predicted."""
    return [None if trial.proposal.prediction is None else trial.proposal.prediction.among for trial in history]


def agreeing(history: list[Trial], sign: float = 1.0) -> list[Trial]:
    """The trials with scores that are as they were predicted, or the other way round."""
    return [
        trial if trial.proposal.prediction is None else replace(trial, fitness=sign * trial.proposal.prediction.percentile)
        for trial in history
    ]


@pytest.fixture(scope="module")
def long() -> list[Trial]:
    """A search of 70 trials whose scores can be predicted."""
    return searched(norms, 70)


@pytest.fixture(scope="module")
def history(long: list[Trial]) -> list[Trial]:
    """Its first 48."""
    return long[:48]


@pytest.mark.parametrize("name", EVOLVING)
def test_off_is_as_if_there_were_none(name: str) -> None:
    """Without the option, and until enough trials have ended well, the proposals are those of the strategy, and nothing is predicted."""
    without = searched(norms, BEGIN + 2, name=name, surrogate=False)
    plain = continued(made(name), norms, [], BEGIN + 2)
    assert [trial.proposal for trial in without] == [trial.proposal for trial in plain]
    guided = searched(norms, BEGIN, name=name)
    assert [trial.proposal for trial in guided] == [trial.proposal for trial in without[:BEGIN]]
    assert set(among(guided)) == {None}


def test_from_enough_trials_on_everything_is_predicted_and_most_is_chosen(history: list[Trial]) -> None:
    """Every fifth proposal is the strategy's own; the others are chosen among twenty children that no trial is trained like."""
    found = among(history)[BEGIN:]
    assert None not in found
    assert {number for number, count in enumerate(among(history)) if count == 1} >= set(range(BEGIN, 48, BYPASS))
    assert DRAWN in found
    identities = [trial.proposal.identity for trial in history]
    chosen = [trial for trial in history if trial.proposal.prediction is not None and trial.proposal.prediction.among > 1]
    assert all(identities.index(trial.proposal.identity) == trial.number for trial in chosen)
    assert all(0 < trial.proposal.prediction.percentile < 1 for trial in history[BEGIN:] if trial.proposal.prediction is not None)


def test_a_bypass_is_the_proposal_without_a_surrogate(history: list[Trial]) -> None:
    """It is the first child that the strategy draws, with its prediction beside it."""
    before = history[: BEGIN + BYPASS]
    guided, plain = (strategies.propose(made(surrogate=surrogate), before, 0) for surrogate in (True, False))
    assert guided is not None
    assert guided.prediction is not None
    assert replace(guided, prediction=None) == plain


@pytest.mark.parametrize(("seconds", "count"), [(0.01, FEWEST), (1.0, A_SECOND), (1e3, DRAWN)])
def test_where_trials_are_short_few_children_are_drawn(history: list[Trial], seconds: float, count: int) -> None:
    """What is drawn takes time by itself, and is worth no more than a small part of a trial's."""
    strategy = made(surrogate=True)
    assert isinstance(strategy, strategies.TournamentStrategy)
    trials = agreeing(history[:47])
    strategy.takes = lambda seen: seconds if seen == trials else 0.0
    found = strategies.propose(strategy, trials, 0)
    assert found is not None
    assert found.prediction is not None
    assert found.prediction.among == count


def test_a_search_that_goes_on_equals_one_that_was_never_interrupted(history: list[Trial]) -> None:
    """Another strategy, which has only the trials as they are stored, proposes and predicts the same, wherever the search ended."""
    again = history[:29]
    for end in (33, 41, 48):
        again = continued(made(surrogate=True), norms, [Trial.from_json(trial.to_json()) for trial in again], end)
    assert [trial.proposal for trial in again] == [trial.proposal for trial in history]


def test_what_failed_is_not_learnt_and_does_not_count() -> None:
    """The surrogate begins when thirty trials have ended well, however many have not."""
    found = searched(lambda proposal, rng: None if rng.random() < 0.4 else norms(proposal, rng), 58)
    first = next(trial.number for trial in found if trial.proposal.prediction is not None)
    assert sum(trial.fitness is not None for trial in found[:first]) == BEGIN < first


def test_more_initial_members_than_thirty_are_waited_for() -> None:
    """Nothing is predicted while initial members are proposed, and before as many trials have ended well."""
    found = searched(norms, 38, initial=("random",) * 35)
    assert among(found)[:35] == [None] * 35
    assert None not in among(found)[35:]


def test_with_several_workers_a_trial_that_runs_is_waited_for_by_nobody(history: list[Trial]) -> None:
    """Trials without an evaluation are neither learnt nor compared; what is proposed beside them is none of them."""
    running = [replace(trial, evaluation=None, fitness=None, ended=None) for trial in history[44:]]
    found = strategies.propose(made(surrogate=True), [*history[:44], *running], 0)
    assert found is not None
    assert found.prediction is not None
    assert found.identity not in {trial.proposal.identity for trial in history}


def test_a_surrogate_that_is_wrong_is_switched_off_and_on_again(history: list[Trial]) -> None:
    """It stops choosing while its latest predictions say nothing, and chooses again as soon as they do."""
    for sign, chosen in ((1.0, True), (-1.0, False), (1.0, True)):
        found = strategies.propose(made(surrogate=True), agreeing(history[:47], sign), 0)  # the next one is not a bypass
        assert found is not None
        assert found.prediction is not None
        assert (found.prediction.among > 1) == chosen


def test_what_can_be_predicted_is_found_sooner_than_without(long: list[Trial]) -> None:
    """Where the operations decide the score, tau is high, and so are the scores: both over the seeds, since one search is much chance."""
    taus, best, mean = [], [], []
    for seed, guided in enumerate((long, searched(norms, 70, 1))):
        plain = continued(made(surrogate=False), norms, guided[:BEGIN], 70, seed)  # until then the two are one search
        agreement = Agreement.of(guided)
        assert agreement is not None
        taus.append(agreement.tau)
        scores = [[trial.fitness for trial in trials[BEGIN:] if trial.fitness is not None] for trials in (guided, plain)]
        best.append(max(scores[0]) - max(scores[1]))
        mean.append(fmean(scores[0]) - fmean(scores[1]))
    assert fmean(taus) > 0.15
    assert fmean(best) > 0
    assert fmean(mean) > 0


def test_where_nothing_can_be_predicted_it_seldom_chooses() -> None:
    """With scores by chance most proposals are the strategy's own."""
    found = [Agreement.of(searched(chance, 55, seed)) for seed in range(2)]
    predicted, chosen = (sum(getattr(each, name) for each in found if each is not None) for name in ("predictions", "chosen"))
    assert chosen < predicted / 2


def test_a_pareto_search_takes_one_of_the_front_of_promise_and_cost() -> None:
    """No other child is promised more at a smaller cost."""
    strategy = made("pareto")
    assert isinstance(strategy, strategies.ParetoEvolution)
    children = [trial.proposal for trial in searched(norms, 12, name="pareto", surrogate=False)]
    promise = [float(number % 5) for number in range(12)]
    for seed in range(8):
        best = strategy.preferred(children, promise, Random(seed))
        cost = children[best].costs.parameters
        better = [child for child, promised in zip(children, promise, strict=True) if promised > promise[best]]
        equal = [child for child, promised in zip(children, promise, strict=True) if promised == promise[best]]
        assert all(child.costs.parameters > cost for child in better)
        assert all(child.costs.parameters >= cost for child in equal)
