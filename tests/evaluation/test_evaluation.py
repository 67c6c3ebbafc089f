"""Training and scoring one architecture, and how that can end."""

import json
from collections.abc import Iterator
from dataclasses import asdict, replace
from math import isnan, nan
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file
from torch import Tensor, nn

from einspace.errors import TaskError
from einspace.evaluation import Context, Evaluation, NotANumber, Outcome, Request, Work
from einspace.evaluation import attempt as border
from einspace.evaluation.objective import TaskObjective
from einspace.evaluation.outcome import Report
from einspace.evaluation.training import predict, train
from einspace.evaluation.weights import read_weights
from einspace.features import Feature
from einspace.networks import Classification, build
from einspace.space import Architecture, EinSpace
from einspace.tasks import ACCURACY, Recipe, Split, Task

RECIPE = Recipe(epochs_search=6, epochs_final=9, batch_size=16, learning_rate=0.1, weight_decay=1e-4)
LINEAR = "[linear(d=16) relu]"


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def blobs(size: int, seed: int) -> Split:
    """Two classes that a linear network can tell apart."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 2, size)
    return Split((rng.normal(0, 0.5, (size, 2, 4, 4)) + np.where(y, 1, -1)[:, None, None, None]).astype(np.float32), y)


@pytest.fixture
def task() -> Task:
    return Task(
        name="blobs",
        input=Feature((2, 4, 4)),
        target=2,
        train=blobs(97, 0),
        valid=blobs(40, 1),
        test=blobs(40, 2),
        metric=ACCURACY,
        recipe=RECIPE,
    )


def attempt(request: Request, task: Task, recipe: Recipe = RECIPE, report: Report | None = None) -> Evaluation:
    """Evaluate on a task, the way that workers do."""
    return border.attempt(request, Work(TaskObjective(task, recipe), task.input), report=report)


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Flatten(), nn.Linear(32, 8), nn.ReLU(), nn.Linear(8, 2))


def tensors(split: Split) -> tuple[Tensor, Tensor]:
    return torch.from_numpy(split.x), torch.from_numpy(split.y)


def test_training_learns(task: Task) -> None:
    """Losses fall, one for each epoch and reported as they come, and the network tells the classes apart."""
    net, seen = network(), []
    losses = train(net, *tensors(task.train), RECIPE, 5, torch.Generator().manual_seed(0), lambda *args: seen.append(args))
    assert losses[-1] < losses[0] / 2
    assert seen == list(enumerate(losses, 1))
    x, y = tensors(task.valid)
    assert ACCURACY(predict(net, x, 7), y) > 0.95


def test_training_is_deterministic(task: Task) -> None:
    """The same generator state and weights give the same losses; another shuffling does not."""
    runs = [train(network(), *tensors(task.train), RECIPE, 2, torch.Generator().manual_seed(seed)) for seed in (0, 0, 1)]
    assert runs[0] == runs[1] != runs[2]


def test_learning_rate_ends_at_zero(task: Task, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rate starts at the recipe's and falls along a cosine over all steps of all epochs."""
    rates: list[float] = []
    step = torch.optim.SGD.step

    def recorded(self: torch.optim.SGD, closure: None = None) -> None:
        rates.append(self.param_groups[0]["lr"])
        step(self, closure)

    monkeypatch.setattr(torch.optim.SGD, "step", recorded)
    train(network(), *tensors(task.train), RECIPE, 3, torch.Generator())
    assert len(rates) == 18
    assert rates == pytest.approx([0.05 * (1 + np.cos(np.pi * number / 18)) for number in range(18)])


@pytest.mark.parametrize(("size", "sizes"), [(33, [16, 16]), (34, [16, 16, 2]), (3, [3])])
def test_single_last_sample_is_left_out(size: int, sizes: list[int]) -> None:
    """A last batch of one, which batch norm on 1 x 1 cannot take, is dropped; larger ones are kept."""
    seen: list[int] = []

    class Spy(nn.Linear):
        def forward(self, input: Tensor) -> Tensor:
            seen.append(len(input))
            return super().forward(input.flatten(1))

    split = blobs(size, 0)
    train(Spy(32, 2), *tensors(split), RECIPE, 1, torch.Generator())
    assert seen == sizes


def test_too_few_samples() -> None:
    """One sample is nothing to train on, and is said so."""
    with pytest.raises(TaskError, match="two samples"):
        train(network(), *tensors(blobs(1, 0)), RECIPE, 1, torch.Generator())


def test_nan_loss(task: Task) -> None:
    """A loss that is not finite stops training after its epoch."""
    net = network()
    with torch.no_grad():
        next(net.parameters()).fill_(nan)
    with pytest.raises(NotANumber, match="epoch 1 is nan") as caught:
        train(net, *tensors(task.train), RECIPE, 5, torch.Generator())
    assert len(caught.value.losses) == 1


def test_predict_keeps_order_and_mode(task: Task) -> None:
    """Outputs come in the order of the samples whatever the batch, without gradients, in evaluation mode."""
    net = nn.Sequential(nn.BatchNorm2d(2), network())
    x, _ = tensors(task.valid)
    outputs = predict(net, x, 7)
    assert torch.allclose(outputs, predict(net, x, 40), atol=1e-6)
    assert not outputs.requires_grad
    assert not net.training
    assert not net[0].running_mean.any()  # type: ignore[operator]


def test_evaluate_searches_on_valid(task: Task) -> None:
    """A search evaluation sees train and valid only; a final one trains on both, for longer, and scores on test."""
    unseen = Split(task.test.x, 1 - task.test.y)
    task = replace(task, test=unseen)
    search = attempt(Request(LINEAR), task)
    assert search.outcome is Outcome.OK
    assert search.value is not None
    assert search.value > 0.9
    assert len(search.losses) == 6
    final = attempt(Request(LINEAR, final=True), task)
    assert final.value is not None
    assert final.value < 0.1
    assert len(final.losses) == 9
    assert final.parameters == search.parameters
    assert min(asdict(search.seconds).values()) > 0


def test_evaluate_is_deterministic(task: Task) -> None:
    """The seed decides the weights and the shuffling."""
    runs = [attempt(Request(LINEAR, seed=seed), task).losses for seed in (3, 3, 4)]
    assert runs[0] == runs[1] != runs[2]


def test_attempt_error(task: Task) -> None:
    """A text that is not an architecture ends as error with a traceback, and can be written as JSON."""
    evaluation = attempt(Request("[relu"), task, RECIPE)
    assert evaluation.outcome is Outcome.ERROR
    assert evaluation.value is None
    assert evaluation.reason.startswith("NotationError")
    assert "NotationError" in evaluation.traceback
    assert json.loads(json.dumps(evaluation.to_json()))["outcome"] == "error"


def test_attempt_nan(task: Task) -> None:
    """A learning rate that blows the network up ends as nan, with the losses up to there."""
    evaluation = attempt(Request(LINEAR), task, RECIPE.override(learning_rate=1e20))
    assert evaluation.outcome is Outcome.NAN
    assert evaluation.value is None
    assert evaluation.reason


def test_nan_metric(task: Task) -> None:
    """A metric that is not finite is nan too, never a score."""
    broken = replace(task, metric=replace(ACCURACY, function=_nan))
    evaluation = attempt(Request(LINEAR), broken, RECIPE)
    assert (evaluation.outcome, evaluation.value) == (Outcome.NAN, None)
    assert len(evaluation.losses) == 6


def _nan(outputs: Tensor, labels: Tensor) -> float:
    assert isnan(nan)
    return nan


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (MemoryError(), Outcome.OUT_OF_MEMORY),
        (torch.OutOfMemoryError("CUDA out of memory"), Outcome.OUT_OF_MEMORY),
        (RuntimeError("[enforce fail at alloc_cpu.cpp:127] DefaultCPUAllocator: can't allocate memory"), Outcome.OUT_OF_MEMORY),
        (RuntimeError("not enough memory: you tried to allocate 4 bytes"), Outcome.OUT_OF_MEMORY),
        (RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"), Outcome.OUT_OF_MEMORY),
        (torch.AcceleratorError("CUDA error: out of memory"), Outcome.OUT_OF_MEMORY),
        (torch.AcceleratorError("CUDA error: uncorrectable ECC error encountered"), Outcome.CRASHED),
        (RuntimeError("GET was unable to find an engine to execute this computation"), Outcome.CRASHED),
        (RuntimeError("mat1 and mat2 shapes cannot be multiplied"), Outcome.ERROR),
        (ValueError("out of memory"), Outcome.ERROR),
    ],
)
def test_attempt_memory(task: Task, error: Exception, outcome: Outcome) -> None:
    """Only what says that memory ran out is out-of-memory, and what a device fails at is the machine's fault."""

    def raising(architecture: Architecture, context: Context) -> Evaluation:
        raise error

    evaluation = border.attempt(Request(LINEAR), Work(raising, task.input))
    assert evaluation.outcome is outcome
    assert evaluation.traceback.splitlines()[-1].startswith(("MemoryError", "torch.", "RuntimeError", "ValueError"))


def test_interrupts_pass(task: Task) -> None:
    """Ctrl-C is not a property of an architecture: it is not turned into an outcome."""

    def raising(architecture: Architecture, context: Context) -> Evaluation:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        border.attempt(Request(LINEAR), Work(raising, task.input))


def test_watching_changes_nothing(task: Task) -> None:
    """A watch is told the validation score after each epoch, the last one being the value; losses and score are those without it."""
    told: list[tuple[int, float]] = []

    def report(epoch: int, score: float, loss: float | None) -> bool:
        told.append((epoch, score))
        return True

    text = "[[im2col(k=3,s=1,p=1) linear(d=16) col2im] [norm relu]]"  # batch norm knows training from evaluation
    slow = RECIPE.override(learning_rate=0.003)
    plain, watched = attempt(Request(text), task, slow), attempt(Request(text), task, slow, report)
    assert (watched.value, watched.losses, watched.parameters) == (plain.value, plain.losses, plain.parameters)
    assert (plain.scores, watched.scores) == ((), tuple(score for _, score in told))
    assert [epoch for epoch, _ in told] == [1, 2, 3, 4, 5, 6]
    assert watched.value == told[-1][1]
    assert len(set(watched.scores)) > 1
    assert watched.seconds.score > 0


def test_pruned(task: Task) -> None:
    """A watch that says no ends the training there; losses, scores and parameters are kept, a value is not."""
    evaluation = attempt(Request(LINEAR), task, report=lambda epoch, score, loss: epoch < 3)
    whole = attempt(Request(LINEAR), task)
    assert (evaluation.outcome, evaluation.value, evaluation.parameters) == (Outcome.PRUNED, None, whole.parameters)
    assert (len(evaluation.scores), evaluation.losses) == (3, whole.losses[:3])
    assert evaluation.reason == "given up after epoch 3 of 6"


def test_final_training_is_not_watched(task: Task) -> None:
    """The watch of a search has no say in what is trained for the test split."""
    evaluation = attempt(Request(LINEAR, final=True), task, report=lambda epoch, score, loss: False)
    assert (evaluation.outcome, evaluation.scores, len(evaluation.losses)) == (Outcome.OK, (), 9)


def test_failure_keeps_what_was_told(task: Task) -> None:
    """What goes wrong at an epoch, be it the watch, leaves the losses and scores of those before."""

    def report(epoch: int, score: float, loss: float | None) -> bool:
        if epoch == 3:
            raise MemoryError
        return True

    evaluation = attempt(Request(LINEAR), task, report=report)
    assert evaluation.outcome is Outcome.OUT_OF_MEMORY
    assert (len(evaluation.losses), len(evaluation.scores)) == (3, 3)


@pytest.mark.parametrize("text", [LINEAR, "[[im2col(k=3,s=1,p=1) linear(d=16) col2im] [norm relu]]"])
def test_weights_are_kept(task: Task, tmp_path: Path, text: str) -> None:
    """The trained weights, batch norm's statistics among them, are written whole: a new network with them scores the same."""
    path = tmp_path / "new folder" / "best.safetensors"
    evaluation = attempt(Request(text, keep=str(path), seed=5), task)
    assert (evaluation.outcome, evaluation.reason) == (Outcome.OK, "")
    assert [file.name for file in path.parent.iterdir()] == [path.name]
    net = build(EinSpace((2, 4, 4)).parse(text), Classification(classes=2))
    net.load_state_dict(load_file(path))
    x, y = tensors(task.valid)
    assert ACCURACY(predict(net, x, RECIPE.batch_size), y) == evaluation.value
    with safe_open(path, "pt") as file:
        said = json.loads(file.metadata()["einspace"])
    assert (said["architecture"], said["input"]["normalised"]) == (text, False)


def test_weights_that_cannot_be_written(task: Task, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A path that cannot be or a disk that is full costs no score, leaves no part of a file, and spares an older file."""
    (tmp_path / "file").touch()
    impossible = attempt(Request(LINEAR, keep=str(tmp_path / "file" / "weights")), task)
    assert impossible.outcome is Outcome.OK
    assert impossible.value is not None
    assert impossible.reason.startswith("the weights were not kept: ")

    def full(path: Path, content: bytes) -> int:
        path.write_text("the first part")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    evaluation = attempt(Request(LINEAR, keep=str(tmp_path / "file")), task)
    assert (evaluation.outcome, evaluation.value) == (Outcome.OK, impossible.value)
    assert "No space left" in evaluation.reason
    assert [(file.name, file.read_bytes()) for file in tmp_path.iterdir()] == [("file", b"")]


def test_weights_that_are_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker of another machine sends a file of weights, nothing where there is none, and a reason where it is too large."""
    (tmp_path / "w").write_bytes(b"1234")
    assert read_weights(tmp_path / "w") == (b"1234", "")
    assert read_weights(tmp_path / "none") == (None, "")
    monkeypatch.setattr("einspace.evaluation.weights.MOST", 3)
    assert read_weights(tmp_path / "w") == (None, "the weights were not kept: they take 4 bytes, and at most 3 come back from a worker")


def test_changes_of_the_recipe(task: Task) -> None:
    """A change sets a field of the recipe for one evaluation, or multiplies the learning rate; an unknown one is an error."""
    changed = attempt(Request(LINEAR, changes={"learning_rate_factor": 0.5, "epochs_search": 2}), task)
    alike = attempt(Request(LINEAR), task, RECIPE.override(learning_rate=0.05, epochs_search=2))
    assert (changed.losses, changed.value) == (alike.losses, alike.value)
    assert len(changed.losses) == 2
    wrong = attempt(Request(LINEAR, changes={"speed": 1.0}), task)
    assert (wrong.outcome, "there is no 'speed' to change" in wrong.reason) == (Outcome.ERROR, True)
