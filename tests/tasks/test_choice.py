"""Metric and kind: a metric that does not score the kind is refused when the task is made, and one of numbers decides for numbers."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn import metrics as sklearn
from torch import Tensor

from einspace import Task
from einspace.errors import NetworkError, SettingError, TaskError, UnknownNameError
from einspace.evaluation import Outcome
from einspace.evaluation.evaluate import evaluate
from einspace.networks import Classification
from einspace.tasks import METRICS, DataOptions, Metric, Recipe, load_task, metric_named

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 2, 6, 5))
BOOLEANS = np.arange(60) % 2 == 0
MASKS = RNG.integers(0, 2, (60, 6, 5))
NUMBERS = RNG.normal(size=60)
ONE = Recipe(epochs_search=1, epochs_final=1, batch_size=16, learning_rate=0.01, weight_decay=0.0)

TARGETS = {
    "classification": np.arange(60) % 3,
    "multi-label": RNG.integers(0, 2, (60, 4)),
    "regression": NUMBERS,
    "mask": MASKS,
    "segmentation": RNG.integers(0, 3, (60, 6, 5)),
    "dense": RNG.normal(size=(60, 2, 6, 5)),
}


@pytest.mark.parametrize("kind", TARGETS)
@pytest.mark.parametrize("metric", METRICS.values(), ids=lambda metric: metric.name)
def test_every_metric_scores_its_kinds_and_no_other(metric: Metric, kind: str) -> None:
    """A task is made and scored by number, or refused with the metrics that its kind has."""
    if kind not in metric.kinds:
        with pytest.raises(TaskError, match=f"metric {metric.name} is for .*, not for the kind {kind}; for {kind} there are"):
            Task.from_arrays(X, TARGETS[kind], kind=kind, metric=metric.name)
        return
    task = Task.from_arrays(X, TARGETS[kind], kind=kind, metric=metric.name, recipe=ONE)
    _, y = task.tensors(["valid"])
    assert np.isfinite(task.score(torch.randn(len(y), *task.output), y))


@pytest.mark.parametrize(
    ("y", "metric"),
    [(MASKS, "accuracy"), (NUMBERS, "accuracy"), (NUMBERS[:, None], "0-1 error"), (MASKS, "R2"), (BOOLEANS, "mean average precision")],
)
def test_a_metric_of_another_kind_is_refused(y: np.ndarray, metric: str) -> None:
    """Accuracy on masks or on numbers, whose largest of one output is always the first."""
    with pytest.raises(TaskError, match=f"the metric {metric} is for"):
        Task.from_arrays(X, y, metric=metric)


def test_macro_f1_on_booleans() -> None:
    """Two classes: the mean of the F1 scores of yes and no, as scikit-learn's."""
    task = Task.from_arrays(X, BOOLEANS, metric="macro F1")
    outputs, targets = torch.randn(40, 2), torch.arange(40) % 2
    assert task.metric(outputs, targets) == pytest.approx(sklearn.f1_score(targets, outputs.argmax(1), average="macro"))


def test_a_metric_of_numbers_makes_numbers_of_whole_ones() -> None:
    """Ratings of 1 to 5 are classes, but for R2, RMSE and the like: the metric decides, and the summary says it."""
    ratings = np.arange(60) % 5 + 1
    assert Task.from_arrays(X, ratings).kind == "classification"
    for metric in ("R2", "mean_absolute_error", "rmse", METRICS["mean squared error"]):
        task = Task.from_arrays(X, ratings, metric=metric)
        assert task.kind == "regression"
        assert "regression follows from the metric" in task.summary()
    with pytest.raises(TaskError, match="not for the kind classification"):
        Task.from_arrays(X, ratings, metric="R2", kind="classification")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("balanced accuracy", lambda p, y: sklearn.balanced_accuracy_score(y, p.argmax(1))),
        ("macro F1", lambda p, y: sklearn.f1_score(y, p.argmax(1), average="macro")),
        ("AUROC", lambda p, y: sklearn.roc_auc_score(y, p.softmax(1), multi_class="ovr")),
        ("log loss", lambda p, y: sklearn.log_loss(y, p.double().softmax(1))),
    ],
)
def test_class_metrics_are_those_of_scikit_learn(name: str, expected: object) -> None:
    """On classes of unequal size."""
    torch.manual_seed(0)
    outputs, targets = torch.randn(90, 3), torch.tensor([0] * 60 + [1] * 20 + [2] * 10)
    assert METRICS[name](outputs, targets) == pytest.approx(expected(outputs, targets), abs=1e-6)  # type: ignore[operator]


@pytest.mark.parametrize(
    ("name", "expected"),
    [("R2", sklearn.r2_score), ("mean absolute error", sklearn.mean_absolute_error), ("RMSE", sklearn.root_mean_squared_error)],
)
def test_metrics_of_numbers_are_those_of_scikit_learn(name: str, expected: object) -> None:
    """R2, MAE and RMSE over several numbers of a sample."""
    outputs, targets = torch.randn(40, 3), torch.randn(40, 3)
    if name == "RMSE":  # ours is one root over all numbers
        outputs, targets = outputs[:, :1], targets[:, :1]
    assert metric_named(name)(outputs, targets) == pytest.approx(expected(targets, outputs), abs=1e-6)  # type: ignore[operator]


def test_sure_networks_are_ranked() -> None:
    """Chances so near to 1 that they are equal as numbers still have an order."""
    outputs = torch.tensor([[0.0, 100.0], [0.0, 200.0], [0.0, 300.0], [0.0, 400.0]])
    assert METRICS["AUROC"](outputs, torch.tensor([0, 0, 1, 1])) == 1
    assert METRICS["AUROC"](outputs, torch.tensor([1, 1, 0, 0])) == 0


def test_a_name_that_is_none_is_refused() -> None:
    """With the nearest; and a bare function, whose direction is not known."""
    with pytest.raises(UnknownNameError, match="did you mean accuracy"):
        Task.from_arrays(X, BOOLEANS, metric="acuracy")
    with pytest.raises(SettingError, match=r"Metric\(name, higher_is_better, function\)"):
        Task.from_arrays(X, BOOLEANS, metric=lambda outputs, targets: 0.5)  # type: ignore[arg-type]


def share_of_yes(outputs: Tensor, targets: Tensor) -> float:
    return float((outputs.argmax(1) == 1).float().mean())


def broken(outputs: Tensor, targets: Tensor) -> float:
    return float(outputs[:, 7].mean())


def test_a_function_of_the_users() -> None:
    """It scores as any other; one that cannot score these targets is refused when the task is made."""
    task = Task.from_arrays(X, BOOLEANS, metric=Metric("share of yes", True, share_of_yes), recipe=ONE)
    evaluation = evaluate("[linear(d=4) relu]", task, recipe=ONE).evaluations[0]
    assert evaluation.outcome is Outcome.OK
    with pytest.raises(TaskError, match=r"metric broken must give one number for outputs \(8, 2\) .*raises IndexError"):
        Task.from_arrays(X, BOOLEANS, metric=Metric("broken", True, broken))


def test_a_task_made_by_hand_is_checked_too() -> None:
    """Another metric in its place is refused as when it is read."""
    with pytest.raises(TaskError, match="the metric R2 is for regression"):
        replace(load_task("digits"), metric=METRICS["R2"])


def test_metric_and_pool_are_options_of_the_paper_s_tasks_too() -> None:
    """Another metric by name, and the head that B.1's formula writes; what only people's own data have is refused, as is another pool."""
    task = load_task("digits", own=DataOptions(metric="balanced accuracy", pool="paper"))
    assert (task.metric.name, task.head) == ("balanced accuracy", Classification(10, pool="paper"))
    with pytest.raises(TaskError, match="axes is for data of your own"):
        load_task("digits", own=DataOptions(axes="NCHW"))
    with pytest.raises(NetworkError, match="'channels' or as in 'paper', not 'rows'"):
        load_task("digits", own=DataOptions(pool="rows"))


@pytest.mark.parametrize("offset", [0.0, 1.7e9])
def test_r2_is_that_of_numbers_far_from_zero(offset: float) -> None:
    """The mean predictor has 0 and the truth with noise what scikit-learn says, also of times in seconds since 1970."""
    rng = np.random.default_rng(0)
    truth = rng.normal(offset, 5, size=(200, 1))
    for said in (np.full_like(truth, truth.mean()), truth + rng.normal(size=truth.shape)):
        found = METRICS["R2"](torch.from_numpy(said), torch.from_numpy(truth))
        assert found == pytest.approx(sklearn.r2_score(truth, said), abs=1e-6)
