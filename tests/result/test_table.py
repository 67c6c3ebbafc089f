"""A table of trials: written from runs, read as it was, and a mistake in it is named by its line."""

import json
import os
from pathlib import Path

import pytest
from benchmarks.trials import main
from tests.result_samples import HOSTILE, searched

from einspace import load_trials
from einspace.errors import DataError
from einspace.result.table import Recorded

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two runs in one table."""
    folder = tmp_path_factory.mktemp("runs")
    runs = [searched(folder, name, seed=seed, report=False).run for seed, name in enumerate(("one", "two"))]
    main([*map(str, runs), "-o", str(folder / "table.jsonl")])
    return folder / "table.jsonl"


def test_a_table_has_every_trial_with_its_run(table: Path) -> None:
    """Each comes back as it is in its run, with the task and the epochs that it was trained for, but without what is of the machine."""
    rows = load_trials(table)
    of_runs = [trial for name in ("one", "two") for trial in load_trials(table.parent / name)]
    assert len(rows) == len(of_runs)
    for row, trial in zip(rows, of_runs, strict=True):
        assert isinstance(row, Recorded)
        assert (row.proposal, row.phase, row.seed, row.fitness, row.losses) == (
            trial.proposal,
            trial.phase,
            trial.seed,
            trial.fitness,
            trial.losses,
        )
        assert (row.outcome, row.seconds, row.epochs, row.metric) == (trial.outcome, trial.seconds, len(trial.losses), "accuracy")
        assert row.evaluation is not None
        assert (row.evaluation.traceback, row.evaluation.device, row.evaluation.worker) == ("", "", None)
    assert {row.run for row in rows if isinstance(row, Recorded)} == {"one", "two"}
    assert f"Traceback\\n  {HOSTILE}" not in table.read_text()


def test_empty_lines_are_none_and_what_is_no_trial_is_named_by_its_line(table: Path, tmp_path: Path) -> None:
    """In one line, with the file."""
    lines = table.read_text().splitlines()
    mended = tmp_path / "mended.jsonl"
    mended.write_text("\n" + lines[0] + "\n\n" + lines[1])
    assert list(load_trials(mended)) == list(load_trials(table))[:2]
    wrong = json.loads(lines[1])
    wrong["number"] = "many"
    newer = json.dumps({**json.loads(lines[1]), "mood": 3})
    unknown = "is not a trial: this version does not know the field 'mood' of a trial, which a newer one may have written"
    for text, said in (
        (newer, unknown),
        (json.dumps(wrong), "is not a trial: number: "),
        ("{", "is not a trial: Invalid JSON"),
        ("[1]", "is not a trial: "),
    ):
        mended.write_text(f"{lines[0]}\n{text}\n")
        with pytest.raises(DataError) as caught:
            load_trials(mended)
        assert f"mended.jsonl, line 2: {said}" in str(caught.value)
        assert "\n" not in str(caught.value)
    mended.write_bytes(lines[0].encode() + b"\n\xff\n")
    with pytest.raises(DataError, match=r"mended.jsonl, line 2: is not a trial: Invalid JSON"):
        load_trials(mended)
    with pytest.raises(DataError, match="cannot be read: No such file"):
        load_trials(tmp_path / "none.jsonl")


def test_a_score_that_is_no_number_is_refused(table: Path, tmp_path: Path) -> None:
    """Sorted among others it would stand anywhere."""
    line = json.loads(table.read_text().splitlines()[0])
    (tmp_path / "nan.jsonl").write_text(json.dumps({**line, "fitness": float("nan")}))
    with pytest.raises(DataError, match=r"nan.jsonl, line 1: is not a trial: Invalid JSON"):
        load_trials(tmp_path / "nan.jsonl")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no pipes among its files")
def test_a_pipe_is_no_table(tmp_path: Path) -> None:
    """Whoever opened it would wait for ever, and a device would fill the memory."""
    os.mkfifo(tmp_path / "pipe.jsonl")
    with pytest.raises(DataError, match="cannot be read: it is not a regular file"):
        load_trials(tmp_path / "pipe.jsonl")


def test_a_table_has_its_ending(table: Path) -> None:
    """Otherwise nobody could read it back."""
    with pytest.raises(SystemExit):
        main([str(table.parent / "one"), "-o", str(table.parent / "table.json")])


def test_runs_of_one_name_stay_apart(tmp_path: Path) -> None:
    """Runs from two folders may have the same name: the second one has a number in the table."""
    folders = [searched(tmp_path / name, "same", seed=0, report=False).run for name in ("here", "there")]
    main([*map(str, folders), "-o", str(tmp_path / "table.jsonl")])
    rows = load_trials(tmp_path / "table.jsonl")
    assert {row.run for row in rows if isinstance(row, Recorded)} == {"same", "same-2"}
