"""The space contains the networks of the introduction: each against plain PyTorch, with the same weights."""

import copy
from collections.abc import Callable

import pytest
import torch
from tests.plain import (
    PlainDenseNet,
    PlainMixer,
    PlainPermutator,
    PlainResMLP,
    PlainResNet,
    PlainResNet18,
    PlainSeriesResNet,
    PlainViT,
    PlainWideResNet,
    plain_gru,
    plain_lru,
    plain_mamba,
)
from tests.plain.weights import copy_weights, shake
from torch import nn

from einspace import Architecture, Classification, baselines, build
from einspace.networks import convert_state

Shape = tuple[int, ...]
Case = tuple[Architecture, nn.Module]

PAPER: dict[str, Callable[[Shape], nn.Module]] = {
    "resnet18": PlainResNet18,
    "wrn16-4": PlainWideResNet,
    "vit": PlainViT,
    "mlp-mixer": PlainMixer,
}


def _plain_resnet8(shape: Shape, width: int = 16) -> nn.Module:
    network = PlainResNet(shape, (1, 1, 1), (width, 2 * width, 4 * width))
    network.stem = nn.Sequential(*list(network.stem)[:3])  # without the strided convolution
    return network


def _plain_resnet14_flat(shape: Shape) -> nn.Module:
    network = PlainResNet(shape, (6,), (16,))
    network.stem = nn.Sequential(*list(network.stem)[:3])
    return network


NAMED: dict[str, Callable[[Shape], nn.Module]] = {
    **PAPER,
    "resnet34": lambda shape: PlainResNet(shape, (3, 4, 6, 3)),
    "densenet40": lambda shape: PlainDenseNet(shape, (12, 12, 12), 12, bottleneck=False),
    "resmlp": lambda shape: PlainResMLP(shape, layers=12, width=384, patch=4),
    "resnet8": _plain_resnet8,
    "resnet8-wide": lambda shape: _plain_resnet8(shape, 32),
    "resnet14-flat": _plain_resnet14_flat,
    "vit-tiny": lambda shape: PlainViT(shape, layers=2, width=64, heads=4, head_width=16, hidden=64),
    "mixer-tiny": lambda shape: PlainMixer(shape, layers=2, width=64),
    "permutator": lambda shape: PlainPermutator(shape, layers=8, width=256, segments=8, patch=4),
    "gru-tiny": plain_gru,
    "mamba-tiny": plain_mamba,
}
SIZED: dict[str, Callable[[Shape], Case]] = {
    "resnet": lambda shape: (baselines.resnet(shape, (1, 2, 1), 8), PlainResNet(shape, (1, 2, 1), (8, 16, 32))),
    "wrn-10-2": lambda shape: (baselines.wide_resnet(shape, 10, 2), PlainWideResNet(shape, 10, 2)),
    "wrn-22-1": lambda shape: (baselines.wide_resnet(shape, 22, 1), PlainWideResNet(shape, 22, 1)),
    "densenet-bc": lambda shape: (
        baselines.densenet(shape, (2, 3, 2), 8, bottleneck=True),
        PlainDenseNet(shape, (2, 3, 2), 8, bottleneck=True),
    ),
    "vit-1-head": lambda shape: (baselines.vit(shape, 1, 24, 1, 8, 48, 8), PlainViT(shape, 10, 1, 24, 1, 8, 48, 8)),
    "vit-2-heads": lambda shape: (baselines.vit(shape, 2, 32, 2, 16, 32, 8), PlainViT(shape, 10, 2, 32, 2, 16, 32, 8)),
    "vit-3-heads": lambda shape: (baselines.vit(shape, 2, 24, 3, 8, 96, 4), PlainViT(shape, 10, 2, 24, 3, 8, 96, 4)),
    "mixer": lambda shape: (baselines.mixer(shape, 2, 24, 4), PlainMixer(shape, 10, 2, 24, 4)),
    "resmlp": lambda shape: (baselines.resmlp(shape, 2, 24, 4), PlainResMLP(shape, 2, 24, 4)),
    "permutator-2": lambda shape: (baselines.permutator(shape, 2, 24, 2, 4), PlainPermutator(shape, 2, 24, 2, 4)),
    "gru": lambda shape: (baselines.gru(shape, 1, 12, 20, 8), plain_gru(shape, 8, 12, 1, 20)),
    "lru": lambda shape: (baselines.lru(shape, 2, 12, 16, 4), plain_lru(shape, 4, 12, 2, 16)),
    "mamba": lambda shape: (baselines.mamba(shape, 2, 12, 20, 8), plain_mamba(shape, 8, 12, 2, 20)),
    "permutator-3": lambda shape: (baselines.permutator(shape, 1, 24, 3, 8), PlainPermutator(shape, 1, 24, 3, 8)),
}
SHAPES: list[Shape] = [(3, 32, 32), (1, 28, 28), (2, 16, 52)]


def _outputs_and_gradients_agree(architecture: Architecture, plain: nn.Module, shape: Shape) -> None:
    """In double precision, in eval mode with the statistics of a training step, and in train mode."""
    plain = plain.double()
    shake(plain)
    network = build(architecture, Classification(10)).double()
    copy_weights(plain, architecture, network)
    for training in (True, False):
        x = torch.randn(3, *shape, dtype=torch.double)
        inputs = x.clone().requires_grad_(), x.clone().requires_grad_()
        ours, theirs = network.train(training)(inputs[0]), plain.train(training)(inputs[1])
        assert theirs.std() > 1e-3
        torch.testing.assert_close(ours, theirs, rtol=1e-8, atol=1e-8)
        for output in (ours, theirs):
            (output * torch.arange(1.0, 11.0)).sum().backward()
        assert inputs[1].grad is not None
        scale = inputs[1].grad.abs().max().item()
        torch.testing.assert_close(inputs[0].grad, inputs[1].grad, rtol=1e-6, atol=1e-8 * scale)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "shape"), [*((name, (3, 64, 64)) for name in PAPER), ("wrn28-10", (3, 16, 16))])
def test_baselines_equal_plain_networks_in_single_precision(name: str, shape: Shape) -> None:
    """To 1e-5 of the largest output, as anybody would compare two models: those of B.1 at their input, and the largest at a small one."""
    torch.manual_seed(0)
    architecture = baselines.get(name, shape)
    plain = PlainWideResNet(shape, 28, 10) if name == "wrn28-10" else PAPER[name](shape)
    shake(plain)
    network = build(architecture, Classification(10)).eval()
    copy_weights(plain, architecture, network)
    assert sum(p.numel() for p in plain.parameters()) == sum(p.numel() for p in network.parameters())
    x = torch.randn(2, *shape)
    with torch.no_grad():
        expected = plain.eval()(x)
        torch.testing.assert_close(network(x), expected, rtol=1e-5, atol=1e-5 * max(1.0, expected.abs().max().item()))


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMED)
def test_named_baselines_equal_plain_networks(name: str) -> None:
    """Outputs and gradients of the input, in train and in eval mode, at 28 x 28 pixels."""
    torch.manual_seed(1)
    shape = (1, 28, 28)
    _outputs_and_gradients_agree(baselines.get(name, shape), NAMED[name](shape), shape)


@pytest.mark.parametrize("shape", [(24, 6), (25, 1), (40, 12)], ids=str)
def test_a_residual_network_of_series_equals_a_plain_one(shape: Shape) -> None:
    """At (S, D) resnet8 convolves along the steps, with batch normalisation, at even and odd numbers of steps."""
    torch.manual_seed(3)
    plain = PlainSeriesResNet(shape, (16, 32, 64))
    architecture = baselines.get("resnet8", shape)
    assert architecture.output.shape == (-(-shape[0] // 4), 64)
    _outputs_and_gradients_agree(architecture, plain, shape)
    assert sum(p.numel() for p in plain.parameters()) == sum(p.numel() for p in build(architecture, Classification(10)).parameters())


@pytest.mark.parametrize("name", ["gru", "lru", "mamba"])
@pytest.mark.parametrize("shape", [(24, 6), (67, 1), (1, 3)], ids=str)
def test_a_recurrent_network_of_series_equals_a_plain_one(name: str, shape: Shape) -> None:
    """Step by step and in chunks, at lengths that fill the chunks and at others, down to a single token."""
    torch.manual_seed(3)
    _outputs_and_gradients_agree(*SIZED[name](shape), shape)


@pytest.mark.slow
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("name", SIZED)
def test_baselines_of_any_size_equal_plain_networks(name: str, shape: Shape) -> None:
    """Other depths, widths, heads, segments and patches, at square and oblong inputs, cropped ones among them."""
    torch.manual_seed(2)
    architecture, plain = SIZED[name](shape)
    _outputs_and_gradients_agree(architecture, plain, shape)


@pytest.mark.parametrize("name", SIZED)
def test_the_optimised_form_computes_what_was_derived(name: str) -> None:
    """So the plain network also equals the derivation run operation by operation, not only its simplified form."""
    torch.manual_seed(4)
    architecture, _ = SIZED[name]((2, 8, 24))
    derived, fast = build(architecture, optimize=False).double().eval(), build(architecture).double().eval()
    convert_state(derived, fast)
    x = torch.randn(2, 2, 8, 24, dtype=torch.double)
    torch.testing.assert_close(derived(x), fast(x), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("shape", [(1, 4, 8), (1, 8, 4), (1, 4, 4), (1, 8, 8)], ids=str)
@pytest.mark.parametrize("segments", [1, 2, 4])
def test_a_permutator_of_few_patches_equals_the_plain_one(shape: Shape, segments: int) -> None:
    """One and two patches in a row or a column, and one segment, are cases of their own in the derivation."""
    torch.manual_seed(3)
    plain = PlainPermutator(shape, 1, 16, segments, 4)
    _outputs_and_gradients_agree(baselines.permutator(shape, 1, 16, segments, 4), plain, shape)


def test_the_transition_of_densenet_is_its_pooling_only_at_even_sizes() -> None:
    """At odd sizes the space rounds up where the pooling of the authors rounds down."""
    shape = (1, 15, 15)
    assert baselines.densenet(shape, (1, 1), 8).output.shape == (16 + 16, 8, 8)
    assert PlainDenseNet(shape, (1, 1), 8, bottleneck=False).features(torch.randn(2, *shape)).shape == (2, 32, 7, 7)


def test_a_network_with_one_layer_too_many_is_told_apart() -> None:
    """The comparison can fail: another depth does not take the weights, and a shaken weight changes the output."""
    shape = (1, 28, 28)
    architecture, plain = baselines.vit(shape, 1, 24, 3, 8, 96, 4), PlainViT(shape, 10, 1, 24, 3, 8, 96, 4)
    with pytest.raises(RuntimeError, match="invalid for input of size"):
        copy_weights(PlainViT(shape, 10, 2, 24, 3, 8, 96, 4), architecture, build(architecture, Classification(10)))
    network = build(architecture, Classification(10)).eval()
    copy_weights(plain, architecture, network)
    other = copy.deepcopy(plain)
    shake(other)
    x = torch.randn(2, *shape)
    torch.testing.assert_close(network(x), plain.eval()(x), rtol=1e-5, atol=1e-5)
    assert not torch.allclose(network(x), other.eval()(x), rtol=1e-2)
