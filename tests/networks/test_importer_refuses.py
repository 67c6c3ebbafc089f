"""What cannot be read of a module of PyTorch as an architecture is refused, with every layer and the reason."""

import warnings
from typing import Any

import pytest
import torch
from tests.networks.test_importer import Call, linears
from torch import Tensor, fx, nn
from torch.nn import functional
from torch.nn.utils import parametrizations, prune

from einspace.errors import NetworkError
from einspace.networks.importer import from_module


def relu(x: Tensor) -> Tensor:
    """A function of the user's that is called as one of PyTorch's."""
    return 3 * x


fx.wrap("relu")


def test_all_layers_that_do_not_fit_are_named() -> None:
    """Not the first alone: qualified name, type, reason and a hint for each."""
    features = nn.Sequential(
        nn.Conv2d(4, 8, 3, groups=2),
        nn.Conv2d(8, 8, (3, 1), dilation=2, padding_mode="reflect"),
        nn.GELU(),
        nn.MaxPool2d(2),
        nn.BatchNorm2d(8, eps=1e-3, momentum=0.01),
        nn.LeakyReLU(0.2),
    )
    module = Call(lambda m, x: m.rnn(functional.silu(m.features(x)).flatten(2))[0], features=features, rnn=nn.LSTM(42, 5, batch_first=True))
    with pytest.raises(NetworkError) as caught:
        from_module(module, (4, 18, 16))
    first, *lines = str(caught.value).splitlines()
    assert first == "8 layers of Call do not fit the space:"
    wanted = [
        r"features.0 (Conv2d): groups must be 1, not 2",
        r"features.1 (Conv2d): the kernel must be square, not 3x1, and dilation must be 1, not 2, and it must be padded with zeros",
        r"features.2 (GELU): the space's activation is LeakyReLU(0.01)",
        r"features.3 (MaxPool2d): pooling is not in the space: use a convolution with a stride",
        r"features.4 (BatchNorm2d): eps must be 1e-05, not 0.001, and momentum must be 0.1, not 0.01",
        r"features.5 (LeakyReLU): the slope must be 0.01, not 0.2",
        r"silu(): the space's activation is LeakyReLU(0.01)",
        r"rnn (LSTM): recurrence is not in the space",
    ]
    assert len(lines) == len(wanted)
    for line, start in zip(lines, wanted, strict=True):
        assert line.strip().startswith(start)


def pruned(layer: nn.Module) -> nn.Module:
    """A layer with half of its weights."""
    prune.l1_unstructured(layer, "weight", 0.5)  # type: ignore[no-untyped-call]
    return layer


def normed(layer: nn.Module) -> nn.Module:
    """A layer whose weight is a length and a direction, as the older function of PyTorch has it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        return nn.utils.weight_norm(layer)


def hooked(layer: nn.Module) -> nn.Module:
    layer.register_forward_hook(lambda layer, inputs, output: 2 * output)
    return layer


def added(m: Any, x: Tensor) -> Tensor:
    """A skip connection that the addition in place changes too."""
    x = m.a(x)
    skip = x
    x += m.b(x)
    return m.c(x) + skip  # type: ignore[no-any-return]


def added_to_a_view(m: Any, x: Tensor) -> Tensor:
    """As above, but the layer between is one that returns what it is given."""
    x = m.a(x)
    skip = m.same(x)
    x += m.b(x)
    return m.c(x) + skip  # type: ignore[no-any-return]


def doubled(m: Any, x: Tensor) -> Tensor:
    """A value doubled in place, and the result of that thrown away."""
    x = m.a(x)
    twice = x
    twice *= 2
    return m.b(x) + x  # type: ignore[no-any-return]


def crossed(m: Any, x: Tensor) -> Tensor:
    """A value that two branches share, which a derivation cannot say."""
    first = m.a(x)
    return m.b(first) + (first + x)  # type: ignore[no-any-return]


REFUSED: list[tuple[nn.Module, tuple[int, ...], str]] = [
    (Call(lambda m, x: m.f(x) if x.sum() > 0 else x, f=nn.Linear(4, 4)), (3, 4), "cannot be traced.*must not depend on a value"),
    (Call(crossed, a=nn.Linear(4, 4), b=nn.Linear(4, 4)), (3, 4), r"add.*two of its branches share a \(Linear\)"),
    (Call(lambda m, x: m.f(m.f(x)), f=nn.Linear(4, 4)), (3, 4), r"f \(Linear\): shares weights with f"),
    (nn.Sequential(nn.Flatten(), nn.Linear(24, 4), nn.LeakyReLU()), (1, 4, 6), r"0 \(Flatten\)|image of 4x6"),
    (nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.LeakyReLU()), (3, 4, 4), r"0 \(AdaptiveAvgPool2d\): pooling"),
    (Call(lambda m, x: m.f(x) + 1, f=nn.Linear(4, 4)), (3, 4), "a number cannot be added"),
    (Call(lambda m, x: m.f(x) + x[:, :1], f=nn.Linear(4, 4)), (3, 4), "parts of a tensor"),
    (Call(lambda m, x: m.f(x) * m.g, f=nn.Linear(4, 4), g=nn.Parameter(torch.ones(()))), (3, 4), r"mul\(\)"),
    (Call(lambda m, x: m.f(x) + m.g, f=nn.Linear(4, 4), g=nn.Parameter(torch.ones(4))), (3, 4), "one for each element"),
    (Call(lambda m, x: m.f(x).view(-1, 12).relu(), f=nn.Linear(4, 4)), (3, 4), r"view\(\).*cannot become"),
    (Call(lambda m, x: m.f(x).transpose(0, 1), f=nn.Linear(4, 4)), (3, 4), "batch axis"),
    (Call(lambda m, x: functional.relu_(y := m.f(x)) + y, f=nn.Linear(4, 4)), (3, 4), "changes in place"),
    (Call(lambda m, x: functional.linear(x, m.f.weight), f=nn.Linear(4, 4)), (3, 4), "use the module of torch.nn"),
    (Call(lambda m, x: (x, m.f(x)), f=nn.Linear(4, 4)), (3, 4), "gives no single tensor"),
    (Call(lambda m, x: relu(m.f(x)), f=nn.Linear(4, 4)), (3, 4), r"test_importer_refuses.relu\(\): nothing in the space"),
    (nn.Sequential(hooked(nn.Linear(4, 4)), nn.LeakyReLU()), (3, 4), r"0 \(Linear\): has hooks"),
    (nn.Sequential(nn.Flatten(), hooked(nn.Linear(4, 3))), (1, 2, 2), r"1 \(Linear\): has hooks"),
    (nn.Sequential(hooked(nn.AdaptiveAvgPool2d(1)), nn.Flatten(), nn.Linear(4, 3)), (4, 2, 2), r"0 \(AdaptiveAvgPool2d\): has hooks"),
    (nn.Sequential(nn.AdaptiveAvgPool2d(1), hooked(nn.Flatten()), nn.Linear(4, 3)), (4, 2, 2), r"1 \(Flatten\): has hooks"),
    (nn.Sequential(nn.AdaptiveAvgPool2d(1), hooked(nn.Dropout()), nn.Flatten(), nn.Linear(4, 3)), (4, 2, 2), r"1 \(Dropout\): has hooks"),
    (hooked(nn.Sequential(nn.Linear(4, 4), nn.LeakyReLU())), (3, 4), "Sequential has hooks.*wrap it"),
    (nn.Sequential(pruned(nn.Linear(4, 4))), (3, 4), r"0 \(Linear\): its weight is pruned: .*prune\.remove\(layer, 'weight'\)"),
    (pruned(nn.Linear(4, 4)), (3, 4), r"\(Linear\): its weight is pruned: .*prune\.remove\(layer, 'weight'\)"),
    (
        nn.Sequential(parametrizations.weight_norm(nn.Linear(4, 4))),
        (3, 4),
        r"0 \(ParametrizedLinear\): its weight is parametrized: .*parametrize\.remove_parametrizations\(layer, 'weight'\)",
    ),
    (nn.Sequential(nn.Flatten(), parametrizations.orthogonal(nn.Linear(4, 3))), (1, 2, 2), r"1 \(ParametrizedLinear\): its weight is par"),
    (nn.Sequential(normed(nn.Linear(4, 4))), (3, 4), r"0 \(Linear\): its weight is normalised: .*remove_weight_norm\(layer, 'weight'\)"),
    (
        nn.Sequential(nn.Flatten(), nn.utils.spectral_norm(nn.Linear(4, 3))),
        (1, 2, 2),
        r"1 \(Linear\): its weight is normalised: .*remove_spectral_norm",
    ),
    (Call(lambda m, x: m.f(m.f(x.flatten(1)).relu()), f=nn.Linear(4, 4)), (1, 2, 2), r"f \(Linear\): shares weights with f"),
    (Call(added, **linears()), (3, 4), r"iadd\(\): changes in place what is read again"),
    (Call(added_to_a_view, **linears(same=nn.Identity())), (3, 4), r"iadd\(\): changes in place"),
    (Call(added_to_a_view, **linears(same=nn.Flatten(2))), (3, 4), r"iadd\(\): changes in place"),
    (Call(doubled, **linears()), (3, 4), r"imul\(\): changes in place"),
    (nn.Bilinear(4, 4, 4), (3, 4), "needs one input, not 2"),
    (nn.Sequential(nn.Linear(5, 4)), (3, 4), r"fails at the input \(3, 4\) in 0"),
    (nn.Sequential(nn.Linear(5, 4)), (5,), r"one token, \(1, 5\)"),
    (nn.Sequential(nn.Conv2d(3, 3, 3), nn.LayerNorm(6)), (3, 8, 8), r"1 \(LayerNorm\): the space has BatchNorm2d"),
]


@pytest.mark.parametrize(("module", "shape", "line"), REFUSED)
def test_what_cannot_be_read_is_refused(module: nn.Module, shape: tuple[int, ...], line: str) -> None:
    """No network is ever read as another one than it is."""
    with pytest.raises(NetworkError, match=line):
        from_module(module, shape)
