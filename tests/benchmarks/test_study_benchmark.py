"""What a study costs besides training, measured in small."""

from pathlib import Path

import pytest
from benchmarks.study import fill, measure, within_time

from einspace import EinSpace, strategies
from einspace.phases.budget import Budget
from einspace.storage import Database, StudyStore
from einspace.trial import SEARCH


@pytest.mark.parametrize("ours", [False, True])
def test_a_filled_study_goes_on_for_as_many_trials_as_asked(tmp_path: Path, ours: bool) -> None:
    """With the paper's strategy as well as with edits and a budget of time."""
    database = Database.of_file(tmp_path / "study.db", "bench")
    wall, processor = measure(database, 20, 1, 4, ours)
    assert wall > 0
    assert processor > 0
    with StudyStore.open(database) as store:
        assert store.phase(SEARCH).ended == 24


def test_a_budget_of_time_keeps_some_for_a_race(tmp_path: Path) -> None:
    """Otherwise what a race costs at every trial would not be measured."""
    space = EinSpace((1, 8, 8))
    with StudyStore.open(Database.of_file(tmp_path / "study.db", "bench"), higher_is_better=True) as store:
        fill(store, 20)
        budget = Budget(30)
        within_time(strategies.get("evolution", space, ("random",)), store, budget, 1)
        assert 10 < budget.left - budget.spare(store.phase(SEARCH)) < 1_000
