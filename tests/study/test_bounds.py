"""What a search without bounds has, and what is said of one that cannot evolve."""

import logging
from pathlib import Path
from typing import Any

import pytest
from tests.study_samples import SMALL, ThreadExecutor, good, small_task

from einspace.evaluation.outcome import Evaluation, Outcome, Request
from einspace.result import Result
from einspace.study import bounds as module
from einspace.study import search
from einspace.study.bounds import Bounds, bounds

RANDOM = "this search is random"


def run(folder: Path, executor: ThreadExecutor | None = None, **options: Any) -> Result:
    """A search of one worker in threads, without final trainings."""
    given: dict[str, Any] = {"workers": 1, "limits": SMALL, "runs": folder, "report": False, "final_seeds": 0, "race": False}
    return search(small_task(), executor=executor or ThreadExecutor(), **(given | options))


def said(caplog: pytest.LogCaptureFixture) -> str:
    """The warnings since it was called last."""
    found = "\n".join(record.getMessage() for record in caplog.records if record.levelno == logging.WARNING)
    caplog.clear()
    return found


def test_the_paper_s_searches_are_as_long_as_in_the_paper() -> None:
    """1,000 trials from scratch (section 4.3), and 500 iterations after networks (section 4.4), for every task and objective."""
    for objective in (False, True):
        assert bounds(Bounds(), "paper", objective, ()) == bounds(Bounds(), "paper", objective, ("random",)) == Bounds(trials=1_000)
        assert bounds(Bounds(), "paper", objective, ("resnet18", "random")) == Bounds(iterations=500)
    assert bounds(Bounds(), "einspace", True, ("resnet18",)) == Bounds(trials=100)
    assert bounds(Bounds(), "einspace", False, ("resnet18",)) == Bounds(budget="4m")


def test_a_bound_that_is_given_is_the_only_one() -> None:
    """By either protocol, a number, iterations or a time stand alone."""
    for protocol in ("paper", "einspace"):
        for given in (Bounds(trials=3), Bounds(iterations=3), Bounds(budget="1h"), Bounds(trials=3, budget=2.0)):
            assert bounds(given, protocol, False, ("resnet18",)) == given


def test_a_search_by_the_paper_s_protocol_goes_on_to_its_own_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """From initial members the iterations do not count these, also where a call that continues the run does not name them."""
    monkeypatch.setattr(module, "SCRATCH", 5)
    monkeypatch.setattr(module, "SEEDED", 3)
    given: dict[str, Any] = {"protocol": "paper", "population": 2, "tournament": 1}
    assert len(run(tmp_path, run="scratch", **given).history) == 5
    assert "nothing bounds this search, so it has 5 trials: a budget or a number of trials says otherwise" in said(caplog)
    assert len(run(tmp_path, run="seeded", init="resnet8", iterations=1, **given).history) == 2
    assert "nothing bounds" not in said(caplog)
    assert len(run(tmp_path, run="seeded", **given).history) == 4
    assert "so it has 3 iterations after its initial members" in said(caplog)


@pytest.mark.parametrize("protocol", ["paper", "einspace"])
def test_a_search_that_cannot_evolve_says_so(tmp_path: Path, caplog: pytest.LogCaptureFixture, protocol: str) -> None:
    """From scratch, as many trials as the population has members are random samples; one more, or an initial member, is evolution."""
    given: dict[str, Any] = {"protocol": protocol, "population": 4, "tournament": 2}
    result = run(tmp_path, init="", trials=4, **given)
    assert f"{RANDOM}: it starts from scratch, and its 4 trials do not outnumber the 4 members of its population" in said(caplog)
    assert {trial.origin for trial in result.history} == {"sample"}
    result = run(tmp_path, init="", trials=5, **given)
    assert RANDOM not in said(caplog)
    assert [len(trial.parents) for trial in result.history] == [0, 0, 0, 0, 1]
    run(tmp_path, init="resnet8", trials=3, **given)
    run(tmp_path, strategy="random", protocol=protocol, trials=3)
    assert RANDOM not in said(caplog)


def test_a_search_whose_initial_members_fail_says_that_it_is_one_from_scratch(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Each is named with what became of it, once, and samples fill the population before one of them has a child."""

    def lost(request: Request) -> Evaluation:
        return Evaluation(Outcome.TIMEOUT, None) if len(executor.requests) <= 2 else good(request)

    executor = ThreadExecutor(lost)
    result = run(tmp_path, executor, protocol="paper", init="resnet8,vit-tiny", iterations=4, population=3, tournament=2)
    line = "no initial member has a score (resnet8: timeout, vit-tiny: timeout), so the search is one from scratch: random samples until 3"
    assert said(caplog).count(line) == 1
    assert [trial.origin for trial in result.history] == ["seed resnet8", "seed vit-tiny", "sample", "sample", "sample", "mutation"]
