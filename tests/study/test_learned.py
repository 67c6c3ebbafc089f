"""A search with learned probabilities, from the call to what is stored."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.result_samples import check_option_is_off
from tests.result_samples import searched as search
from tests.study_samples import ThreadExecutor

from einspace.result import Result


def run(folder: Path, trials: int = 40, **options: Any) -> Result:
    """A search whose trials all end well."""
    given = {"executor": ThreadExecutor(), "learned": True, "race": False, "report": False, "final_seeds": 0, **options}
    return search(folder, trials=trials, **given)


@pytest.mark.slow
def test_a_run_that_goes_on_equals_one_that_was_never_interrupted(tmp_path: Path) -> None:
    """Beside all other options of evolution: a surrogate, children of two parents, and edits."""
    others: dict[str, Any] = {"surrogate": True, "crossover": 0.3, "edits": 0.3, "strategy": "pareto"}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("einspace.surrogate.forest.TREES", 10)
        whole = run(tmp_path, run="whole", **others)
        run(tmp_path, 33, **others)
        again = run(tmp_path, 40, **{**others, "learned": None, "surrogate": None})
    assert [trial.proposal for trial in again.history] == [trial.proposal for trial in whole.history]
    assert {"crossover", "mutation"} <= {trial.origin for trial in whole.history}
    assert any(trial.proposal.prediction is not None for trial in whole.history)


@pytest.mark.slow
def test_it_is_off_unless_it_is_asked_for_and_part_of_the_settings(tmp_path: Path) -> None:
    """Under both protocols; a run is not continued with another choice, and one from before there was the option had it off."""
    check_option_is_off(run, tmp_path, "learned")
    assert json.loads((tmp_path / "paper-on" / "run.json").read_text())["learned"] is True
