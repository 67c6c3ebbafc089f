"""A user's own data on the command line: their options are stored with the run, and are refused where they do not apply."""

import json
from pathlib import Path

import numpy as np
import pytest
from tests.study_samples import ThreadExecutor
from typer.testing import CliRunner

from einspace import study
from einspace.cli import app
from einspace.config import CONFIG, load
from einspace.errors import EinspaceError, RunError, SettingError, TaskError
from einspace.files.yaml import read
from einspace.tasks import DataOptions, load_task

QUICK = ["--init", "[relu relu]", "--trials", "1", "--workers", "1", "--epochs", "1", "--final-epochs", "1", "--max-operations", "8"]


def beats(folder: Path) -> Path:
    """Beats of 12 columns, two channels of 6 steps one after the other, their class first, a column of splits, and a number."""
    rng = np.random.default_rng(0)
    lines = ["beat;part;" + ";".join(f"c{number}" for number in range(12)) + ";rate"]
    for number in range(60):
        kind, part = "NA"[number % 4 == 0], ("train", "valid", "test")[number // 4 % 3]
        lines.append(f"{kind};{part};" + ";".join(f"{value:.3f}" for value in rng.normal(size=12)) + f";{number / 7:.3f}")
    path = folder / "beats.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def images(folder: Path) -> Path:
    """Nine grey images of two classes, of two sizes."""
    image = pytest.importorskip("PIL.Image")
    for number in range(24):
        path = folder / "photos" / "ab"[number % 2] / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        image.fromarray(np.full((8 + number % 3, 8), number, np.uint8)).save(path)
    return folder / "photos"


def archive(folder: Path, y: object) -> Path:
    np.savez(folder / "mine.npz", x=np.random.default_rng(0).normal(size=(60, 6, 2)), y=np.asarray(y))
    return folder / "mine.npz"


def run(*words: str | Path) -> str:
    """What a command printed; raises what it raised."""
    done = CliRunner().invoke(app, list(map(str, words)))
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done.stdout


def test_evaluate_is_told_what_a_table_is(tmp_path: Path) -> None:
    """The label's column, by name or number, the channels, how they lie, the column of splits, and class weights."""
    words = ["--channels", "2", "--layout", "channels", "--split", "part", "--class-weights", "--epochs", "1", "--json"]
    path = beats(tmp_path)
    with pytest.raises(TaskError, match="13 columns of signals do not divide into 2 channels"):
        run("evaluate", "[relu relu]", path, "--label", "beat", *words)
    path.write_text("\n".join(line.rpartition(";")[0] for line in path.read_text().splitlines()))
    for label in ("beat", "0", "-14"):
        figures = json.loads(run("evaluate", "[[linear(d=16) norm] relu]", path, "--label", label, *words))
        assert figures["input"] == [6, 2]
        assert 0 <= figures["accuracy"] <= 1


@pytest.mark.slow
def test_a_run_repeats_what_was_said_and_refuses_to_go_on_with_other_words(tmp_path: Path) -> None:
    """`config.yaml` has the path and the options; the same name with another option is refused by that option's name."""
    path = archive(tmp_path, np.arange(60) % 3 == 0)
    words = ["--runs", str(tmp_path / "runs"), *QUICK, "--json"]
    run("search", path, "--class-weights", "--run", "one", *words)
    stored = tmp_path / "runs" / "one" / CONFIG
    settings, origin = load(stored, {})
    assert settings.task == str(path.resolve())
    assert settings.own == DataOptions(class_weights=True)
    task = load_task(settings.task, own=settings.own)
    assert "each class counts the same" in task.summary()
    again = json.loads(run("search", "--config", stored, "--run", "two", "--json"))
    assert again["trials"] == 1
    one, two = (json.loads((tmp_path / "runs" / name / "run.json").read_text()) for name in ("one", "two"))
    assert one == two
    assert origin.data == one["data"]
    with pytest.raises(RunError, match=r"own\.class_weights: true there, null here"):
        run("search", path, "--run", "one", *words)


def test_evaluate_says_what_it_understood_and_takes_a_metric(tmp_path: Path) -> None:
    """The summary stands on stderr, doubts first; the metric by name, and columns that are left out, are options."""
    rng = np.random.default_rng(0)
    path = tmp_path / "mine.csv"
    rows = [f"{number},{','.join(f'{value:.3f}' for value in rng.normal(size=6))},{number * 3 // 60}" for number in range(60)]
    path.write_text("\n".join(["id,a,b,c,d,e,f,label", *rows]) + "\n")
    words = ["evaluate", "[[linear(d=16) norm] relu]", str(path), "--epochs", "1", "--metric", "balanced_accuracy", "--json"]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    assert done.stderr.startswith("check: column id numbers the rows: left out; --drop")
    figures = json.loads(done.stdout)
    assert (figures["input"], 0 <= figures["balanced accuracy"] <= 1) == ([6, 1], True)
    assert json.loads(run(*words, "--drop", "id,a,b"))["input"] == [4, 1]
    assert json.loads(run(*words, "--drop", ""))["input"] == [7, 1]
    assert load(None, {"task": str(path), "own.drop": "id, a"})[0].own == DataOptions(drop=("id", "a"))
    assert load(None, {"task": str(path), "own.drop": ""})[0].own == DataOptions(drop=())


def test_options_of_a_folder_of_images_are_stored(tmp_path: Path) -> None:
    """The size to which they are scaled is written as it is given, and read back."""
    path = images(tmp_path)
    with pytest.raises(TaskError, match="size="):
        load_task(str(path))
    task = load_task(str(path), own=DataOptions(size=(6, 4)))
    assert task.input.shape == (1, 6, 4)
    study.search(task, "random", 1, 1, run="one", runs=tmp_path, executor=ThreadExecutor())
    assert read(tmp_path / "one" / CONFIG)[0]["own"]["size"] == "6,4"
    assert load(tmp_path / "one" / CONFIG, {})[0].own == task.own


def test_a_file_says_it_too(tmp_path: Path) -> None:
    """Below `own:`; numbers may stand for columns, and the command line wins."""
    mine = tmp_path / "mine.yaml"
    mine.write_text(f"task: {beats(tmp_path)}\nown: {{label: 14, kind: regression, split: part, channels: 1}}\n")
    settings, _ = load(mine, {"own.label": "rate"})
    assert settings.own == DataOptions(kind="regression", label="rate", split="part", channels=1)
    assert load(mine, {})[0].own.label == 14


@pytest.mark.parametrize(
    ("make", "words", "message"),
    [
        (beats, ["--size", "8,8"], "the option size is not for a .csv table of signals, which takes kind, metric, class_weights, label"),
        (beats, ["--size", "8"], "size must be HEIGHT,WIDTH in pixels, as 32,32, not '8'"),
        (beats, ["--channels", "0"], "channels must be a whole number of at least 1"),
        (beats, ["--label", "heart"], "there is no column 'heart'; there are beat, part"),
        (beats, ["--label", "99"], "there is no column 99"),
        (beats, ["--label", "beat", "--layout", "rows"], "layout steps or channels"),
        (images, ["--kind", "regression"], "the option kind is not for a folder of images by class, which takes class_weights, metric"),
        (lambda folder: archive(folder, np.arange(60) % 2), ["--split", "part"], "the option split is not for a .npz archive"),
        (lambda folder: archive(folder, np.arange(60) % 2), ["--kind", "regresion"], "did you mean regression"),
        (lambda folder: archive(folder, np.arange(60) / 7), ["--class-weights"], "class weights are for classes"),
        (lambda folder: "digits", ["--kind", "regression"], "kind is for data of your own; digits is a task that has its own"),
        (beats, ["--metric", "acuracy"], "did you mean accuracy"),
        (beats, ["--metric", "R2", "--label", "beat", "--split", "part"], "the metric R2 is for regression"),
        (images, ["--drop", "id"], "the option drop is not for a folder of images by class"),
        (lambda folder: "digits", ["--class-weights"], "class_weights is for data of your own"),
        (beats, ["--flip"], "the option flip is not for a .csv table of signals"),
        (images, ["--crop", "0"], "crop must be a whole number of at least 1"),
        (images, ["--size", "8,8", "--crop", "8"], "a crop of 8 pixels moves images"),
    ],
)
def test_an_option_that_says_nothing_is_refused_by_name(make: object, words: list[str], message: str, tmp_path: Path) -> None:
    """In one line, by `search` and by `evaluate` alike."""
    where = make(tmp_path)  # type: ignore[operator]
    for command in (["search", where], ["evaluate", "resnet8", where]):
        with pytest.raises(EinspaceError) as caught:
            run(*command, *words)
        assert message in str(caught.value)
        assert "\n" not in str(caught.value)


def test_a_mistake_in_a_file_has_its_line(tmp_path: Path) -> None:
    """What stands at the margin and belongs below `own:` is said so."""
    mine = tmp_path / "mine.yaml"
    mine.write_text("task: digits\nclass_weights: true\n")
    with pytest.raises(SettingError, match=r"line 2: unknown setting 'class_weights': did you mean own\.class_weights"):
        load(mine, {})
