"""The benchmark of how long the searches of a table take, in small."""

import re

import pytest
from benchmarks.hours import Pace, Taken, main, of_core, of_load, said, taken

from benchmarks import hours
from einspace.evaluation.cost_model import CostModel, Load
from einspace.reproduction import selected
from einspace.reproduction.cells import Cell

TRIAL, FINAL = Load(10, 1_000, 1_000, 1_000, 2, 100, 300), Load(10, 1_000, 1_000, 1_300, 16, 100, 200)
NEVER = CostModel((1e6, 0.0, 0.0, 0.0))


def cell(column: str) -> Cell:
    """A cell of the scale `small` on AddNIST."""
    selection = selected("table1", "small", ["addnist"], [column])
    return Cell(selection, "addnist", selection.columns[0], 0)


def test_a_search_is_its_trials_and_its_final_trainings() -> None:
    """51 trials of 20 steps and a score of three forward passes, and final trainings of the member and of what was found."""
    assert of_load(TRIAL, 3.0) == 3.0 * 21
    assert of_load(FINAL, 3.0) == pytest.approx(3.0 * (208 + 2 / 3))
    whole = 51 * 63.0 + 2 * 626.0
    assert taken(cell("re-rn18"), [Pace(TRIAL, FINAL, 3.0)], NEVER, True) == pytest.approx((whole, whole, whole))
    assert taken(cell("rn18"), [Pace(TRIAL, FINAL, 3.0)], NEVER, True).mean == pytest.approx(63.0 + 626.0)


def test_random_samples_are_of_any_cost_and_have_a_limit() -> None:
    """Half of 100 samples take 626 s as final trainings and half their time limit, which is that of a trial for every step of one."""
    limit = 3_600 * FINAL.steps / TRIAL.steps
    found = taken(cell("random-sampling"), [Pace(TRIAL, FINAL, 3.0), Pace(TRIAL, FINAL, None)], NEVER, True)
    assert found.mean == pytest.approx(50 * (626 + limit))
    assert found.low < found.mean < found.high
    assert said(Taken(7_200.0, 3_600.0, 14_400.0), 2) == "1.0 (0.50 to 2.0)"


def test_what_was_not_measured_is_predicted_from_the_others() -> None:
    """A network of which a step was not measured is predicted by rates of this machine, not by those of another one."""
    slow = of_core([Pace(TRIAL, FINAL, 30.0)] * 5)
    assert slow.seconds(TRIAL) == pytest.approx(of_load(TRIAL, 30.0), rel=0.1)


@pytest.mark.slow
def test_hours_are_measured(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Every column with a search has its trials, its hours on cores and those on a GPU; one that samples has a range."""
    monkeypatch.setattr(hours, "SEARCHES", 20)
    main(["--scale", "smoke", "--columns", "re-rn18,random-sampling", "--samples", "3", "--seconds", "0.01", "--memory", "1e9"])
    lines = capsys.readouterr().out.splitlines()[1:]
    assert lines[0].startswith("addnist: 3 samples and 1 baselines")
    assert re.fullmatch(r"  re-rn18 +3 trials +[\d.]+ +[\d.]+", lines[1])
    assert re.fullmatch(r"  random-sampling +4 trials +[\d.]+ \([\d.]+ to [\d.]+\) +[\d.]+ \([\d.]+ to [\d.]+\)", lines[2])
