"""Estimators of scikit-learn that search a network: `NetworkClassifier` and `NetworkRegressor`."""

import signal
import tempfile
import warnings
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import replace
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from einspace.errors import EinspaceError, SettingError
from einspace.executors.local import LocalExecutor
from einspace.limits import Limits
from einspace.predictor import Predictor
from einspace.quantities import check_whole, counted
from einspace.reading.axes import AXES, axes_of
from einspace.reading.suspicions import few, stand_ins
from einspace.result import Result
from einspace.strategies import Strategy, class_of
from einspace.strategies.initial import Initial
from einspace.study import Interrupted, search
from einspace.tasks import Task
from einspace.tasks.split import stratified


class _Network(BaseEstimator):  # type: ignore[misc]
    """The base of both estimators: parameters that scikit-learn can clone, a search in `fit`, and a `Predictor` after it."""

    predictor_: Predictor

    def __init__(
        self,
        *,
        budget: str | float | None = "10m",
        trials: int | None = None,
        strategy: str = "evolution",
        init: Initial | None = None,
        recipe: Mapping[str, Any] | None = None,
        limits: Limits | None = None,
        axes: str | None = None,
        metric: str | None = None,
        validation_fraction: float = 0.2,
        workers: int = 1,
        runs: str | None = None,
        random_state: Any = None,
    ) -> None:
        self.budget = budget
        self.trials = trials
        self.strategy = strategy
        self.init = init
        self.recipe = recipe
        self.limits = limits
        self.axes = axes
        self.metric = metric
        self.validation_fraction = validation_fraction
        self.workers = workers
        self.runs = runs
        self.random_state = random_state

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        # how many trials a budget of time allows is up to the machine, and in what order several workers end is too
        tags.non_deterministic = self.trials is None or self.budget is not None or self.workers not in (0, 1)
        return tags

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "predictor_")

    def _begin(self, X: Any, y: Any, **checks: Any) -> tuple[NDArray[Any], NDArray[Any]]:  # noqa: N803 - scikit-learn's name
        """Samples and targets of a fit, checked; what an earlier fit found is deleted."""
        for name in [name for name in vars(self) if name.endswith("_")]:
            delattr(self, name)
        x, y = validate_data(self, X, y, allow_nd=True, dtype="numeric", **checks)
        return x, y

    def _search(self, X: NDArray[Any], y: NDArray[Any], kind: str) -> None:  # noqa: N803 - scikit-learn's name
        """Search on a part of the samples, validate on the others, and train the best network on all."""
        seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        try:
            given: Any = self.workers
            workers = given.item() if isinstance(given, np.integer) else given
            check_whole("workers", workers, 0)
            strategy = self.strategy if isinstance(self.strategy, Strategy) else class_of(self.strategy)
            if strategy.final:
                said = "scores its trials on test, so it selects no network to predict with: take another one, such as random"
                raise SettingError(f"the strategy {self.strategy} {said}")
            x, axes = self._shaped(X)
            train, valid = self._parts(y, kind, seed)
            for doubt in (*stand_ins(x), *few({"valid": len(valid), "test": 0}, remedy="give more, or a larger validation_fraction")):
                warnings.warn(doubt, UserWarning, stacklevel=3)
            apart = (x[valid], y[valid])
            task = Task.from_arrays(
                x[train], y[train], valid=apart, test=apart, kind=kind, axes=axes, metric=self.metric, baselines=(), name="fit"
            )
            task = replace(task, one_pool=True, untested=True)
            with ExitStack() as stack:
                stack.enter_context(torch.random.fork_rng(devices=()))  # training in this process sets the state that the user draws from
                runs = stack.enter_context(tempfile.TemporaryDirectory(prefix="einspace-")) if self.runs is None else self.runs
                result = search(
                    task,
                    self.strategy,
                    self.trials,
                    workers or 1,
                    seed,
                    budget=self.budget,
                    init=self.init,
                    recipe=self.recipe,
                    limits=self.limits,
                    runs=runs,
                    report=self.runs is not None,
                    executor=(lambda work, workers, limit: LocalExecutor(work)) if workers == 0 else None,
                )
                found = result.recommended
                if found is None:
                    raise SettingError(_nothing(result))
                self.predictor_ = result.predictor(found.trial, baseline=found.name if found.trial is None else None)
        except Interrupted as stopped:  # scikit-learn takes any other error for a score of NaN, and fits the next fold
            raise KeyboardInterrupt if stopped.signal == signal.SIGINT else SystemExit(128 + stopped.signal) from None
        except EinspaceError as error:
            raise ValueError(str(error)) from error
        self.architecture_ = found.text
        self.validation_score_ = found.validation
        self.trials_ = len(result.history)

    def _shaped(self, X: NDArray[Any]) -> tuple[NDArray[Any], str]:  # noqa: N803
        """Samples with their axes; a table (N, F) is a series of F steps, and axes that are a guess are warned of."""
        if X.ndim == 2 and self.axes in AXES:
            raise SettingError(f"axes {self.axes} are of images or series, but X is a table {X.shape}: leave axes out")
        if self.axes is None and X.ndim == 2:
            return X[:, :, None], "NSD"
        if self.axes is None and X.ndim > 4:
            known = "images (N, C, H, W) or (N, H, W), series (N, S, D), or a table (N, F)"
            raise SettingError(f"X {X.shape} has {X.ndim} axes: give {known}")
        found = axes_of(X, self.axes, "X")
        if found.doubtful:
            warnings.warn(f"X: {found.note}", UserWarning, stacklevel=4)
        return X, found.order

    def _parts(self, y: NDArray[Any], kind: str, seed: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Numbers of the samples that are trained on in the search, and of those that it validates on, each class alike."""
        share: Any = self.validation_fraction
        if not isinstance(share, float | np.floating) or not 0 < share < 1:
            raise SettingError(f"validation_fraction must be between 0 and 1, not {share!r}")
        kinds = y if kind == "classification" else np.zeros(len(y), np.int64)
        train, valid = stratified(kinds, (1 - float(share), float(share)), seed)
        if not len(valid) or not len(train):
            raise SettingError(f"{counted(len(y), 'sample')} cannot be divided into a part to train on and one to validate on")
        return train, valid

    def _numbers(self, X: Any, ask: Callable[[Predictor, NDArray[Any]], Any]) -> NDArray[np.float64]:  # noqa: N803
        """The answer of the predictor for samples, which are in the shape that the network was trained on."""
        check_is_fitted(self)
        x = validate_data(self, X, allow_nd=True, dtype="numeric", reset=False)
        shaped, about = x[:, :, None] if x.ndim == 2 else x, self.predictor_.about
        if shaped.ndim != len(about.given_shape) + 1:
            raise ValueError(f"X {x.shape} is not samples: {about.expectation()}, and a single one is X[None]")
        try:
            return np.asarray(ask(self.predictor_, shaped), np.float64)
        except EinspaceError as error:
            raise ValueError(str(error)) from error


def _nothing(result: Result) -> str:
    """The reason why a search has no network to predict with."""
    if not result.history:
        return "no trial has ended, so no network predicts: give a larger budget"
    trial = result.history[-1]
    ended = f"trial {trial.number} ended as {trial.outcome}{f': {trial.reason}' if trial.reason else ''}"
    return f"no trial of {len(result.history)} ended well, so no network predicts: {ended}"


class NetworkClassifier(ClassifierMixin, _Network):  # type: ignore[misc]
    """A classifier whose network is searched for: a classifier of scikit-learn's, for pipelines and cross-validation.

    It has no test split, and its last training is on all samples: score it on others.

    `X` is images (N, C, H, W) or (N, H, W), series (N, S, D), or a table (N, F), whose rows are read as series of F steps.

    Args:
        budget: Time for `fit`, in seconds or such as "10m"; None for no bound but `trials`.
        trials: Architectures that are tried; fewer where the budget ends before.
        strategy: The name of a strategy, or `module:Class`.
        init: Initial members of an evolving strategy, such as "resnet8,random*6"; None: the baselines that fit, and random samples.
        recipe: Changes to the recipe, such as `{"epochs_search": 2}`.
        limits: The largest architecture that is wanted.
        axes: The axes of `X`, such as "NHW"; without it they are recognised, and a guess is warned of.
        metric: What the search is scored with, by name.
        validation_fraction: The share of the samples that the search validates on; the best network is trained on all samples.
        workers: Worker processes, 1 or more; 0 trains in this process, which has no limit of time or memory for a trial.
        runs: A folder that keeps the run; without it, nothing stays on the disk.
        random_state: Decides all chance, as in scikit-learn. How far a budget of time comes is up to the machine, and so is the order in
            which several workers end: a fit that is to be repeated has `trials`, `budget=None`, and 0 workers or 1.

    Attributes:
        predictor_: The `Predictor`; its labels are places in `classes_`.
        classes_: The classes.
        architecture_: The text of the architecture that predicts: the best, or the initial member that the verdict of a race recommends.
        validation_score_: Its score in the search, in the units of the metric.
        trials_: Architectures that were tried.
        n_features_in_: The length of the second axis of `X`.
    """

    def fit(self, X: Any, y: Any) -> Self:  # noqa: N803
        """Search a network for samples and their classes.

        Args:
            X: Samples.
            y: Classes (N,).

        Raises:
            ValueError: The samples, the classes or a parameter cannot be used.
        """
        X, y = self._begin(X, y)  # noqa: N806
        check_classification_targets(y)
        classes, codes, counts = np.unique(y, return_inverse=True, return_counts=True)
        rarest = classes.tolist()[counts.argmin()]
        if len(classes) < 2:
            raise ValueError(f"a classifier needs two classes or more, but every sample is of 1 class, {rarest!r}")
        if counts.min() < 2:
            raise ValueError(f"the class {rarest!r} has 1 sample, and each class needs two: one to train on, one to validate on")
        self._search(X, codes.reshape(-1), "classification")
        self.classes_ = classes
        return self

    def predict(self, X: Any) -> NDArray[Any]:  # noqa: N803
        """The classes (N,) of samples."""
        places = self.predict_proba(X).argmax(axis=1)
        found: NDArray[Any] = self.classes_[places]
        return found

    def predict_proba(self, X: Any) -> NDArray[np.float64]:  # noqa: N803
        """The chances (N, K) of `classes_` for samples."""
        chances = self._numbers(X, Predictor.predict_proba)
        chances /= chances.sum(axis=1, keepdims=True)  # in single precision they add up to 1 within 1e-7 only
        return chances


class NetworkRegressor(RegressorMixin, _Network):  # type: ignore[misc]
    """A regressor whose network is searched for; parameters, samples and attributes are those of `NetworkClassifier`."""

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

    def fit(self, X: Any, y: Any) -> Self:  # noqa: N803
        """Search a network for samples and their numbers.

        Args:
            X: Samples.
            y: Numbers (N,) or (N, K).

        Raises:
            ValueError: The samples, the numbers or a parameter cannot be used.
        """
        X, y = self._begin(X, y, multi_output=True, y_numeric=True)  # noqa: N806
        self._search(X, y.astype(np.float64), "regression")
        self._columns = y.shape[1:]
        return self

    def predict(self, X: Any) -> NDArray[np.float64]:  # noqa: N803
        """The numbers for samples, (N,) or (N, K) as the targets of `fit` were."""
        numbers = self._numbers(X, Predictor.predict)
        return numbers.reshape(len(numbers), *self._columns)
