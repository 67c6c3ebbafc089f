"""The predictor takes raw data, answers in the user's own labels and units, and refuses what does not fit in one line."""

import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tests.predictor.predicted import KINDS, predictor_of, task_of

from einspace.errors import SettingError, TaskError
from einspace.evaluation.training import predict
from einspace.tasks import Metric, Task


@pytest.mark.parametrize("kind", KINDS)
def test_raw_data_score_what_the_task_scores(kind: str) -> None:
    """For every kind of target, and in every order of axes, the raw test split scores what the normalised one does."""
    task, (x, y) = task_of(kind)
    predictor = predictor_of(task)
    inputs, targets = task.tensors(["test"])
    wanted = task.score(predict(predictor.network.network, inputs, 64), targets)
    assert predictor.score(x, y) == pytest.approx(wanted, rel=1e-4)
    assert predictor.score(torch.from_numpy(x), y, batch_size=3) == pytest.approx(wanted, rel=1e-4)


@pytest.mark.parametrize("kind", KINDS)
def test_predictions_look_like_the_targets(kind: str) -> None:
    """The same shape, and the same values or units; one sample has a prediction without the first axis."""
    task, (x, y) = task_of(kind)
    predictor = predictor_of(task)
    found = predictor.predict(x)
    assert found.shape == y.shape
    one = predictor.predict(x[0])
    assert np.shape(one) == y.shape[1:]
    assert np.allclose(one, found[0], rtol=1e-5) if found.dtype.kind == "f" else np.array_equal(one, found[0])
    if kind in ("regression", "two numbers", "dense"):
        low, high = y.min(), y.max()
        assert low - 3 * (high - low) < found.min() <= found.max() < high + 3 * (high - low)
    elif kind == "names":
        assert set(found.tolist()) <= {"no", "yes"}
    else:
        assert set(np.unique(found).tolist()) <= set(np.unique(y).tolist()) | ({0, 1} if kind == "multi-label" else set())


@pytest.mark.parametrize(
    ("kind", "shape"), [("words", (8, 3)), ("multi-label", (8, 4)), ("mask", (8, 6, 5)), ("segmentation", (8, 3, 6, 5))]
)
def test_chances_are_of_the_predictions(kind: str, shape: tuple[int, ...]) -> None:
    """Classes add up to 1 and the likeliest is predicted; a label or a mask is yes above a half."""
    task, (x, _) = task_of(kind)
    predictor = predictor_of(task)
    chances, found = predictor.predict_proba(x), predictor.predict(x)
    assert chances.shape == shape
    if kind in ("words", "segmentation"):
        assert np.allclose(chances.sum(axis=1), 1, atol=1e-6)
        assert np.array_equal(np.array(predictor.classes)[chances.argmax(axis=1)], found)
    else:
        assert np.array_equal(chances > 0.5, found > 0)


def test_numbers_have_no_chances() -> None:
    """That is said, with what has the numbers."""
    task, (x, _) = task_of("regression")
    with pytest.raises(
        TaskError, match="probabilities are of classes and labels, but the predictor gives regression: predict gives the numbers"
    ):
        predictor_of(task).predict_proba(x)


def test_small_differences_of_large_numbers_survive() -> None:
    """Samples of 101325 +- 0.002 in float64 are told apart, although float32 makes three numbers of them."""
    rng = np.random.default_rng(0)
    x = 101325 + 0.002 * rng.normal(size=(30, 6, 1))
    task = Task.from_arrays(x, np.arange(30) % 2, axes="NSD", baselines=())
    predictor = predictor_of(task)
    assert len(np.unique(predictor.predict_proba(x)[:, 0])) > 20
    assert len(np.unique(x.astype(np.float32))) == 3


@pytest.mark.parametrize(
    ("kind", "change", "message"),
    [
        (
            "words",
            lambda x: x.transpose(0, 3, 1, 2),
            "trained on samples NHWC of 6 x 5 x 3, and got uint8 of the shape (8, 3, 6, 5); they would",
        ),
        ("words", lambda x: x[:, :4], "trained on samples NHWC of 6 x 5 x 3, and got uint8 of the shape (8, 4, 5, 3)"),
        ("words", lambda x: x[:0], "trained on samples NHWC of 6 x 5 x 3, and got no sample at all"),
        ("numbers", lambda x: np.where(np.arange(8)[:, None, None] == 5, np.nan, x), "a value that is not finite in float32 in sample 5"),
        ("numbers", lambda x: x.astype(str), "trained on samples NDS of 2 x 9, and got values of the type <U"),
        ("words", lambda _: "no/such/folder", "no/such/folder: there is no such file or folder"),
        ("words", lambda x: {"x": x}, "samples: an array, a tensor or a list is needed, not dict of x"),
    ],
)
def test_samples_that_do_not_fit_are_refused_in_a_line(kind: str, change: Any, message: str) -> None:
    """The line says what the predictor was trained on, and what it got."""
    task, (x, _) = task_of(kind)
    with pytest.raises(TaskError) as caught:
        predictor_of(task).predict(change(x))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("kind", "change", "message"),
    [
        (
            "words",
            lambda y: np.where(np.arange(8) == 3, "yak", y),
            "trained on the classes 'cat', 'dog', 'emu', and got 'yak' for sample 3",
        ),
        ("numbers", lambda y: np.where(np.arange(8) == 2, 4, y), "trained on the classes 3, 7, 9, and got 4 for sample 2"),
        ("segmentation", lambda y: np.where(y == 20, 21, y), "trained on pixels of the classes 10, 20, 40, and got 21 in sample 0"),
        ("mask", lambda y: np.where(y == 255, 7, y), "trained on masks of 0 and 255, and got another number in sample 0"),
        ("two numbers", lambda y: y[:, :1], "gives regression (8, 2), and got targets (8, 1)"),
        ("regression", lambda y: np.where(np.arange(8) == 1, np.inf, y), "the target of sample 1 is not finite"),
        ("regression", lambda y: y[:5], "one target a sample is needed, but there are 8 samples and targets (5,)"),
    ],
)
def test_targets_that_do_not_fit_are_refused_in_a_line(kind: str, change: Any, message: str) -> None:
    """Unknown classes and other shapes are named with the sample."""
    task, (x, y) = task_of(kind)
    with pytest.raises(TaskError) as caught:
        predictor_of(task).score(x, change(y))
    assert message in str(caught.value)


@pytest.mark.parametrize("labels", [(), ("sky", "sea", "land")])
@pytest.mark.parametrize("given", ["numbers", "NHWC", "NCHW"])
def test_classes_of_pixels_score_in_each_form_that_is_trained_on(given: str, labels: tuple[str, ...]) -> None:
    """Numbers (N, H, W), those with an axis of one channel, and channels of 0 and 1 in the axes of training say the same."""
    x = np.random.default_rng(0).integers(0, 256, (24, 6, 5, 3), dtype=np.uint8)
    classes = x[..., 0] % 3
    forms: dict[str, Any] = {"numbers": classes, "NHWC": np.eye(3)[classes], "NCHW": np.eye(3)[classes].transpose(0, 3, 1, 2)}
    predictor = predictor_of(Task.from_arrays(x, forms[given], axes="NHWC", labels=labels, baselines=()))
    wanted = predictor.score(x, forms[given])
    for form in (classes, classes.astype(float), classes[..., None] if given == "NHWC" else classes[:, None]):
        assert predictor.score(x, form) == wanted
    with pytest.raises(TaskError, match="trained on pixels of the classes 0, 1, 2, and got 4 in sample 0"):
        predictor.score(x, np.where(classes == 2, 4, classes))
    with pytest.raises(TaskError, match="gives segmentation"):
        predictor.score(x, forms["NHWC" if given == "NHWC" else "NCHW"] * 0)


@pytest.mark.parametrize("kind", ["mask", "dense"])
def test_targets_with_one_channel_score_without_it(kind: str) -> None:
    """Masks and fields that were (N, H, W, 1) in training score as (N, H, W) too."""
    x = np.random.default_rng(0).integers(0, 256, (24, 6, 5, 3), dtype=np.uint8)
    y = np.where(x[..., :1] > 90, 1, 0) if kind == "mask" else x[..., :1] * 3.5
    predictor = predictor_of(Task.from_arrays(x, y, axes="NHWC", baselines=()))
    assert predictor.score(x, y[..., 0]) == predictor.score(x, y)


@pytest.mark.parametrize("labels", [(), ("no", "yes", "perhaps")])
def test_classes_score_in_each_form_that_is_trained_on(labels: tuple[str, ...]) -> None:
    """Rows with a single 1 and class numbers say the same, with names or without; rows of no or several ones are no classes."""
    x = np.random.default_rng(0).integers(0, 256, (24, 6, 5, 3), dtype=np.uint8)
    classes = np.arange(24) % 3
    predictor = predictor_of(Task.from_arrays(x, np.eye(3)[classes], axes="NHWC", labels=labels, baselines=()))
    scores = {predictor.score(x, form) for form in (classes, np.eye(3)[classes], np.eye(3, dtype=bool)[classes])}
    assert len(scores) == 1
    with pytest.raises(TaskError, match=r"knows 3 classes, one a sample, and got targets \(24, 3\)"):
        predictor.score(x, np.zeros((24, 3)))


def test_words_of_bytes_score_as_words() -> None:
    """Archives of h5py and arrays of the type S hold bytes, which training decodes."""
    task, (x, y) = task_of("words")
    predictor = predictor_of(task)
    wanted = predictor.score(x, y)
    for words in (y.astype("S"), [word.encode() for word in y.tolist()], np.array([word.encode() for word in y.tolist()], dtype=object)):
        assert predictor.score(x, words) == wanted
    with pytest.raises(TaskError, match="trained on the classes 'cat', 'dog', 'emu', and got 'yak' for sample 0"):
        predictor.score(x, [b"yak"] * 8)


def test_samples_in_other_units_are_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    """Bytes that were divided by 255 are predicted, but not without a word; the training data's own range is not mentioned."""
    task, (x, _) = task_of("words")
    predictor = predictor_of(task)
    with caplog.at_level(logging.WARNING, "einspace"):
        predictor.predict(x)
        assert caplog.text == ""
        predictor.predict(x / 255)
    assert "are they in the same units?" in caplog.text


def test_a_channel_that_never_changed_is_named_where_it_does(caplog: pytest.LogCaptureFixture) -> None:
    """The network learnt nothing of it, and its units say nothing: training data of 500 everywhere, and 490 now; 500 is no reason."""
    rng = np.random.default_rng(0)
    x = rng.normal(500, 5, (60, 12, 3))
    x[:, :, 1] = 500
    predictor = predictor_of(Task.from_arrays(x, np.arange(60) % 2, axes="NSD", name="pumps"))
    moved = x.copy()
    moved[:, :, 1] = 490
    with caplog.at_level(logging.WARNING, "einspace"):
        predictor.predict(x)
        predictor.predict(x.astype(np.float32))
        assert caplog.text == ""
        predictor.predict(moved)
    assert "channel 1 was 500 in all training data, and goes from 490 to 490 here" in caplog.text


def test_another_metric_can_be_asked_for() -> None:
    """One of the kind is taken by name, another is refused, and a function of the user's must be given again."""
    task, (x, y) = task_of("words")
    predictor = predictor_of(task)
    assert predictor.score(x, y, metric="0-1 error") == pytest.approx(1 - predictor.score(x, y))
    with pytest.raises(TaskError, match="the metric R2 is of regression, but the predictor gives classification"):
        predictor.score(x, y, metric="R2")
    own = Metric("mine", True, _always)
    mine = predictor_of(task.with_metric(own))
    with pytest.raises(TaskError, match=r"its own function 'mine', which no file holds: score\(x, y, metric=...\)"):
        mine.score(x, y)
    assert mine.score(x, y, metric=own) == 0.25


def test_the_network_is_a_plain_module_of_raw_data() -> None:
    """It takes raw samples in the axes of the task, and its largest output is the prediction."""
    task, (x, _) = task_of("words")
    predictor = predictor_of(task)
    outputs = predictor.network(torch.from_numpy(x.transpose(0, 3, 1, 2).astype(np.float32)))
    assert np.array_equal(np.array(predictor.classes)[outputs.argmax(dim=1).numpy()], predictor.predict(x))


def test_devices_that_are_not_there_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """In one line; and so is one without double precision, where the samples need it."""
    task, _ = task_of("words")
    plain = predictor_of(task)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    with pytest.raises(SettingError, match="there is no device 'cuda:0' on this machine; of CUDA devices it has none"):
        plain.to("cuda:0")
    with pytest.raises(SettingError, match="not 'gpu'"):
        plain.to("gpu")
    moved: list[str] = []
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    monkeypatch.setattr(torch.nn.Module, "to", lambda network, device: moved.append(device))
    plain.to(torch.device("mps"))
    assert moved == ["mps"]
    monkeypatch.undo()
    pressures = 101325 + 0.002 * np.random.default_rng(0).normal(size=(30, 6, 1))
    double = predictor_of(Task.from_arrays(pressures, np.arange(30) % 2, axes="NSD", baselines=()))
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    with pytest.raises(SettingError, match="samples of arrays need float64, which the device mps does not have: predict on cpu"):
        double.to("mps")


def test_files_are_read_batch_by_batch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Images of a folder are in memory a batch at a time, however many there are."""
    from PIL import Image

    from einspace.predictor import samples
    from einspace.reading.images import read_image

    task, (x, _) = task_of("names")
    for number, image in enumerate(x):
        Image.fromarray(image).save(tmp_path / f"{number}.png")
    loaded = Task.from_arrays(x.transpose(0, 3, 1, 2), np.arange(8) % 2, axes="NCHW", baselines=())
    predictor = predictor_of(loaded)
    events: list[str] = []

    def read(*given: Any) -> Any:
        events.append("read")
        return read_image(*given)

    monkeypatch.setattr(samples, "read_image", read)
    for outputs in predictor.outputs(predictor.samples(tmp_path), batch_size=3):
        events.append(f"batch of {len(outputs)}")
    reads = ["read"] * 3
    assert events == [*reads, "batch of 3", *reads, "batch of 3", *reads[:2], "batch of 2"]
    assert task.name == "names"


def _always(outputs: torch.Tensor, targets: torch.Tensor) -> float:
    return 0.25
