"""The benchmark of what a trial costs, in small."""

import re

import pytest
from benchmarks.cost import main
from tests.commands import train_here


@pytest.mark.slow
def test_all_time_is_accounted_for_and_both_loops_learn(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The parts of a search are all of it, and ours and the plain loop score each architecture that ended well."""
    train_here(monkeypatch)
    main(["--trials", "2", "--epochs", "2"])
    said = capsys.readouterr().out
    assert sum(float(share) for share in re.findall(r"\((\d+\.\d)%\)", said)) == pytest.approx(100, abs=0.5)
    count = int(re.findall(r"(\d) architectures, trained again", said)[0])
    scores = [float(score) for score in re.findall(r"(?:ours|loop) (0\.\d{4})", said)]
    assert 1 <= count <= 2
    assert len(scores) == 2
    assert min(scores) > 0.2
