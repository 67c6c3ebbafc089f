"""A fit of the estimators says why it failed, refuses what cannot be, and leaves an estimator whose answers have the shapes of its data."""

import pickle
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from sklearn.utils import get_tags
from tests.test_sklearn import SMALL

from einspace.evaluation.objective import TaskObjective
from einspace.evaluation.outcome import NotANumber
from einspace.sklearn import NetworkClassifier, NetworkRegressor

pytestmark = pytest.mark.filterwarnings("ignore:only .* samples? in valid")

QUICK: dict[str, Any] = {**SMALL, "recipe": {"epochs_search": 1, "epochs_final": 1}}
"""One small network that is trained for an epoch."""


def table(count: int = 60, width: int = 6) -> tuple[NDArray[Any], NDArray[Any]]:
    """Rows of numbers, and whether the first one of each is positive."""
    x = np.random.default_rng(0).normal(size=(count, width))
    return x, np.where(x[:, 0] > 0, "up", "down")


def failing(monkeypatch: pytest.MonkeyPatch, finals: bool) -> None:
    """Let the final trainings, or the trials of the search, end without a number."""
    real = TaskObjective.evaluate

    def evaluate(self: TaskObjective, architecture: Any, context: Any) -> Any:
        if context.final == finals:
            raise NotANumber((float("nan"),))
        return real(self, architecture, context)

    monkeypatch.setattr(TaskObjective, "evaluate", evaluate)


def test_a_failed_final_training_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its reason was hidden behind advice to call a result that nobody has, of a folder that is gone."""
    failing(monkeypatch, finals=True)
    with pytest.raises(ValueError, match=r"^the final training of trial 0 of the run \S+-fit left no network: the loss of epoch 1 is nan$"):
        NetworkClassifier(**QUICK).fit(*table())


def test_weights_that_could_not_be_written_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk keeps the score of a final training, and not its network."""
    monkeypatch.setattr("einspace.evaluation.objective.keep_weights", lambda *_: "the weights were not kept: No space left on device")
    with pytest.raises(ValueError, match=r"left no network: the weights were not kept: No space left on device$"):
        NetworkClassifier(**QUICK).fit(*table())


def test_a_search_in_which_no_trial_ended_well_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    """It named an option of the command line, and hid the reason in a folder that is gone."""
    failing(monkeypatch, finals=False)
    with pytest.raises(
        ValueError, match=r"^no trial of 1 ended well, so no network predicts: trial 0 ended as nan: the loss of epoch 1 is nan$"
    ):
        NetworkClassifier(**QUICK).fit(*table())


@pytest.mark.parametrize("columns", [(), (1,), (2,)])
def test_predictions_have_the_shape_of_the_targets(columns: tuple[int, ...]) -> None:
    """Of targets (N, 1) they were (N,), and their difference (N, N)."""
    x, _ = table()
    y = np.random.default_rng(1).normal(size=(60, *columns))
    regressor = NetworkRegressor(**QUICK).fit(x, y)
    assert regressor.predict(x).shape == y.shape
    assert regressor.predict(x[:1]).shape == (1, *columns)
    assert pickle.loads(pickle.dumps(regressor)).predict(x).shape == y.shape
    assert regressor.fit(x, y.reshape(60, -1)[:, 0]).predict(x).shape == (60,)


def test_chances_add_up_in_double_precision() -> None:
    """Those of float32 that were only converted add up to 1 within 1e-7, of which scikit-learn's log loss warns."""
    x, _ = table()
    y = np.arange(60) % 3
    chances = NetworkClassifier(**QUICK).fit(x, y).predict_proba(x)
    assert chances.dtype == np.float64
    assert np.abs(chances.sum(axis=1) - 1).max() < 1e-15


@pytest.mark.parametrize(
    ("shape", "options", "message"),
    [
        ((60, 6), {"axes": "NHW"}, r"^axes NHW are of images or series, but X is a table \(60, 6\): leave axes out$"),
        ((60, 6), {"axes": "NHWX"}, "unknown order of axes 'NHWX'"),
        ((40, 1, 2, 3, 4), {}, r"^X \(40, 1, 2, 3, 4\) has 5 axes: give images \(N, C, H, W\)"),
        ((40, 1, 2, 3, 4), {"axes": "NCHW"}, r"^X: NCHW are 4 axes, but the samples are \(40, 1, 2, 3, 4\)$"),
        ((60, 6), {"workers": -1}, r"^workers must be a whole number of at least 0, not -1$"),
        ((60, 6), {"workers": None}, r"^workers must be a whole number of at least 0, not None$"),
    ],
)
def test_what_was_changed_in_silence_is_refused(
    shape: tuple[int, ...], options: dict[str, Any], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Axes that a table does not have were dropped, and a negative number of workers was one."""
    monkeypatch.setattr("einspace.sklearn.search", lambda *_, **__: pytest.fail("it was searched"))
    with pytest.raises(ValueError, match=message):
        NetworkClassifier(**{**QUICK, **options}).fit(np.random.default_rng(0).normal(size=shape), np.arange(shape[0]) % 2)


@pytest.mark.parametrize(
    ("options", "repeatable"),
    [
        ({"trials": 20}, False),
        ({"trials": None}, False),
        ({"trials": 20, "budget": None}, True),
        ({"trials": 20, "budget": None, "workers": 0}, True),
        ({"trials": 20, "budget": None, "workers": 2}, False),
    ],
)
def test_a_fit_that_hangs_on_the_pace_is_said_to_be_one_of_chance(options: dict[str, Any], repeatable: bool) -> None:
    """Trials beside a budget end where the time does, and of several workers the faster one decides who is a parent next."""
    assert get_tags(NetworkClassifier(**options)).non_deterministic is not repeatable


def test_numbers_of_numpy_are_parameters_too() -> None:
    """A grid of parameters has them."""
    options = {"workers": np.int64(0), "trials": np.int64(1), "validation_fraction": np.float32(0.25)}
    assert NetworkClassifier(**{**QUICK, **options}).fit(*table()).trials_ == 1


@pytest.mark.parametrize("fraction", [None, "0.2", True, float("nan")])
def test_a_share_that_is_no_number_is_refused(fraction: Any) -> None:
    """It was a TypeError about the operator <."""
    with pytest.raises(ValueError, match=r"^validation_fraction must be between 0 and 1, not "):
        NetworkClassifier(**QUICK, validation_fraction=fraction).fit(*table())


def test_a_failed_fit_leaves_nothing_of_an_earlier_one() -> None:
    """Architecture, score and classes of two fits stood side by side."""
    x, y = table()
    estimator = NetworkClassifier(**QUICK).fit(x, y)
    assert {"classes_", "architecture_", "validation_score_", "trials_", "predictor_"} <= vars(estimator).keys()
    with pytest.raises(ValueError, match="unknown metric 'nonsense'"):
        estimator.set_params(metric="nonsense").fit(x[:, :4], y == "up")
    assert {name for name in vars(estimator) if name.endswith("_")} == {"n_features_in_"}
    assert estimator.set_params(metric=None).fit(x, y).classes_.tolist() == ["down", "up"]


def test_samples_that_do_not_fit_are_a_value_error() -> None:
    """A single square image passed scikit-learn's check, and ended in an error about the axis 1 or in a row of chances."""
    x = np.random.default_rng(0).normal(size=(40, 8, 8, 3))
    init = "[[im2col(k=3,s=1,p=1) linear(d=8) col2im] [norm relu]]"
    options = {**QUICK, "init": init, "axes": "NHWC"}
    trained = "the predictor was trained on samples NHWC of 8 x 8 x 3"
    for estimator in (NetworkClassifier(**options).fit(x, np.arange(40) % 2), NetworkRegressor(**options).fit(x, x[:, 0, 0, 0])):
        with pytest.raises(ValueError, match=rf"^X \(8, 8, 3\) is not samples: {trained}, and a single one is X\[None\]$"):
            estimator.predict(x[0])
        with pytest.raises(ValueError, match=rf"{trained}, and got float64 of the shape \(40, 8, 4, 3\)"):
            estimator.predict(x[:, :, :4])
        assert estimator.predict(x[:1]).shape == (1,)


def test_chance_of_the_program_around_it_is_left_alone() -> None:
    """Numbers of PyTorch's after a fit followed from its random state: of fits in a loop, from the same one each time."""
    x, y = table()
    drawn = []
    for random_state in (0, 0, 1):
        NetworkClassifier(**{**QUICK, "random_state": random_state}).fit(x, y)
        drawn.append(torch.rand(1).item())
    assert len(set(drawn)) == 3
