"""Facts about a strategy by hand: ask, tell, and go on from its data."""

import json
import pickle
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import torch
from tests.study_samples import SMALL, score

from einspace import EinSpace, Optimizer
from einspace.errors import SettingError, UnknownNameError
from einspace.strategies import ParetoEvolution, RandomSearch
from einspace.study import search
from einspace.trial import Costs, Proposal

SPACE = EinSpace((1, 8, 8), limits=SMALL)


def made(**options: Any) -> Optimizer:
    """A small evolution with seeds."""
    return Optimizer(SPACE, "evolution", **{"seed": 3, "init": "resnet8,random*2", "population": 5, "tournament": 2, **options})


def go(optimizer: Optimizer, trials: int) -> None:
    """Ask and tell, with every fourth training failing."""
    for _ in range(trials):
        proposal = optimizer.ask()
        optimizer.tell(proposal, None if len(optimizer.trials) % 4 == 0 else score(proposal.text))


def compared(optimizer: Optimizer) -> list[tuple[Any, ...]]:
    """What two optimizers must share, trial by trial."""
    return [(trial.number, trial.proposal, trial.value, trial.fitness, trial.outcome) for trial in optimizer.trials]


def test_a_saved_optimizer_goes_on_as_if_nothing_had_happened() -> None:
    """Whatever the moment, also while a proposal is waited for: asked, stored and taken over equals asked in one go."""
    whole = made()
    go(whole, 14)
    assert {trial.origin for trial in whole.trials} >= {"seed resnet8", "seed random", "mutation"}
    interrupted = made()
    go(interrupted, 6)
    waiting = interrupted.ask()
    loaded = made().from_json(json.loads(json.dumps(interrupted.to_json())))
    assert loaded.trials == interrupted.trials
    loaded.tell(waiting, score(waiting.text))
    go(loaded, 7)
    assert compared(loaded) == compared(whole)
    assert loaded.best is not None
    assert whole.best is not None
    assert (loaded.best.number, loaded.best.value) == (whole.best.number, max(trial.value or 0 for trial in whole.trials))


def test_several_proposals_are_out_at_a_time() -> None:
    """Scores come in any order, each to its own proposal; twins are told one after the other."""
    optimizer = Optimizer(SPACE, RandomSearch(SPACE), seed=1)
    asked = [optimizer.ask() for _ in range(3)]
    assert len({proposal.key for proposal in asked}) == 3
    for number in (2, 0, 1):
        assert optimizer.tell(asked[number], float(number)).number == number
    assert [trial.value for trial in optimizer.trials] == [0.0, 1.0, 2.0]


@pytest.mark.parametrize("direction", ["maximize", "minimize"])
def test_the_best_follows_the_direction(direction: Any) -> None:
    """A lower score is the better one where it is minimised; a failure, and what is not finite, is never best."""
    optimizer = made(direction=direction)
    for told in (0.5, 0.25, 0.75, None, float("nan"), float("-inf"), float("inf")):
        optimizer.tell(optimizer.ask(), told)
    assert optimizer.best is not None
    assert optimizer.best.value == (0.75 if direction == "maximize" else 0.25)
    assert [trial.value for trial in optimizer.trials[3:]] == [None] * 4


def test_a_seeded_strategy_needs_a_score_first() -> None:
    """Where the strategy waits, asking says so in place of an answer; a score, or the failure of all seeds, ends that."""
    optimizer = made(init="resnet8")
    first = optimizer.ask()
    with pytest.raises(SettingError, match="needs the score of a proposal"):
        optimizer.ask()
    assert len(optimizer.trials) == 1
    optimizer.tell(first, 0.5)
    assert optimizer.ask().parents == (0,)


def test_what_cannot_be_told_is_refused() -> None:
    """A proposal that was not asked for, and a second score."""
    optimizer = made()
    proposal = optimizer.ask()
    optimizer.tell(proposal, 0.5)
    for other in (proposal, Proposal("[relu relu]", "key", Costs(0), "mine")):
        with pytest.raises(SettingError, match="this proposal was not asked for, or has its score already"):
            optimizer.tell(other, 0.5)
    assert [trial.value for trial in optimizer.trials] == [0.5]


def test_options_that_make_no_sense_are_refused() -> None:
    """As by a search."""
    with pytest.raises(UnknownNameError, match="did you mean evolution"):
        Optimizer(SPACE, "evolutoin")
    with pytest.raises(SettingError, match="the strategy random takes no population"):
        Optimizer(SPACE, "random", population=5)
    with pytest.raises(SettingError, match="has its options and initial members already"):
        Optimizer(SPACE, RandomSearch(SPACE), init="resnet8")


@pytest.mark.parametrize("given", [{"strategy": "pareto", "cost": "latency"}, {"strategy": ParetoEvolution(SPACE, cost="latency")}])
def test_a_cost_that_nobody_tells_is_refused(given: dict[str, Any]) -> None:
    """A score says nothing of a latency, without which nothing would ever be a member, and all proposals would be samples."""
    with pytest.raises(SettingError, match=r"an optimizer does not know the latency.*: choose the cost parameters or flops, not 'latency'"):
        Optimizer(SPACE, **given)
    assert Optimizer(SPACE, "pareto", cost="flops").ask().text


def test_data_that_hold_no_trials_are_refused() -> None:
    """One line says what is wrong; the optimizer keeps what it has."""
    optimizer = made()
    go(optimizer, 4)
    state, before = optimizer.to_json(), optimizer.trials
    data: list[tuple[Any, str]] = [
        ([], "these are not the trials of an optimizer"),
        ({"seed": 3}, "these are not the trials of an optimizer"),
        ({**state, "trials": [{"number": "x"}]}, "these are not the trials of an optimizer"),
        ({**state, "trials": state["trials"][1:]}, "their numbers leave gaps"),
        ({**state, "seed": 4}, "are of the seed 4, not 3"),
    ]
    for bad, message in data:
        with pytest.raises(SettingError, match=message) as raised:
            optimizer.from_json(bad)
        assert ("\n" in str(raised.value), optimizer.trials) == (False, before)


SCORES: tuple[Any, ...] = (np.float32(0.5), np.float64(0.5), np.array(0.5), torch.tensor(0.5), Fraction(1, 2), Decimal("0.5"))

NO_NUMBER: Any = Decimal("sNaN")

NO_SCORES = (1j, np.complex64(1), np.True_, "1", np.array([0.5]), torch.tensor([1, 2]), np.datetime64(1, "s"), np.ma.masked, 10**400, [1.0])


def test_a_score_of_numpy_s_is_a_number() -> None:
    """Scores come from NumPy and PyTorch as often as from Python, and are stored as numbers."""
    optimizer = made()
    assert [optimizer.tell(optimizer.ask(), one).value for one in SCORES] == [0.5] * len(SCORES)
    assert optimizer.tell(optimizer.ask(), NO_NUMBER).value is None
    assert made().from_json(json.loads(json.dumps(optimizer.to_json()))).trials == optimizer.trials


def test_what_is_no_single_number_is_no_score() -> None:
    """Nothing is cut off, such as the imaginary part; the proposal waits on, and anything else than one is refused."""
    optimizer = made()
    proposal = optimizer.ask()
    for wrong in NO_SCORES:
        with pytest.raises(SettingError, match=r"a score is a .*number.*None is for a training that failed"):
            optimizer.tell(proposal, wrong)  # type: ignore[arg-type]
    for strange in (None, proposal.text, SPACE.parse(proposal.text)):
        with pytest.raises(SettingError, match="tell needs a proposal that `ask` gave, not "):
            optimizer.tell(strange, 0.5)  # type: ignore[arg-type]
    assert optimizer.tell(proposal, 0.5).value == 0.5


def test_a_seed_is_a_whole_number() -> None:
    """One of NumPy's is stored as a number; what is none would be another seed once it is written as text."""
    assert json.dumps(made(seed=np.int64(3)).to_json()) == json.dumps(made().to_json())
    for wrong in (None, 1.5, "3", True):
        with pytest.raises(SettingError, match="a seed is a whole number, not "):
            made(seed=wrong)


def test_a_proposal_that_was_sent_to_another_process_is_the_same() -> None:
    """It is pickled and copied, stands in sets and as a key, and its score is taken."""
    optimizer = made()
    proposal = optimizer.ask()
    sent = pickle.loads(pickle.dumps(proposal))
    assert {proposal, sent} == {sent}
    assert len({optimizer.tell(sent, 0.5), *optimizer.trials}) == 1


def test_another_word_for_a_direction_is_refused() -> None:
    """It minimised, and the best was the worst."""
    with pytest.raises(UnknownNameError, match="unknown direction 'max': did you mean maximize"):
        made(direction="max")
    with pytest.raises(UnknownNameError, match="unknown direction 'maximise'"):
        search(objective=lambda architecture: 0.0, space=SPACE, direction="maximise", trials=1)  # type: ignore[arg-type, misc]
