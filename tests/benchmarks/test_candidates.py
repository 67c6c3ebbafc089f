"""The benchmark of candidates, on a run that takes a moment."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks import candidates
from einspace import Recipe, Task, search
from einspace.errors import SettingError
from einspace.executors.local import LocalExecutor
from einspace.trial import DECISION


@pytest.mark.slow
def test_candidates_are_trained_as_the_decision_trained_its_finalist(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The finalists' leads are those of the run, on the same partitions; a run without a decision is refused."""
    rng = np.random.default_rng(0)
    y = np.arange(60) % 2
    x = rng.normal(0, 1, (60, 1, 8, 8)) + 0.3 * y[:, None, None, None]
    task = Task.from_arrays(x, y, name="easy", recipe=Recipe(1, 2, 32, 0.05, 5e-4), axes="NCHW")
    task = replace(task, baselines=("mixer-tiny",))
    settings = {"trials": 12, "workers": 1, "runs": tmp_path, "init": "mixer-tiny", "report": False, "final_seeds": 0}
    result = search(task, **settings, run="mine", race=True, executor=lambda work, *_: LocalExecutor(work))  # type: ignore[arg-type]
    decided = [trial for trial in result.others if trial.phase == DECISION]
    found = candidates.leads(tmp_path / "mine", task, 5)
    scores = {(trial.proposal.identity, trial.seed): trial.fitness or 0.0 for trial in decided}
    (baseline,) = {trial.proposal.identity for trial in decided if not trial.parents}
    seeds = sorted({trial.seed for trial in decided})
    finalists = {trial.proposal.identity for trial in decided} - {baseline}
    assert finalists <= {trial.proposal.identity for trial, _ in found}
    assert len(found) == 5
    for trial, leads in found:
        assert len(leads) == len(seeds)
        if (identity := trial.proposal.identity) in finalists:
            assert leads == tuple(scores[identity, seed] - scores[baseline, seed] for seed in seeds)
    monkeypatch.setattr(candidates, "load", lambda name: task)
    candidates.main([str(tmp_path / "mine"), "--first", "1"])
    assert " claims " in capsys.readouterr().out
    search(task, **settings, run="none", race=False, executor=lambda work, *_: LocalExecutor(work))  # type: ignore[arg-type]
    with pytest.raises(SettingError, match="no decision of long trainings"):
        candidates.leads(tmp_path / "none", task, 3)
