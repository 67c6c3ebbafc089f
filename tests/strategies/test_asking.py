"""Facts about strategies of the user's: whatever is wrong with one is a line with its class and method, and no trial is misled."""

import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest
from tests.study_samples import SMALL, ThreadExecutor, small_task

from einspace import EinSpace, Limits, Optimizer
from einspace.errors import SettingError, StrategyError
from einspace.result import Result
from einspace.strategies import History, RandomSearch, RegularisedEvolution, Strategy
from einspace.strategies.asking import REFUSED
from einspace.study import search
from einspace.trial import Costs, Prediction, Proposal

SPACE = EinSpace((1, 8, 8), limits=SMALL)

OTHER = EinSpace((3, 16, 16), limits=SMALL)


class Mine(Strategy):
    """Answers what a function makes of a good proposal."""

    def __init__(self, change: Callable[[Proposal], Any]) -> None:
        self._change = change

    def propose(self, history: History, rng: Random) -> Proposal:
        found: Proposal = self._change(Proposal.of(SPACE.sample(rng), "mine"))
        return found


def failing(error: BaseException) -> Any:
    raise error


def drive(folder: Path, strategy: Any, trials: int = 2) -> Result:
    given: dict[str, Any] = {"limits": SMALL, "runs": folder, "run": "test", "race": False, "report": False, "workers": 1}
    return search(small_task(), strategy, trials=trials, executor=ThreadExecutor(), **given)


ANSWERS: dict[str, Callable[[Proposal], Any]] = {
    "not 'relu'": lambda good: "relu",
    "not Architecture": lambda good: SPACE.parse(good.text),
    "its text is None": lambda good: replace(good, text=None),  # type: ignore[arg-type]
    "its key is 7": lambda good: replace(good, key=7),  # type: ignore[arg-type]
    "its costs.parameters is 'many'": lambda good: replace(good, costs=Costs("many")),  # type: ignore[arg-type]
    "its origin is 7": lambda good: replace(good, origin=7),  # type: ignore[arg-type]
    "its origin is not a text": lambda good: replace(good, origin="\ud800"),
    "its changes is None": lambda good: replace(good, changes=None),  # type: ignore[arg-type]
    "with finite changes": lambda good: replace(good, changes={"learning_rate_factor": float("nan")}),
    "a percentile from 0 to 1, not nan": lambda good: replace(good, prediction=Prediction(float("nan"))),
    "a percentile from 0 to 1, not inf": lambda good: replace(good, prediction=Prediction(float("inf"))),
    "parents among the trials so far": lambda good: replace(good, parents=(99,)),
    "unknown operation 'norn'": lambda good: replace(good, text="[relu norn]"),
    "its key or its costs do not belong to its text": lambda good: replace(good, key="mine"),
    "do not belong to its text; sample": lambda good: Proposal.of(OTHER.sample(Random(0)), "mine"),
    "propose raised ValueError: wrong": lambda good: failing(ValueError("wrong")),
    "propose raised RuntimeError: of another version": lambda good: failing(RuntimeError("of another version")),
    "propose raised NotationError": lambda good: SPACE.parse("[relu"),
}


@pytest.mark.parametrize("said", ANSWERS)
def test_what_is_wrong_with_an_answer_is_said(said: str) -> None:
    """A line names the class and the method, and what is wrong; without that, another architecture's score would be taken over."""
    with pytest.raises(StrategyError, match=r"^the strategy .*test_asking:Mine.*") as caught:
        Optimizer(SPACE, Mine(ANSWERS[said])).ask()
    assert said in str(caught.value.args[0]).replace("<einspace.space.", "")


def test_the_place_of_a_mistake_is_shown(tmp_path: Path) -> None:
    """Below the line stands the traceback in the user's own code, and nothing of it is a fault of the database."""
    with pytest.raises(StrategyError) as caught:
        drive(tmp_path, Mine(lambda good: failing(RuntimeError("of another version"))))
    lines = str(caught.value).splitlines()
    assert lines[0].endswith("propose raised RuntimeError: of another version")
    assert "test_asking.py" in lines[1]
    assert len(drive(tmp_path, Mine(lambda good: good)).history) == 2


def test_an_exit_or_the_end_of_proposals_is_no_mistake(tmp_path: Path) -> None:
    """Whoever ends the program from within a strategy means it."""
    with pytest.raises(SystemExit):
        drive(tmp_path, Mine(lambda good: failing(SystemExit(3))))


class Noisy(RandomSearch):
    """Fails once nothing more is wanted of it."""

    def close(self) -> None:
        raise ValueError("the file is closed")


def test_a_strategy_that_cannot_be_closed_costs_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The search is over by then: a warning says it."""
    with caplog.at_level(logging.WARNING, "einspace"):
        assert len(drive(tmp_path, Noisy(SPACE)).history) == 2
    assert caplog.text.count("Noisy: close raised ValueError: the file is closed") == 1


class Unbounded(Strategy):
    """Proposes at random and without limits, and hears what is refused."""

    def __init__(self, origin: str = "mine") -> None:
        self.refused: list[tuple[str, str]] = []
        self._origin = origin

    def propose(self, history: History, rng: Random) -> Proposal:
        width = rng.choice((16, 1024))
        return Proposal.of(TIGHT.parse(f"[im2col(k=8,s=8,p=0) linear(d={width}) identity]"), self._origin)

    def refuse(self, proposal: Proposal, reason: str) -> None:
        self.refused.append((proposal.text, reason))


TIGHT = EinSpace((1, 8, 8), limits=Limits(parameters=2_000))


def test_what_is_over_the_limits_is_refused_and_another_one_is_asked_for() -> None:
    """The strategy hears why, as of what costs too much, and no trial is over a limit that somebody gave."""
    strategy = Unbounded()
    optimizer = Optimizer(TIGHT, strategy)
    asked = [optimizer.ask() for _ in range(8)]
    assert {proposal.costs.parameters <= 2_000 for proposal in asked} == {True}
    assert {reason for _, reason in strategy.refused} == {"parameters of the architecture are over the limit of 2,000"}
    assert {"d=1024" in text for text, _ in strategy.refused} == {True}


def test_a_strategy_that_knows_nothing_within_the_limits_ends_the_search() -> None:
    """In one line that says the limit, after a bounded number of proposals; an initial member has been named by whoever gave the limit."""
    strategy = Unbounded()
    tiny = EinSpace((1, 8, 8), limits=Limits(parameters=1))
    with pytest.raises(StrategyError, match=r"Unbounded proposed nothing within the limits 100 times in a row: parameters .* limit of 1$"):
        Optimizer(tiny, strategy).ask()
    assert len(strategy.refused) == REFUSED
    assert Optimizer(tiny, Unbounded("seed mine")).ask().costs.parameters > 1


def test_an_object_of_ours_keeps_to_the_limits_of_the_search(tmp_path: Path) -> None:
    """Its space may have wider ones, which the run does not store; with narrower ones it proposes what it would alone."""
    wide, narrow = EinSpace((1, 8, 8)), EinSpace((1, 8, 8), limits=Limits(operations=60, parameters=100))
    given: dict[str, Any] = {"limits": Limits(parameters=1_000), "runs": tmp_path, "race": False, "report": False, "workers": 1}
    held, free = (
        search(small_task(), RandomSearch(space), trials=12, executor=ThreadExecutor(), final_seeds=0, **given) for space in (wide, narrow)
    )
    assert any(proposal.costs.parameters > 1_000 for proposal in [RandomSearch(wide).propose((), Random(f"0:{i}")) for i in range(12)])
    assert max(trial.parameters for trial in held.history) <= 1_000
    evolving = Optimizer(TIGHT, RegularisedEvolution(wide, 4, 2, ("random",) * 12))
    assert max(evolving.ask().costs.parameters for _ in range(12)) <= 2_000, "a random initial member is no named one"
    alone = Optimizer(narrow, RandomSearch(narrow))
    assert [trial.text for trial in free.history] == [alone.ask().text for _ in free.history]


class Own(Unbounded):
    """Chooses something else than what it was given."""

    def choose(self, ask: Callable[[], Proposal | None], history: History, rng: Random) -> Proposal:
        return self.propose(history, rng)


def test_a_choice_is_within_the_limits_too() -> None:
    """Whoever answers past the question is told in one line."""
    with pytest.raises(StrategyError, match=r"Own: choose returned a proposal over the limits: parameters .* limit of 1$"):
        Optimizer(EinSpace((1, 8, 8), limits=Limits(parameters=1)), Own()).ask()


@pytest.mark.parametrize(
    ("strategy", "said"),
    [
        (RandomSearch, "a strategy is a name, module:Class, or an object"),
        (7, "a strategy is a name, module:Class, or an object"),
        (RandomSearch(OTHER), r"the strategy RandomSearch was made for samples of \(3, 16, 16\), and this search is of \(1, 8, 8\)"),
        (RandomSearch(EinSpace((1, 8, 8), 0.5)), r"RandomSearch was made for another grammar at \(1, 8, 8\)"),
    ],
)
def test_what_is_no_strategy_of_this_search_is_refused(tmp_path: Path, strategy: Any, said: str) -> None:
    """A class, a number, and a strategy of ours in another space, whose architectures would not be those that are trained."""
    with pytest.raises(SettingError, match=said):
        drive(tmp_path, strategy)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("1 / 0", "cannot be imported: ZeroDivisionError: division by zero"),
        ("def (", "cannot be imported: SyntaxError: invalid syntax"),
        (
            "import einspace\nclass Own(einspace.Strategy):\n    def __init__(self, space): 1 / 0\n    propose = 1",
            "__init__ raised ZeroDivisionError",
        ),
        ("import einspace\nclass Own(einspace.Strategy):\n    pass", "__init__ raised TypeError"),
    ],
)
def test_a_module_with_a_mistake_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str, said: str) -> None:
    """Whatever a module or a class of the user's raises is said with its name."""
    name = f"own_{abs(hash(source))}"
    (tmp_path / f"{name}.py").write_text(source)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(StrategyError, match=said):
        Optimizer(SPACE, f"{name}:Own")
