"""Networks: the optimised form computes what the plain form computes."""

import copy

import pytest
import torch
from tests.architectures import SHAPES, sampled
from tests.networks.comparison import compare
from tests.networks.own_layers import DROPPING, WEIGHTLESS
from tests.normal_form.test_normal_form import SAME
from torch import nn

from einspace import EinSpace, baselines
from einspace.errors import NetworkError
from einspace.networks import Classification, build, convert_state
from einspace.passes import Convolution


@pytest.mark.slow
@pytest.mark.parametrize("shape", SHAPES)
def test_simplified_and_plain_network_agree(shape: tuple[int, ...]) -> None:
    """Same weights, same outputs, same gradients of the input and of every weight."""
    torch.manual_seed(0)
    for architecture in sampled(shape, 25):
        compare(architecture)


@pytest.mark.parametrize("text", sorted({text for pair in SAME for text in pair}))
def test_every_identity_of_the_normal_form_is_one(text: str) -> None:
    """Whatever the normal form makes of these, it computes the same with the same weights."""
    torch.manual_seed(0)
    compare(EinSpace((4, 4, 4)).parse(text))


@pytest.mark.parametrize("name", ["resnet8", "vit-tiny", "mixer-tiny"])
def test_baselines_agree_with_their_plain_form(name: str) -> None:
    """Also the networks that people will start from."""
    torch.manual_seed(0)
    compare(baselines.get(name, (3, 16, 16)))


@pytest.mark.parametrize("option", [(1, 1, 0), (1, 2, 0), (3, 1, 1), (3, 2, 1), (4, 4, 0), (8, 8, 0), (16, 16, 0)])
@pytest.mark.parametrize("end", ["col2im", "identity"])
def test_every_im2col_becomes_the_convolution(option: tuple[int, int, int], end: str) -> None:
    """im2col, linear, col2im is Conv2d for every option of equations 18 to 20, and a patch embedding is one too (A.3)."""
    torch.manual_seed(0)
    text = "[im2col(k={},s={},p={}) linear(d=16) {}]".format(*option, end)
    architecture = EinSpace((8, 17, 16)).parse(text)
    compare(architecture)
    operations = [instruction.operation for instruction in architecture.graph().instructions]
    fused = any(isinstance(operation, Convolution) for operation in operations)
    assert fused == (end == "col2im" or option != (1, 1, 0))


def test_copies_of_a_repeated_branch_have_weights_of_their_own() -> None:
    """All inner functions start with separate parameters (section 3.4)."""
    network = build(EinSpace((5, 6)).parse("[clone(b=4) {[linear(d=16) [clone(b=4) {linear(d=16)} add]]} add]"))
    layers = [module for module in network.modules() if isinstance(module, nn.Linear)]
    assert len(layers) == 4 + 16
    assert len({layer.weight.data_ptr() for layer in layers}) == 20
    assert not any(torch.equal(a.weight, b.weight) for a in layers[4:] for b in layers[4:] if a is not b)


def test_classification_head_in_both_modes() -> None:
    """B.1: the mean over all but the channels, and a linear map; the literal formula averages over D instead."""
    image = build(EinSpace((6, 4, 4)).parse("[relu relu]"), Classification(classes=10))
    assert image(torch.randn(2, 6, 4, 4)).shape == (2, 10)
    assert image.head.linear.in_features == 6  # type: ignore[union-attr]
    tokens = EinSpace((5, 7)).parse("[relu relu]")
    assert build(tokens, Classification(10)).head.linear.in_features == 7  # type: ignore[union-attr]
    assert build(tokens, Classification(10, pool="paper")).head.linear.in_features == 5  # type: ignore[union-attr]
    with pytest.raises(NetworkError, match="'max'"):
        Classification(10, pool="max")
    with pytest.raises(NetworkError, match="at least one class"):
        Classification(0)


def test_networks_are_ordinary_modules() -> None:
    """deepcopy, state_dict and strict loading work as for any nn.Module."""
    network = build(baselines.get("resnet8", (3, 8, 8)), Classification(10)).eval()
    other = copy.deepcopy(network)
    x = torch.randn(2, 3, 8, 8)
    assert torch.equal(network(x), other(x))
    fresh = build(baselines.get("resnet8", (3, 8, 8)), Classification(10)).eval()
    fresh.load_state_dict(network.state_dict())
    assert torch.equal(network(x), fresh(x))


def test_weights_of_another_architecture_are_named() -> None:
    """Missing, extra and mis-shaped entries are told apart."""
    space = EinSpace((4, 4))
    with pytest.raises(NetworkError, match=r"missing linear_1\.bias.*extra norm_1\.bias"):
        convert_state(build(space.parse("[relu norm]")), build(space.parse("[relu linear(d=4)]")))
    with pytest.raises(NetworkError, match=r"mis-shaped linear_1"):
        convert_state(build(space.parse("[relu linear(d=8)]")), build(space.parse("[relu linear(d=4)]")))


@pytest.mark.parametrize("optimize", [True, False])
@pytest.mark.parametrize("operation", [operation.name for operation in DROPPING])
def test_an_own_layer_without_weights_knows_when_training_ends(operation: str, optimize: bool) -> None:
    """Dropout of a user's is random in training, and does nothing in evaluation, also after both in turn."""
    architecture = EinSpace((3, 8, 8), grammar=WEIGHTLESS).parse(f"[{operation} identity]")
    network, x = build(architecture, optimize=optimize), torch.rand(64, 3, 8, 8)
    for _ in range(2):
        assert not torch.equal(network.train()(x), x)
        assert torch.equal(network.eval()(x), x)
    assert not network.state_dict()


def test_an_own_layer_without_weights_may_look_at_its_input() -> None:
    """It is called as it is, so it need not be traced: a norm of torch's reads the shape."""
    network = build(EinSpace((3, 8, 8), grammar=WEIGHTLESS).parse("[standard relu]"))
    x = torch.randn(4, 3, 8, 8)
    torch.testing.assert_close(network(x), nn.functional.leaky_relu(nn.InstanceNorm2d(3)(x)))
