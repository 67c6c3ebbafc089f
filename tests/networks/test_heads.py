"""Heads: shapes, losses, and what does not fit is named."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from tests.on_mps import OnMps
from torch import nn
from torch.nn import functional

from einspace import Classification, Dense, EinSpace, Feature, Mask, MultiLabel, Regression, RelativeDense, Task, build
from einspace.errors import NetworkError
from einspace.evaluation.evaluate import evaluate
from einspace.networks import Head, check_fit

IMAGE, COLUMNS = Feature((6, 4, 8)), Feature((5, 7))


@pytest.mark.parametrize("feature", [IMAGE, COLUMNS, Feature((1, 1, 1)), Feature((1, 1))])
@pytest.mark.parametrize(
    ("head", "shape"),
    [
        (Classification(3), (3,)),
        (Classification(3, pool="paper"), (3,)),
        (Classification(3, weights=(1.0, 2.0, 0.5)), (3,)),
        (MultiLabel(4), (4,)),
        (Regression(5), (5,)),
        (Dense(2, (9, 3)), (2, 9, 3)),
        (Mask(2, (9, 3)), (2, 9, 3)),
        (RelativeDense(2, (9, 3)), (2, 9, 3)),
    ],
)
def test_a_head_predicts_the_shape_that_it_says(head: Head, shape: tuple[int, ...], feature: Feature) -> None:
    """`output` is the shape of what `layer` gives, in both modes and down to one element; its loss is a number with a gradient."""
    assert head.output(feature) == shape
    outputs = head.layer(feature)(torch.randn(5, *feature.shape))
    assert outputs.shape == (5, *shape)
    targets = torch.zeros(5, dtype=torch.long) if isinstance(head, Classification) else torch.ones(5, *shape)
    head.loss(outputs, targets).backward()  # type: ignore[no-untyped-call]


def test_dense_prediction_of_images() -> None:
    """B.1: adaptive average pooling of the last two axes, then one linear map over the channels for every pixel."""
    layer = Dense(3, (2, 2)).layer(IMAGE)
    x = torch.randn(4, 6, 4, 8)
    pooled = x.reshape(4, 6, 2, 2, 2, 4).mean((3, 5))
    weight, bias = layer.linear.weight[:, :, 0, 0], layer.linear.bias  # type: ignore[union-attr, index]
    expected = torch.einsum("nchw,oc->nohw", pooled, weight) + bias[:, None, None]  # type: ignore[index]
    torch.testing.assert_close(layer(x), expected)


def test_dense_prediction_of_columns() -> None:
    """B.1: features in Col mode are pooled up or down alike, and a new axis is their one channel."""
    layer = Dense(3, (10, 7)).layer(COLUMNS)
    assert layer.linear.in_channels == 1  # type: ignore[union-attr]
    x = torch.randn(4, 5, 7)
    upsampled = x.repeat_interleave(2, dim=1)[:, None]
    expected = upsampled * layer.linear.weight.reshape(3, 1, 1) + layer.linear.bias.reshape(3, 1, 1)  # type: ignore[union-attr, operator]
    torch.testing.assert_close(layer(x), expected)


def test_multi_label_is_classification_with_another_loss() -> None:
    """The same layer; each label is a yes or no of its own."""
    torch.manual_seed(0)
    first = Classification(4).layer(IMAGE)
    torch.manual_seed(0)
    second = MultiLabel(4).layer(IMAGE)
    x, targets = torch.randn(3, *IMAGE.shape), torch.tensor([[0, 1, 1, 0], [1, 1, 1, 1], [0, 0, 0, 0]])
    assert torch.equal(first(x), second(x))
    logits = second(x)
    chances = torch.sigmoid(logits)
    expected = -(targets * chances.log() + (1 - targets) * (1 - chances).log()).mean()
    torch.testing.assert_close(MultiLabel(4).loss(logits, targets), expected)
    torch.testing.assert_close(Classification(4).loss(logits, targets.argmax(1)), functional.cross_entropy(logits, targets.argmax(1)))


def test_ignored_pixels_are_not_in_the_loss() -> None:
    """The loss of a mask is that of the pixels that count, and 0, with a gradient, where none does."""
    logits, targets = torch.randn(2, 1, 3, 3, requires_grad=True), torch.randint(0, 2, (2, 1, 3, 3)).float()
    whole = Mask(1, (3, 3)).loss(logits, targets)
    torch.testing.assert_close(whole, functional.binary_cross_entropy_with_logits(logits, targets))
    targets[0, 0, 1] = -1
    counted = targets != -1
    expected = functional.binary_cross_entropy_with_logits(logits[counted], targets[counted])
    torch.testing.assert_close(Mask(1, (3, 3)).loss(logits, targets), expected)
    empty = Mask(1, (3, 3)).loss(logits, torch.full_like(targets, -1))
    empty.backward()  # type: ignore[no-untyped-call]
    assert float(empty.detach()) == 0


def test_relative_l2_is_summed_over_the_batch() -> None:
    """||u' - u|| / ||u|| of each field, added up: 5 / 5 and 0 / 500; in the targets' own units."""
    targets = torch.tensor([[3.0, 4.0], [300.0, 400.0]]).reshape(2, 1, 1, 2)
    outputs = targets + torch.tensor([[0.0, 5.0], [0.0, 0.0]]).reshape(2, 1, 1, 2)
    head = RelativeDense(1, (1, 2))
    assert float(head.loss(outputs, targets)) == pytest.approx(1)
    assert head.loss_in_units
    assert not Dense(1, (1, 2)).loss_in_units


def test_pixels_that_are_ignored_count_in_no_loss() -> None:
    """Whether their true answer is known to be yes or not."""
    logits, targets = torch.randn(1, 1, 1, 4), torch.tensor([[[[1.0, 0.0, -1.0, -2.0]]]])
    assert torch.equal(Mask(1, (1, 4)).loss(logits, targets), Mask(1, (1, 2)).loss(logits[..., :2], targets[..., :2]))


@pytest.mark.parametrize("head", [Classification(10), MultiLabel(5), Regression(2), Dense(1, (16, 16)), Mask(1, (16, 16))])
@pytest.mark.parametrize("optimize", [True, False])
def test_networks_have_the_head(head: Head, optimize: bool) -> None:
    """Its weights are under `head`, in the plain form too, and the network gives its prediction."""
    architecture = EinSpace((3, 8, 8)).parse("[[im2col(k=3,s=2,p=1) linear(d=16) identity] relu]")
    network = build(architecture, head, optimize)
    assert network(torch.randn(2, 3, 8, 8)).shape == (2, *head.output(architecture.output))
    assert {name for name in network.state_dict() if name.startswith("head.")} == {"head.linear.weight", "head.linear.bias"}
    assert isinstance(network, nn.Module)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: MultiLabel(0), "at least one label"),
        (lambda: MultiLabel(3, pool="sum"), "'sum'"),
        (lambda: Regression(0), "at least one output"),
        (lambda: Classification(2, weights=(1.0,)), "each of its 2 classes"),
        (lambda: Classification(2, weights=(1.0, -1.0)), "a weight over 0"),
        (lambda: Dense(0, (2, 2)), "at least one channel"),
        (lambda: Dense(1, (2, 0)), r"\(2, 0\)"),
        (lambda: Dense(1, (2,)), "a height and a width"),  # type: ignore[arg-type]
        (lambda: Dense(2, (3, 3)).layer(Feature((5,))), r"Dense\(channels=2, size=\(3, 3\)\).*\(5\)"),
        (lambda: Classification(2).output(Feature((5,))), r"Classification.*\(5\)"),
    ],
)
def test_figures_that_make_no_sense(make: object, message: str) -> None:
    """A head says what it needs, and a feature that it does not take is named with it."""
    with pytest.raises(NetworkError, match=message):
        make()  # type: ignore[operator]


def test_a_head_that_does_not_fit_the_task_is_named_with_it() -> None:
    """Head, architecture's output and task are in one message, before anything is trained."""
    rng = np.random.default_rng(0)
    task = Task.from_arrays(rng.normal(size=(60, 2, 4, 4)), np.arange(60) % 3, name="mine")
    with pytest.raises(
        NetworkError, match=r"Dense\(channels=1, size=\(4, 4\)\) predicts \(1, 4, 4\) .*\(2, 4, 4\), but the task mine wants \(3\)"
    ):
        check_fit(Dense(1, (4, 4)), task.input, task.output, task.name)
    with pytest.raises(NetworkError, match=r"Classification\(classes=4.*the task mine wants \(3\)"):
        check_fit(Classification(4), task.input, task.output, task.name)
    literal = replace(task, target=Classification(3, pool="paper"))
    assert evaluate("[relu norm]", literal, recipe=replace(task.recipe, epochs_search=1)).mean is not None
    check_fit(Dense(1, (4, 4)), COLUMNS, (1, 4, 4), "mine")


POOLING: list[Head] = [
    Classification(3),
    Classification(3, pool="paper"),
    Classification(3, weights=(1.0, 2.0, 0.5)),
    MultiLabel(4),
    Regression(2),
]


@pytest.mark.parametrize("feature", [IMAGE, COLUMNS, Feature((6, 3, 9)), Feature((1, 1, 1)), Feature((1, 2))])
@pytest.mark.parametrize("dropout", [0.0, 0.3])
@pytest.mark.parametrize("grid", [1, 2, 4])
@pytest.mark.parametrize("head", POOLING)
def test_a_grid_is_clamped_to_the_axes_and_its_means_are_the_inputs_of_the_linear_map(
    head: Head, grid: int, dropout: float, feature: Feature
) -> None:
    """Whatever the grid and the dropout are, the shape is that of the head, and the weights are those of one linear map over all means."""
    changed = replace(head, grid=grid, dropout=dropout)  # type: ignore[type-var]
    paper = getattr(head, "pool", "") == "paper" and feature.mode == "Col"
    kept, averaged = (feature.shape[0], feature.shape[1:]) if feature.mode == "Im" or paper else (feature.shape[1], feature.shape[:1])
    means = kept * int(np.prod([min(grid, size) for size in averaged]))
    outputs = head.output(feature)
    layer = changed.layer(feature)
    assert changed.output(feature) == outputs
    assert layer(torch.randn(5, *feature.shape)).shape == (5, *outputs)
    assert {name: tuple(value.shape) for name, value in layer.state_dict().items()} == {
        "linear.weight": (outputs[0], means),
        "linear.bias": outputs,
    }


@pytest.mark.parametrize("feature", [IMAGE, COLUMNS])
@pytest.mark.parametrize("head", POOLING)
def test_the_head_of_the_paper_is_what_it_was(head: Head, feature: Feature) -> None:
    """Without a grid and without dropout there are the mean and one linear layer, which draws the same weights."""
    torch.manual_seed(0)
    layer = head.layer(feature)
    kept = 0 if feature.mode == "Im" or getattr(head, "pool", "") == "paper" else 1
    torch.manual_seed(0)
    linear = nn.Linear(feature.shape[kept], head.output(feature)[0])
    x = torch.randn(4, *feature.shape)
    axes = (2, 3) if feature.mode == "Im" else 2 - kept
    assert [name for name, _ in layer.named_children()] == ["linear"]
    assert torch.equal(layer(x), linear(x.mean(axes)))
    assert "grid" not in repr(head)
    assert "dropout" not in repr(head)


def test_a_grid_of_windows_by_hand() -> None:
    """Windows of an image are its quarters, those of a sequence run along S, or along D where the formula of B.1 keeps S."""
    x = torch.randn(3, *IMAGE.shape)
    layer = Classification(2, grid=2).layer(IMAGE)
    quarters = [x[:, :, i : i + 2, j : j + 4].mean((2, 3)) for i in (0, 2) for j in (0, 4)]
    torch.testing.assert_close(layer(x), layer.linear(torch.stack(quarters, 2).flatten(1)))  # type: ignore[operator]
    s = torch.randn(3, 6, 4)
    along = Classification(2, grid=3).layer(Feature((6, 4)))
    expected = torch.stack([s[:, i : i + 2].mean(1) for i in (0, 2, 4)], 2).flatten(1)
    torch.testing.assert_close(along(s), along.linear(expected))  # type: ignore[operator]
    literal = Classification(2, pool="paper", grid=2).layer(Feature((6, 4)))
    expected = torch.stack([s[:, :, i : i + 2].mean(2) for i in (0, 2)], 2).flatten(1)
    torch.testing.assert_close(literal(s), literal.linear(expected))  # type: ignore[operator]


@pytest.mark.parametrize(
    ("head", "shape"),
    [
        (Classification(3, grid=2), (6, 7, 7)),
        (Classification(3, grid=2), (6, 8, 7)),
        (Classification(3, grid=2), (6, 8, 8)),
        (Classification(3, grid=3), (7, 5)),
        (Dense(2, (3, 9)), (6, 7, 5)),
        (Dense(2, (3, 9)), (7, 5)),
    ],
)
def test_windows_of_any_length_on_apples_processors(head: Head, shape: tuple[int, ...]) -> None:
    """PyTorch pools there with windows of one length alone; the others give what they give on the CPU, and gradients too."""
    layer, x = head.layer(Feature(shape)), torch.randn(4, *shape)
    here, there = x.clone().requires_grad_(), x.clone().requires_grad_()
    outputs = layer(there.as_subclass(OnMps))
    torch.testing.assert_close(outputs.cpu(), layer(here))
    for predicted in (outputs.cpu(), layer(here)):
        predicted.square().sum().backward()
    torch.testing.assert_close(there.grad, here.grad)


@pytest.mark.parametrize("grid", [1, 2])
def test_dropout_is_for_training_alone(grid: int) -> None:
    """Training sets inputs of the linear map to zero and enlarges the others; the score is of all of them."""
    torch.manual_seed(0)
    x = torch.ones(200, *IMAGE.shape)
    layer = Classification(2, grid=grid, dropout=0.5).layer(IMAGE)
    plain = Classification(2, grid=grid).layer(IMAGE)
    plain.load_state_dict(layer.state_dict())
    assert torch.equal(layer.eval()(x), plain(x))
    noisy = layer.train()(x)
    assert len(noisy.unique(dim=0)) > 10
    torch.testing.assert_close(noisy.mean(0), plain(x)[0], rtol=0, atol=0.3)


@pytest.mark.parametrize("options", [{"grid": 0}, {"grid": 2.0}, {"grid": True}, {"dropout": 1.0}, {"dropout": -0.1}, {"dropout": "much"}])
@pytest.mark.parametrize("kind", [Classification, MultiLabel, Regression])
def test_grids_and_shares_that_make_no_sense(kind: type[Classification], options: dict[str, object]) -> None:
    """The line names the option, its range and the value."""
    ((name, value),) = options.items()
    with pytest.raises(NetworkError, match=rf"the {name} of a .* head is a .* not {value!r}"):
        kind(3, **options)  # type: ignore[arg-type]
