"""A finished run gives the predictor of its best network, which scores on the raw test data what the report says."""

import csv
import json
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import onnxruntime
import pytest
import torch
from sklearn.datasets import load_digits
from tests.commands import call
from tests.study_samples import SMALL

import einspace as es
from einspace.errors import RunError
from einspace.executors.local import LocalExecutor
from einspace.predictor import Predictor
from einspace.result import Result, load_result
from einspace.strategies import History, RandomSearch
from einspace.study import search
from einspace.tasks import Augmentation, Recipe, Task
from einspace.trial import Proposal

pytestmark = pytest.mark.slow

DIGITS = load_digits()
X, Y = DIGITS.images[:300], np.array(["even", "odd"])[DIGITS.target[:300] % 2]
RECIPE = {"epochs_search": 1, "epochs_final": 2}


def task(count: int = 100) -> Task:
    """Grey digits in words, with the last third as test split."""
    return Task.from_arrays(
        X[:count], Y[:count], valid=(X[100:200], Y[100:200]), test=(X[200:], Y[200:]), axes="NHW", baselines=("resnet8",)
    )


def run(folder: Path, **options: Any) -> Result:
    """Two random architectures."""
    given = {"trials": 2, "workers": 1, "strategy": "random", "limits": SMALL, "recipe": RECIPE, "run": "mine", "runs": folder, **options}
    return search(task(), executor=lambda work, workers, limit: LocalExecutor(work), **given)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a finished run `mine`."""
    found = tmp_path_factory.mktemp("runs")
    run(found)
    return found


@pytest.fixture
def predictor(folder: Path) -> Predictor:
    """The predictor of that run, read back from the folder."""
    return load_result("mine", str(folder)).predictor()


def test_raw_test_data_score_what_the_report_says(folder: Path, predictor: Predictor) -> None:
    """The normalisation is inside, the labels are the user's words, and the predictor knows where it comes from."""
    best = load_result("mine", str(folder)).best
    assert best is not None
    assert predictor.score(X[200:], Y[200:]) == best.test == predictor.about.test
    assert set(predictor.predict(X[200:]).tolist()) <= {"even", "odd"}
    assert (predictor.about.key, predictor.about.metric, predictor.about.versions["einspace"]) == (best.key, "accuracy", es.__version__)
    assert str(predictor.about.grammar) == "None"
    assert repr(predictor) == f"<Predictor of arrays: classification, samples NHW of (8, 8), accuracy {best.test:.4f} on test>"


def test_another_trial_is_trained_where_the_task_is_given(folder: Path) -> None:
    """Without its weights it is refused, with how they are had; once trained they are kept, and score what is said."""
    result = load_result("mine", str(folder))
    assert result.best is not None
    other = next(trial for trial in result.history if trial.number != result.best.trial)
    with pytest.raises(RunError, match=rf"did not keep the weights of the network of trial {other.number}: result\.predictor\(trial="):
        result.predictor(other.number)
    with pytest.raises(RunError, match="was of other data than the task arrays has now"):
        result.predictor(other.number, task=task(90))
    for given, said in ((task().with_metric("log loss"), "metric.name"), (replace(task(), augmentation=Augmentation(1)), "augmentation")):
        with pytest.raises(RunError, match=rf"trained and scored its networks otherwise than the task arrays does now:\n  {said}"):
            result.predictor(other.number, task=given)
    trained = result.predictor(other.number, task=task())
    assert trained.about.key == other.key != result.best.key
    assert trained.score(X[200:], Y[200:]) == trained.about.test
    again = load_result("mine", str(folder)).predictor(other.number)
    assert np.array_equal(again.predict_proba(X), trained.predict_proba(X))
    with pytest.raises(RunError, match="the run mine has no trial 99"):
        result.predictor(99)


class Changing(RandomSearch):
    """Proposes one architecture with other recipes and heads: the network is the same, and the score is not."""

    def propose(self, history: History, rng: Random) -> Proposal:
        """The changes by number."""
        changes: tuple[dict[str, float], ...] = ({}, {"grid": 2, "dropout": 0.1, "batch_size": 16}, {"grid": 4, "averaging": 0.5})
        text = "[[im2col(k=3,s=1,p=1) linear(d=16) col2im] [norm relu]]"
        return Proposal.of(self.space.parse(text), "changed", changes=changes[len(history) % 3])


@pytest.fixture(scope="module")
def changed(tmp_path_factory: pytest.TempPathFactory) -> Result:
    """A run of three trials of one architecture, whose heads differ."""
    given = es.EinSpace((1, 8, 8))
    return run(tmp_path_factory.mktemp("changed"), strategy=Changing(given), limits=None, trials=3, keep_weights="all")


def test_trials_with_other_heads_score_what_their_run_says(changed: Result, tmp_path: Path) -> None:
    """Each has weights of its own, and its predictor, saved or not, has its head and the score of its training."""
    heads = [es.Classification(2), es.Classification(2, grid=2, dropout=0.1), es.Classification(2, grid=4)]
    predictors = [changed.predictor(number, task=task()) for number in range(3)]
    assert changed.best is not None
    assert predictors[changed.best.trial or 0].about.test == changed.best.test
    assert [predictor.about.head for predictor in predictors] == heads
    assert {trial.proposal.stem for trial in changed.history} <= set(changed.weights)
    recipe = Recipe(**changed.settings["recipe"])
    for trial, predictor in zip(changed.history, predictors, strict=True):
        assert predictor.score(X[200:], Y[200:]) == predictor.about.test
        again = es.evaluate(trial.text, task(), recipe=recipe, final=True, changes=trial.proposal.changes)
        assert trial.evaluation is not None
        assert (again.mean, again.evaluations[0].parameters) == (predictor.about.test, trial.evaluation.parameters)
    predictors[1].save(tmp_path / "saved")
    assert np.array_equal(es.load_predictor(tmp_path / "saved").predict_proba(X), predictors[1].predict_proba(X))


class Swapping(RandomSearch):
    """Proposes one function in two texts: the branches of a sum stand in the other order."""

    def propose(self, history: History, rng: Random) -> Proposal:
        """The second text is trained like the first, and takes its score."""
        layer = "[im2col(k=1,s=1,p=0) linear(d=16) col2im]"
        branches = f"[{layer} relu]", f"[{layer} norm]"
        one, two = branches if not history else branches[::-1]
        return Proposal.of(self.space.parse(f"[clone(b=2) {{{one} {two}}} add]"), "swapped")


@pytest.mark.parametrize("keep", ["all", "none"])
def test_weights_are_read_into_the_text_that_they_were_trained_in(tmp_path: Path, keep: str) -> None:
    """The names of modules follow from the text, and weights are kept by the key: those of one branch were read into the other."""
    result = run(tmp_path, strategy=Swapping(es.EinSpace((1, 8, 8))), limits=None, trials=2, keep_weights=keep)
    first, second = result.history
    assert (second.reused, first.key) == (0, second.key)
    assert first.text != second.text
    for number in (1, 0):
        predictor = result.predictor(number, task=task())
        assert predictor.score(X[200:], Y[200:]) == predictor.about.test
    assert np.allclose(result.predictor(0).predict_proba(X), result.predictor(1).predict_proba(X))


def test_an_export_of_a_trial_has_the_head_of_the_trial(changed: Result, tmp_path: Path) -> None:
    """The file computes what the predictor does, of as many parameters, and the model card names the head."""
    predictor, evaluation = changed.predictor(1, task=task()), changed.history[1].evaluation
    done = call("export", str(changed.run), "--trial", "1", "--format", "onnx", "-o", "network.onnx", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert evaluation is not None
    assert json.loads(done.stdout)["parameters"] == evaluation.parameters
    x = X[200:, None].astype(np.float32)
    (outputs,) = onnxruntime.InferenceSession(tmp_path / "network.onnx").run(None, {"input": x})
    expected = predictor.network(torch.from_numpy(x)).detach().numpy()
    np.testing.assert_allclose(outputs, expected, atol=1e-4)
    card = (tmp_path / "network.onnx.md").read_text()
    assert "grid=2, dropout=0.1" in card
    assert "changes to the run's recipe and head: `grid` 2, `dropout` 0.1, `batch_size` 16." in card
    assert changed.to_json()["top"][0].get("changes", {}) == dict(changed.top()[0].proposal.changes)


def test_damaged_weights_are_refused(tmp_path: Path) -> None:
    """The line names the file, and what brings it back, which does."""
    result = run(tmp_path)
    (file,) = result.weights.values()
    file.write_bytes(file.read_bytes()[:-9])
    with pytest.raises(RunError, match=r"cannot be used: .*; delete it, and the same search trains the network again"):
        result.predictor()
    file.unlink()
    run(tmp_path)
    assert result.best is not None
    assert result.predictor().score(X[200:], Y[200:]) == result.best.test


def test_predictions_are_written_as_a_table(folder: Path, predictor: Predictor, tmp_path: Path) -> None:
    """From a run and from a saved predictor alike: a row for each sample, with the chances where they are wanted."""
    np.save(tmp_path / "x.npy", X[200:])
    predictor.save(tmp_path / "saved")
    done = call("predict", "mine", "x.npy", "-o", "a.csv", "--runs", str(folder), "--probabilities", "--batch-size", "7", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "a.csv: 100 predictions by <Predictor of arrays" in done.stdout
    rows = list(csv.DictReader((tmp_path / "a.csv").read_text().splitlines()))
    assert [row["prediction"] for row in rows] == predictor.predict(X[200:]).tolist()
    assert [row["sample"] for row in rows] == [str(number) for number in range(100)]
    chances = [[float(row["p(even)"]), float(row["p(odd)"])] for row in rows]
    assert np.allclose(chances, predictor.predict_proba(X[200:]), atol=1e-5)
    done = call("predict", "saved", "x.npy", "-o", "b.csv", "--json", cwd=tmp_path)
    assert json.loads(done.stdout)["samples"] == 100
    assert [row["prediction"] for row in csv.DictReader((tmp_path / "b.csv").read_text().splitlines())] == [
        row["prediction"] for row in rows
    ]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["none", "x.npy", "-o", "a.csv"], "none is neither a run nor the folder of a predictor; the runs in"),
        (["mine", "x.npy", "-o", "a.npy"], "predictions of the kind classification are written to a .csv file, not to a.npy"),
        (["mine", "y.npy", "-o", "a.csv"], "y.npy: there is no such file or folder"),
        (["mine", "wide.npy", "-o", "a.csv"], "trained on samples NHW of 8 x 8, and got float64 of the shape (3, 8, 9)"),
        (["mine", "nan.npy", "-o", "a.csv"], "a value that is not finite in float32 in sample 1"),
        (["mine", "x.npy", "-o", "no/a.csv"], "cannot write no/a.csv: No such file or directory"),
        (["mine", "x.npy", "-o", "a.csv", "--trial", "99"], "the run mine has no trial 99"),
    ],
)
def test_bad_input_is_one_message(words: list[str], message: str, folder: Path, tmp_path: Path) -> None:
    """Exit code 2, and no file is left."""
    samples = {"x": X[:2], "wide": np.zeros((3, 8, 9)), "nan": np.where(np.arange(3)[:, None, None] == 1, np.nan, X[:3])}
    for name, x in samples.items():
        np.save(tmp_path / f"{name}.npy", x)
    done = call("predict", *words, "--runs", str(folder), cwd=tmp_path)
    assert done.returncode == 2
    assert message in done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["nan.npy", "wide.npy", "x.npy"]


def test_pixels_are_written_as_an_array(tmp_path: Path) -> None:
    """Batch by batch into one .npy file, in the axes and with the values of the targets."""
    from tests.predictor.predicted import predictor_of, task_of

    given, (x, _) = task_of("mask")
    predictor = predictor_of(given)
    predictor.save(tmp_path / "saved")
    np.save(tmp_path / "x.npy", x)
    done = call("predict", "saved", "x.npy", "-o", "a.npy", "--batch-size", "3", cwd=tmp_path)
    assert done.returncode == 0
    assert np.array_equal(np.load(tmp_path / "a.npy"), predictor.predict(x))
    assert "written to a .npy file" in call("predict", "saved", "x.npy", "-o", "a.csv", cwd=tmp_path).stderr


def test_the_samples_are_not_replaced_by_their_predictions(tmp_path: Path) -> None:
    """A table or an array that is given as the output too, under whatever path, stays as it is."""
    from tests.predictor.predicted import predictor_of, task_of

    given, (x, _) = task_of("mask")
    predictor_of(given).save(tmp_path / "pixels")
    np.save(tmp_path / "x.npy", x)
    rows = "".join(f"{number % 7},{number % 5},{'ab'[number % 2]}\n" for number in range(30))
    (tmp_path / "x.csv").write_text(f"p,q,kind\n{rows}")
    predictor_of(es.tasks.Task.from_csv(tmp_path / "x.csv", baselines=())).save(tmp_path / "rows")
    (tmp_path / "link.csv").symlink_to("x.csv")
    before = {name: (tmp_path / name).read_bytes() for name in ("x.npy", "x.csv")}
    for saved, data, output in (
        ("pixels", "x.npy", "x.npy"),
        ("rows", "x.csv", f"../{tmp_path.name}/x.csv"),
        ("rows", "link.csv", "x.csv"),
    ):
        done = call("predict", saved, data, "-o", output, cwd=tmp_path)
        assert (done.returncode, f"{output} holds the samples: write the predictions to another file" in done.stderr) == (2, True)
    assert {name: (tmp_path / name).read_bytes() for name in before} == before


def test_a_split_and_a_device_are_those_that_are_asked_for(tmp_path: Path) -> None:
    """Of an archive of several splits one is predicted, another for another name; a device that is not there is refused."""
    from tests.predictor.predicted import predictor_of, task_of

    given, (x, _) = task_of("words")
    predictor = predictor_of(given)
    predictor.save(tmp_path / "saved")
    np.savez(tmp_path / "a.npz", train_x=x[:5], valid_x=x[5:6], test_x=x[6:])
    for split, rows in (("train", x[:5]), ("valid", x[5:6]), ("test", x[6:])):
        done = call("predict", "saved", "a.npz", "-o", "a.csv", "--split", split, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        found = csv.DictReader((tmp_path / "a.csv").read_text().splitlines())
        assert [row["prediction"] for row in found] == predictor.predict(rows).tolist()
    refused = call("predict", "saved", "a.npz", "-o", "b.csv", "--split", "test", "--device", "cuda:99", cwd=tmp_path)
    assert (refused.returncode, (tmp_path / "b.csv").exists()) == (2, False)
    assert "'cuda:99'" in refused.stderr


def test_a_run_of_an_objective_has_no_predictor(tmp_path: Path) -> None:
    """Only the objective knows its networks."""
    space = es.EinSpace((1, 8, 8), limits=SMALL)
    result = search(
        objective=_flat, space=space, trials=1, workers=1, strategy="random", runs=tmp_path,
        executor=lambda work, workers, limit: LocalExecutor(work),
    )  # fmt: skip
    with pytest.raises(RunError, match="has no predictor: its objective is a function of your own"):
        result.predictor()


def _flat(architecture: es.Architecture, context: Any) -> float:
    return 0.5
