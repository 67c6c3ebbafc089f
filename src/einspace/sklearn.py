"""Estimators of scikit-learn that search a network: `NetworkClassifier` and `NetworkRegressor`."""

import signal
import tempfile
import warnings
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from einspace.errors import EinspaceError, SettingError
from einspace.executors.local import LocalExecutor
from einspace.limits import Limits
from einspace.predictor import Predictor
from einspace.quantities import counted
from einspace.reading.axes import axes_of
from einspace.reading.suspicions import few, stand_ins
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
        tags.non_deterministic = self.trials is None  # how many trials a budget of time allows is up to the machine
        return tags

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "predictor_")

    def _begin(self, X: Any, y: Any, **checks: Any) -> tuple[NDArray[Any], NDArray[Any]]:  # noqa: N803 - scikit-learn's name
        """Samples and targets of a fit, checked; the predictor of an earlier fit is deleted."""
        self.__dict__.pop("predictor_", None)
        x, y = validate_data(self, X, y, allow_nd=True, dtype="numeric", **checks)
        return x, y

    def _search(self, X: NDArray[Any], y: NDArray[Any], kind: str) -> Self:  # noqa: N803 - scikit-learn's name
        """Search on a part of the samples, validate on the others, and train the best network on all."""
        seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        try:
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
                runs = stack.enter_context(tempfile.TemporaryDirectory(prefix="einspace-")) if self.runs is None else self.runs
                result = search(
                    task,
                    self.strategy,
                    self.trials,
                    max(1, self.workers),
                    seed,
                    budget=self.budget,
                    init=self.init,
                    recipe=self.recipe,
                    limits=self.limits,
                    runs=runs,
                    report=self.runs is not None,
                    executor=(lambda work, workers, limit: LocalExecutor(work)) if self.workers == 0 else None,
                )
                self.predictor_ = result.predictor()
        except Interrupted as stopped:  # scikit-learn takes any other error for a score of NaN, and fits the next fold
            raise KeyboardInterrupt if stopped.signal == signal.SIGINT else SystemExit(128 + stopped.signal) from None
        except EinspaceError as error:
            raise ValueError(str(error)) from error
        found = result.recommended
        assert found is not None
        self.architecture_ = found.text
        self.validation_score_ = found.validation
        self.trials_ = len(result.history)
        return self

    def _shaped(self, X: NDArray[Any]) -> tuple[NDArray[Any], str]:  # noqa: N803
        """Samples with their axes; a table (N, F) is a series of F steps, and axes that are a guess are warned of."""
        if X.ndim == 2:
            return X[:, :, None], "NSD"
        found = axes_of(X, self.axes, "X")
        if found.doubtful:
            warnings.warn(f"X: {found.note}", UserWarning, stacklevel=4)
        return X, found.order

    def _parts(self, y: NDArray[Any], kind: str, seed: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Numbers of the samples that are trained on in the search, and of those that it validates on, each class alike."""
        if not 0 < self.validation_fraction < 1:
            raise SettingError(f"validation_fraction must be between 0 and 1, not {self.validation_fraction!r}")
        kinds = y if kind == "classification" else np.zeros(len(y), np.int64)
        train, valid = stratified(kinds, (1 - self.validation_fraction, self.validation_fraction), seed)
        if not len(valid) or not len(train):
            raise SettingError(f"{counted(len(y), 'sample')} cannot be divided into a part to train on and one to validate on")
        return train, valid

    def _given(self, X: Any) -> NDArray[Any]:  # noqa: N803
        """Samples for a prediction, in the shape that the network was trained on."""
        check_is_fitted(self)
        x = validate_data(self, X, allow_nd=True, dtype="numeric", reset=False)
        shaped: NDArray[Any] = x[:, :, None] if x.ndim == 2 else x
        return shaped


class NetworkClassifier(ClassifierMixin, _Network):  # type: ignore[misc]
    """A classifier whose network is searched for: a classifier of scikit-learn's, for pipelines and cross-validation.

    It has no test split, and its last training is on all samples: score it on others.

    `X` is images (N, C, H, W) or (N, H, W), series (N, S, D), or a table (N, F), whose rows are read as series of F steps.

    Args:
        budget: Time for `fit`, in seconds or such as "10m"; None for no bound but `trials`.
        trials: Architectures that are tried.
        strategy: The name of a strategy, or `module:Class`.
        init: Initial members of an evolving strategy, such as "resnet8,random*6"; None: the baselines that fit, and random samples.
        recipe: Changes to the recipe, such as `{"epochs_search": 2}`.
        limits: The largest architecture that is wanted.
        axes: The axes of `X`, such as "NHW"; without it they are recognised, and a guess is warned of.
        metric: What the search is scored with, by name.
        validation_fraction: The share of the samples that the search validates on; the best network is trained on all samples.
        workers: Worker processes; 0 trains in this process, which has no limit of time or memory for a trial.
        runs: A folder that keeps the run; without it, nothing stays on the disk.
        random_state: Decides all chance, as in scikit-learn.

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
        self.classes_, codes, counts = np.unique(y, return_inverse=True, return_counts=True)
        rarest = self.classes_.tolist()[counts.argmin()]
        if len(self.classes_) < 2:
            raise ValueError(f"a classifier needs two classes or more, but every sample is of 1 class, {rarest!r}")
        if counts.min() < 2:
            raise ValueError(f"the class {rarest!r} has 1 sample, and each class needs two: one to train on, one to validate on")
        return self._search(X, codes.reshape(-1), "classification")

    def predict(self, X: Any) -> NDArray[Any]:  # noqa: N803
        """The classes (N,) of samples."""
        places = self.predict_proba(X).argmax(axis=1)
        found: NDArray[Any] = self.classes_[places]
        return found

    def predict_proba(self, X: Any) -> NDArray[np.float64]:  # noqa: N803
        """The chances (N, K) of `classes_` for samples."""
        x = self._given(X)
        return np.asarray(self.predictor_.predict_proba(x), np.float64)


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
        return self._search(X, y.astype(np.float64), "regression")

    def predict(self, X: Any) -> NDArray[np.float64]:  # noqa: N803
        """The numbers (N,) or (N, K) for samples."""
        x = self._given(X)
        return np.asarray(self.predictor_.predict(x), np.float64)
