"""A search with a surrogate, from the call to what is stored and shown."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.result_samples import check_option_is_off
from tests.result_samples import searched as search
from tests.study_samples import ThreadExecutor

from einspace.errors import SettingError
from einspace.reporting.result import summary
from einspace.result import Result, load_result
from einspace.result.report.charts import predictions
from einspace.result.words import foretold
from einspace.surrogate.guide import FEWEST

TREES = 30

pytestmark = pytest.mark.usefixtures("small_forests")


def run(folder: Path, trials: int = 40, **options: Any) -> Result:
    """A search whose trials all end well."""
    given = {"executor": ThreadExecutor(), "surrogate": True, "race": False, "report": False, "final_seeds": 0, **options}
    return search(folder, trials=trials, **given)


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> Result:
    return run(tmp_path_factory.mktemp("runs"))


@pytest.mark.slow
def test_predictions_are_stored_and_a_run_that_goes_on_makes_the_same(result: Result, tmp_path: Path) -> None:
    """From the database as from the search; a search that ended after 33 trials and goes on equals one that did not."""
    assert [trial.proposal for trial in load_result("test", str(result.run.parent)).history] == [trial.proposal for trial in result.history]
    assert sum(trial.proposal.prediction is not None for trial in result.history) >= 8
    run(tmp_path, 33)
    again = run(tmp_path, 40, surrogate=None)
    assert [trial.proposal for trial in again.history] == [trial.proposal for trial in result.history]


@pytest.mark.slow
def test_the_search_says_what_a_trial_takes(result: Result) -> None:
    """These are predicted to take less than a second, so that few children are drawn for each, whatever machine it is."""
    among = {trial.proposal.prediction.among for trial in result.history if trial.proposal.prediction is not None}
    assert among == {1, FEWEST}


@pytest.mark.slow
def test_the_result_says_how_well_it_predicted(result: Result, tmp_path: Path) -> None:
    """In JSON, in the terminal, and in the report with its chart; a search without one says nothing of it."""
    agreement = result.surrogate
    assert agreement is not None
    assert result.to_json()["surrogate"] == {"tau": agreement.tau, "predictions": agreement.predictions, "chosen": agreement.chosen}
    sentence = foretold(result)
    assert f"Kendall's tau of {agreement.tau:.2f} ({agreement.predictions} trials)" in sentence
    assert sentence in summary(result)
    page = result.report(tmp_path / "report.html").read_text()
    assert "Predicted against real score" in page
    assert f"tau of {agreement.tau:.2f}" in page
    figure = predictions(result)
    assert figure is not None
    assert sum(len(trace.x) for trace in figure.data) == agreement.predictions
    without = run(tmp_path, 12, surrogate=False)
    assert (without.surrogate, without.to_json()["surrogate"], predictions(without), foretold(without)) == (None, None, None, "")
    assert "Predicted against" not in without.report().read_text()


@pytest.mark.slow
def test_it_is_off_unless_it_is_asked_for_and_part_of_the_settings(result: Result, tmp_path: Path) -> None:
    """Under both protocols; a run is not continued with another choice, and random search has nothing to choose among."""
    assert json.loads((result.run / "run.json").read_text())["surrogate"] is True
    check_option_is_off(run, tmp_path, "surrogate")
    with pytest.raises(SettingError, match="the strategy random takes no surrogate"):
        run(tmp_path, 2, strategy="random", init=None, population=None, tournament=None)
