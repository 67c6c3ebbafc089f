"""The benchmark of what a trial costs, in small."""

import re

import pytest
from benchmarks.cost import main
from tests.commands import train_here


@pytest.mark.slow
def test_all_time_is_accounted_for_and_both_loops_learn(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The parts of a worker's time are all of it, records take some, and ours and the plain loop score what ended well."""
    train_here(monkeypatch)
    main(["--trials", "2", "--epochs", "2"])
    said = capsys.readouterr().out
    parts = dict(re.findall(r"(\w+) \d+\.\d+ s \((\d+\.\d)%\)", said))
    assert list(parts) == ["start", "build", "train", "validate", "propose", "idle"]
    assert sum(map(float, parts.values())) == pytest.approx(100, abs=0.5)
    assert float(re.findall(r"record (\d+\.\d+) s", said)[0]) > 0
    count = int(re.findall(r"(\d) architectures, trained again", said)[0])
    hours = [int(number.replace(",", "")) for number in re.findall(r"trials an hour: ours ([\d,]+), the loop ([\d,]+)", said)[0]]
    assert hours[0] / hours[1] == pytest.approx(float(re.findall(r"ratio (\d+\.\d+)", said)[0]), rel=0.05)
    scores = [float(score) for score in re.findall(r"(?:ours|loop) (0\.\d{4})", said)]
    assert 1 <= count <= 2
    assert len(scores) == 2
    assert min(scores) > 0.2
