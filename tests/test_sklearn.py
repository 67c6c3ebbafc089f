"""The estimators keep scikit-learn's contract, by scikit-learn's own checks, and take images, series and tables."""

import os
import pickle
import re
import signal
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import estimator_checks_generator
from tests.architectures import BULK

from einspace.reporting.card import card
from einspace.reporting.result import summary
from einspace.result import load_result
from einspace.result.report import content
from einspace.sklearn import NetworkClassifier, NetworkRegressor
from einspace.study import Interrupted
from einspace.trial import FINAL

pytestmark = pytest.mark.filterwarnings("ignore:only .* samples? in valid")

SMALL: dict[str, Any] = {
    "budget": None,
    "trials": 1,
    "init": "[[linear(d=64) relu] linear(d=64)]",
    "recipe": {"epochs_search": 1, "epochs_final": 5},
    "workers": 0,
    "random_state": 0,
}
"""One small network, of three layers, that is trained for a few epochs in this process."""

ROUNDED = {"check_methods_subset_invariance": "sums in float32 depend on the size of a batch by a few 1e-7, and the check allows 1e-7"}

CANNOT_HOLD: dict[type, dict[str, str]] = {
    NetworkClassifier: ROUNDED,
    NetworkRegressor: {**ROUNDED, "check_regressors_train": "an R2 of 0.5 takes more epochs than a test can have"},
}
"""Checks of scikit-learn's that cannot hold, with the reason."""


def expected(estimator: Any) -> dict[str, str]:
    """The checks that may fail for an estimator."""
    return CANNOT_HOLD[type(estimator)]


def _name(check: Any) -> str:
    """How scikit-learn calls a check, which is a pair with its estimator, perhaps marked."""
    return str(getattr(check, "values", check)[1].func.__name__)


def checks() -> list[Any]:
    """Scikit-learn's own checks for both estimators, which are of one base: a check that both have is made of one of them, by turns.

    In bulk it is made of both.
    """
    both = NetworkClassifier(**SMALL), NetworkRegressor(**SMALL)
    of = [list(estimator_checks_generator(one, mark="xfail", expected_failed_checks=expected(one))) for one in both]
    shared = sorted(set.intersection(*({_name(check) for check in one} for one in of)))
    return [
        check
        for turn, one in enumerate(of)
        for check in one
        if BULK > 1 or _name(check) not in shared or shared.index(_name(check)) % 2 == turn
    ]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("estimator", "check"), checks(), ids=lambda one: one.func.__name__ if hasattr(one, "func") else type(one).__name__
)
def test_scikit_learn_s_own_checks(estimator: Any, check: Any) -> None:
    """Parameters, clones, pickles, errors, shapes and types are those of an estimator."""
    check(estimator)


def digits(count: int = 150) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Grey images (N, 8, 8), and whether they show an even number, in words."""
    found = load_digits()
    return found.images[:count], np.array(["even", "odd"])[found.target[:count] % 2]


@pytest.mark.slow
def test_images_with_channels_and_without() -> None:
    """(N, H, W) with its axes said, and (N, C, H, W), are the same data."""
    x, y = digits()
    convolving = {**SMALL, "init": "resnet8", "recipe": {"epochs_search": 1, "epochs_final": 4}}
    grey = NetworkClassifier(**convolving, axes="NHW").fit(x, y)
    deep = NetworkClassifier(**convolving).fit(x[:, None], y)
    assert grey.classes_.tolist() == ["even", "odd"]
    assert grey.score(x, y) == deep.score(x[:, None], y) > 0.7
    assert np.allclose(grey.predict_proba(x), deep.predict_proba(x[:, None]), atol=1e-5)
    assert grey.predictor_.about.order == "NHW"
    assert grey.trials_ == 1
    assert grey.validation_score_ is not None
    assert 0 <= grey.validation_score_ <= 1


def test_axes_that_are_a_guess_are_warned_of() -> None:
    """Square (N, H, W) are read as series, which is said with the option for images."""
    x, y = digits()
    with pytest.warns(UserWarning, match="if they are grey images, say axes NHW"):
        NetworkClassifier(**SMALL).fit(x, y)


def test_what_may_be_a_mistake_is_warned_of() -> None:
    """A score on few samples, and a number that may stand for a missing value."""
    x, y = digits(40)
    x[0, 0, 0] = -999
    with pytest.warns(UserWarning, match="only|-999") as warned:
        NetworkClassifier(**SMALL, axes="NHW").fit(x, y)
    said = sorted(str(one.message) for one in warned)
    assert [line.split(":")[0] for line in said] == ["1 value is -999, far from all others", "only 8 samples in valid"]
    assert {one.filename for one in warned} == {__file__}


@pytest.mark.slow
def test_a_table_is_a_series_and_a_pipeline_may_stand_before_it() -> None:
    """(N, F) has F steps of one channel; cross-validation clones the pipeline."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(60, 6))
    y = np.where(x[:, 0] > 0, "up", "down")
    pipeline = make_pipeline(StandardScaler(), NetworkClassifier(**SMALL))
    scores = cross_val_score(pipeline, x, y, cv=2)
    assert scores.shape == (2,)
    assert np.isfinite(scores).all()
    series = NetworkClassifier(**SMALL).fit(x[:, :, None], y)
    table = NetworkClassifier(**SMALL).fit(x, y)
    assert np.array_equal(series.predict_proba(x[:, :, None]), table.predict_proba(x))


@pytest.mark.slow
def test_the_same_random_state_gives_the_same_network() -> None:
    """And a clone, or a pickle, predicts as the original."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(50, 8, 2))
    y = x[:, :, 0].sum(axis=1) * 100 + 1000
    first = NetworkRegressor(**SMALL).fit(x, y)
    again = clone(first).fit(x, y)
    assert np.array_equal(first.predict(x), again.predict(x))
    assert np.array_equal(pickle.loads(pickle.dumps(first)).predict(x), first.predict(x))
    assert 700 < first.predict(x).mean() < 1300
    assert not np.array_equal(clone(first).set_params(random_state=1).fit(x, y).predict(x), first.predict(x))


def test_a_run_is_kept_where_a_folder_is_given(tmp_path: Path) -> None:
    """Otherwise nothing stays on the disk."""
    x, y = digits(40)
    NetworkClassifier(**SMALL, runs=str(tmp_path), axes="NHW").fit(x, y)
    assert len(os.listdir(tmp_path)) == 1


def test_a_score_on_samples_that_were_trained_on_is_not_called_one_on_test(tmp_path: Path) -> None:
    """The final training is on all samples. On random labels it was shown with an accuracy of 1 on test: the data have no test split."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(40, 1, 32)), rng.integers(0, 2, 40)
    recipe = {"epochs_search": 1, "epochs_final": 60, "learning_rate": 0.01, "weight_decay": 0.0}
    classifier = NetworkClassifier(**{**SMALL, "recipe": recipe}, axes="NSD", runs=str(tmp_path)).fit(x, y)
    assert classifier.score(x, y) > 0.8
    result = load_result(os.listdir(tmp_path)[0], str(tmp_path))
    assert result.best is not None
    assert (result.best.test, result.best.finals[0] is not None) == (None, True)
    assert not result.has_test
    assert [trial.value for trial in result.others if trial.phase == FINAL] == [None]
    assert (result.to_json()["best"]["test"], result.to_json()["best"]["finals"]) == (None, (None,))
    assert set(result.settings["samples"]) == {"train", "valid"}
    found = result.trained()
    assert (found.facts["scores"]["test"], classifier.predictor_.about.test, result.predictor().about.test) == (None, None, None)
    console = Console(width=160, record=True, file=StringIO())
    console.print(*summary(result, 160))
    texts = console.export_text(), content(result), card(result, found, [], raw=False, fresh=False)
    for text in texts:
        assert not re.search(r"(?<!No scores )on test|final training, from seed|>test</th>|, \d+ test", text)
    assert "these data have no test split" in texts[0]
    assert "No scores on test: these data have no test split." in texts[1]


def test_what_cannot_be_is_a_value_error() -> None:
    """In one line, as scikit-learn's users expect."""
    x, y = digits(40)
    for options, message in (
        ({"validation_fraction": 1.5}, "validation_fraction must be between 0 and 1, not 1.5"),
        ({"strategy": "evolutoin"}, "did you mean evolution"),
        ({"axes": "NHWX"}, "unknown order of axes"),
    ):
        with pytest.raises(ValueError, match=message):
            NetworkClassifier(**{**SMALL, "axes": "NHW", **options}).fit(x, y)
    with pytest.raises(ValueError, match="two classes or more, but every sample is of 1 class"):
        NetworkClassifier(**SMALL, axes="NHW").fit(x, np.zeros(40))


def test_a_class_of_one_sample_is_named_as_the_user_does() -> None:
    """It cannot be trained on and validated on; two samples can."""
    x = np.random.default_rng(0).normal(size=(62, 6))
    y = np.array([1] * 30 + [2] * 30 + [3, 3])
    assert NetworkClassifier(**SMALL).fit(x, y).classes_.tolist() == [1, 2, 3]
    with pytest.raises(ValueError, match=r"^the class 3 has 1 sample, and each class needs two: one to train on, one to validate on"):
        NetworkClassifier(**SMALL).fit(x[:61], y[:61])
    with pytest.raises(ValueError, match="the class 'elm' has 1 sample"):
        NetworkClassifier(**SMALL).fit(x[:61], np.array(["", "ash", "oak", "elm"])[y[:61]])


def test_a_fit_that_fails_leaves_no_network_of_an_earlier_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """It would predict with the names of the classes that the later fit was given, in silence."""
    x, y = digits(40)
    estimator = NetworkClassifier(**SMALL, axes="NHW").fit(x, y)
    assert set(estimator.predict(x)) <= {"even", "odd"}

    def interrupted(*_: object, **options: Any) -> None:
        raise Interrupted(Path(options["runs"]), 1, 2, signal.SIGINT)

    monkeypatch.setattr("einspace.sklearn.search", interrupted)
    with pytest.raises(KeyboardInterrupt):
        estimator.fit(x, np.where(y == "even", "left", "right"))
    with pytest.raises(NotFittedError):
        estimator.predict(x)


def test_a_strategy_that_selects_nothing_is_refused_before_the_search(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its trials are scored on test, so that no network predicts after the whole budget."""
    monkeypatch.setattr("einspace.sklearn.search", lambda *_, **__: pytest.fail("it was searched"))
    x, y = digits(40)
    message = "the strategy sampling scores its trials on test, so it selects no network to predict with: take another one"
    with pytest.raises(ValueError, match=message):
        NetworkClassifier(**{**SMALL, "init": None, "strategy": "sampling"}, axes="NHW").fit(x, y)


@pytest.mark.parametrize(("number", "ends"), [(signal.SIGINT, KeyboardInterrupt), (signal.SIGTERM, SystemExit)])
def test_a_signal_ends_the_program_and_not_one_fold(
    number: signal.Signals, ends: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cross-validation takes an error for a score of NaN, and would go on with the next search."""

    def interrupted(*_: object, **options: Any) -> None:
        raise Interrupted(Path(options["runs"]), 1, 2, number)

    monkeypatch.setattr("einspace.sklearn.search", interrupted)
    digits = load_digits()
    with pytest.raises(ends):
        cross_val_score(NetworkClassifier(**SMALL), digits.data[:90], digits.target[:90] % 2, cv=3)
