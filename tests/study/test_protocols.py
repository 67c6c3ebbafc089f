"""Searches under the two protocols, from the call to what is stored."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from tests.study_samples import SMALL, ThreadExecutor, small_task

from einspace.errors import RunError
from einspace.evaluation.outcome import Evaluation, Outcome, Request, Seconds
from einspace.reporting.result import summary
from einspace.result import Result
from einspace.study import search


def run(folder: Path, trials: int = 24, **options: Any) -> Result:
    """A search of one worker in threads."""
    given: dict[str, Any] = {"workers": 1, "limits": SMALL, "run": "one", "runs": folder, "executor": ThreadExecutor()}
    return search(small_task(), trials=trials, **(given | options))


def texts(result: Result) -> list[str]:
    return [trial.text for trial in result.history]


@pytest.mark.slow
@pytest.mark.parametrize(("init", "digest"), [(None, "96e7fbb27ee77723"), ("resnet8,random*3", "4bba3a9ea0bd823c")])
def test_the_paper_s_protocol_proposes_what_it_always_did(tmp_path: Path, init: str | None, digest: str) -> None:
    """The texts of 24 trials are those that were the defaults before there was another protocol, from scratch and from initial members."""
    result = run(tmp_path, protocol="paper", init=init)
    assert hashlib.sha256("\n".join(texts(result)).encode()).hexdigest()[:16] == digest


@pytest.mark.slow
def test_one_worker_is_deterministic_and_goes_on_as_if_nothing_had_been(tmp_path: Path) -> None:
    """The same seed proposes the same, another one does not, and a run for more trials keeps the population that it was started with."""
    whole, same, other = run(tmp_path, run="a"), run(tmp_path, 9, run="d"), run(tmp_path, 9, run="c", seed=1)
    assert texts(whole)[:9] == texts(same) != texts(other)
    longer = run(tmp_path, trials=24, run="d")
    assert texts(longer) == texts(whole)
    most = run(tmp_path, trials=26, run="d", workers=3, population=10)
    assert texts(most)[:24] == texts(whole)
    assert (most.settings["population"], most.settings["init"]) == (10, ["resnet8-wide", "mixer-tiny", "random"])


@pytest.mark.slow
def test_every_result_says_its_protocol(tmp_path: Path) -> None:
    """In run.json, in JSON, in the terminal and in the report; a run is not continued under another one, and does not need it named."""
    ours, paper = run(tmp_path, 6, run="ours"), run(tmp_path, 6, run="paper", protocol="paper")
    for result, name, other in ((ours, "einspace", "paper"), (paper, "paper", "einspace")):
        assert json.loads((result.run / "run.json").read_text())["protocol"] == name == result.to_json()["protocol"]
        assert any(f"Protocol {name}:" in str(part) for part in summary(result))
        assert ("by the protocol" in result.report().read_text()) == (name == "paper")
        with pytest.raises(RunError, match=f'protocol: "{name}" there, "{other}" here'):
            run(tmp_path, 7, run=name if name == "paper" else "ours", protocol=other)
    assert run(tmp_path, 7, run="paper").protocol == "paper"


@pytest.mark.slow
def test_a_run_without_a_protocol_goes_on_with_its_settings(tmp_path: Path) -> None:
    """It was stored before there were two, when the defaults were the paper's."""
    whole = run(tmp_path, 12, run="new", protocol="paper")
    run(tmp_path, 6, run="old", protocol="paper")
    for path, key in ((tmp_path / "old" / "run.json", "protocol"),):
        stored = json.loads(path.read_text())
        del stored[key]
        path.write_text(json.dumps(stored))
    assert texts(run(tmp_path, 12, run="old")) == texts(whole)


@pytest.mark.slow
def test_a_budget_predicts_from_the_trials_and_says_how_well(tmp_path: Path) -> None:
    """Trials that take a tenth of a second for each million FLOPs are learnt, and hardly any that is begun is too late."""

    def slow(request: Request) -> Evaluation:
        from einspace import EinSpace

        flops = EinSpace((1, 8, 8)).parse(request.text).flops
        return Evaluation(Outcome.OK, 0.5, seconds=Seconds(train=0.05 + flops / 1e6))

    result = run(tmp_path, 40, budget="100s", executor=ThreadExecutor(slow), race=False)
    assert result.cost_error is not None
    assert result.to_json()["cost_error"]["trials"] == result.cost_error.trials > 10
    assert any("The cost model predicts a trial's seconds within" in str(part) for part in summary(result))
    late = [trial for trial in result.history[10:] if trial.seconds > 2 * 100 * 0.5 / 25]
    assert len(late) <= 1


def test_a_baseline_that_takes_too_long_is_left_out_and_said_so(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """With a budget in which it cannot end; the table has its row, with the reason."""
    result = run(tmp_path, 6, budget="2s", recipe={"epochs_search": 5_000}, strategy="random")
    assert "the baseline resnet8 is left out: a training is predicted to take" in caplog.text
    assert [(entrant.name, entrant.validation) for entrant in result.baselines] == [("resnet8", None)]
    assert "predicted to take" in result.baselines[0].reason
