"""Import: a user's network becomes an architecture that computes the same, or is refused by the names of its layers."""

import copy
import re
from collections.abc import Callable
from random import Random
from typing import Any

import pytest
import torch
from tests.architectures import SHAPES, sampled
from torch import Tensor, nn
from torch.nn import functional

import einspace
from einspace import baselines
from einspace.errors import NetworkError
from einspace.networks import Classification, build, from_module


class Call(nn.Module):
    """A module whose forward is a function of it and x."""

    def __init__(self, function: Callable[..., Any], **layers: nn.Module | nn.Parameter) -> None:
        super().__init__()
        self.function = function
        for name, layer in layers.items():
            setattr(self, name, layer)

    def forward(self, x: Tensor) -> Any:
        return self.function(self, x)


def linears(**more: nn.Module | nn.Parameter) -> dict[str, Any]:
    return {name: nn.Linear(4, 4) for name in "abc"} | more


class Block(nn.Module):
    """A BasicBlock as in torchvision."""

    def __init__(self, channels: int, width: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, width, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(width, width, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.downsample = None
        if stride != 1 or channels != width:
            self.downsample = nn.Sequential(nn.Conv2d(channels, width, 1, stride, bias=False), nn.BatchNorm2d(width))

    def forward(self, x: Tensor) -> Tensor:
        identity = x
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        if self.downsample is not None:
            identity = self.downsample(x)
        out += identity
        return self.relu(out)  # type: ignore[no-any-return]


def resnet() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, 1, 1, bias=False),
        nn.BatchNorm2d(8),
        nn.ReLU(inplace=True),
        Block(8, 8, 1),
        Block(8, 16, 2),
        Block(16, 16, 1),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(16, 10),
    )


def plain() -> nn.Module:
    """VGG without its pooling, and with a classifier on all pixels."""
    layers: list[nn.Module] = []
    for channels, width in ((3, 8), (8, 16), (16, 32)):
        layers += [nn.Conv2d(channels, width, 3, 2, "valid" if width == 32 else 1), nn.BatchNorm2d(width), nn.LeakyReLU(0.01)]
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(32, 24), nn.LeakyReLU(), nn.Dropout(0.0), nn.Linear(24, 10))


def digits() -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 32), nn.LeakyReLU(0.01), nn.LayerNorm(32), nn.Linear(32, 10))


def pre_norm() -> nn.Module:
    def block(m: Any, x: Tensor) -> Tensor:
        return torch.add(x, m.mlp(m.norm(x)))

    blocks = [Call(block, norm=nn.LayerNorm(12), mlp=nn.Sequential(nn.Linear(12, 20), nn.LeakyReLU(), nn.Linear(20, 12))) for _ in range(3)]
    return nn.Sequential(*blocks)


def dense() -> nn.Module:
    """All earlier features are concatenated anew before each convolution, as in a DenseNet."""

    def forward(m: Any, x: Tensor) -> Tensor:
        features = [x]
        for conv in (m.a, m.b, m.c):
            features.append(functional.leaky_relu(conv(torch.cat(features, 1))))
        return m.out(torch.cat(features, dim=-3).mean((-1, -2)))  # type: ignore[no-any-return]

    a, b, c = nn.Conv2d(3, 4, 3, padding=1), nn.Conv2d(7, 4, 3, padding="same"), nn.Conv2d(11, 5, 1)
    return Call(forward, a=a, b=b, c=c, out=nn.Linear(16, 3))


def mixer() -> nn.Module:
    """A patch embedding with positions, and mixing over tokens between transposes."""

    def forward(m: Any, x: Tensor) -> Tensor:
        x = m.patch(x).flatten(2).transpose(1, 2) + m.position
        x = x + m.tokens(m.norm1(x).transpose(1, 2)).permute(0, 2, 1)
        x = m.channels(m.norm2(x)) + x
        return m.out(x.mean(dim=1))  # type: ignore[no-any-return]

    return Call(
        forward,
        patch=nn.Conv2d(3, 12, 4, 4),
        position=nn.Parameter(torch.randn(1, 16, 12)),
        norm1=nn.LayerNorm(12),
        tokens=nn.Sequential(nn.Linear(16, 8), nn.LeakyReLU(), nn.Linear(8, 16)),
        norm2=nn.LayerNorm(12),
        channels=nn.Sequential(nn.Linear(12, 24), nn.LeakyReLU(), nn.Linear(24, 12)),
        out=nn.Linear(12, 10),
    )


def nested() -> nn.Module:
    """A module with branches in its branches, three of them summed by Python's sum, and a view as people write it."""

    def forward(m: Any, x: Tensor) -> Tensor:
        stem = m.a(x)
        inner = functional.leaky_relu(m.b(stem)) + stem
        outer = sum([m.c(inner).add(inner), m.d(stem), stem])
        pooled = functional.avg_pool2d(torch.concat([outer, m.e(outer)], 1), 8)
        return m.out(pooled.view(pooled.size(0), -1))  # type: ignore[no-any-return]

    def conv(channels: int) -> nn.Module:
        return nn.Conv2d(channels, 4, 3, padding=1)

    return Call(forward, a=conv(3), b=conv(4), c=conv(4), d=conv(4), e=conv(4), out=nn.Linear(8, 5))


def vectors() -> nn.Module:
    """Branches of vectors, concatenated, whose transposes of images meet a linear layer over the rows."""

    def forward(m: Any, x: Tensor) -> Tensor:
        x = m.rows(x.transpose(-1, -2)).permute((0, 1, 3, 2)).contiguous().reshape(x.shape[0], -1)
        return m.out(torch.cat((m.a(x), x, m.b(x)), -1))  # type: ignore[no-any-return]

    return Call(forward, rows=nn.Linear(8, 8), a=nn.Linear(64, 5), b=nn.Linear(64, 3), out=nn.Linear(72, 4))


Make = Callable[[], nn.Module]

NETWORKS: list[tuple[Make, tuple[int, ...]]] = [
    (resnet, (3, 16, 16)),
    (plain, (3, 12, 12)),
    (digits, (1, 8, 8)),
    (pre_norm, (7, 12)),
    (dense, (3, 9, 5)),
    (mixer, (3, 16, 16)),
    (nested, (3, 8, 8)),
    (vectors, (1, 8, 8)),
]


def with_leaky_relus(module: nn.Module) -> nn.Module:
    """A copy whose relus have the slope of the space."""
    module = copy.deepcopy(module)
    for parent in module.modules():
        for name, child in parent.named_children():
            if isinstance(child, nn.ReLU):
                setattr(parent, name, nn.LeakyReLU(0.01))
    return module


def randomised(module: nn.Module) -> nn.Module:
    """Norms, too, start with weights and statistics that are not the default."""
    torch.manual_seed(0)
    for layer in module.modules():
        if isinstance(layer, nn.BatchNorm2d | nn.LayerNorm):
            nn.init.uniform_(layer.weight, 0.5, 2)
            nn.init.normal_(layer.bias)
        if isinstance(layer, nn.BatchNorm2d):
            assert layer.running_mean is not None
            assert layer.running_var is not None
            nn.init.normal_(layer.running_mean)
            nn.init.uniform_(layer.running_var, 0.5, 2)
    return module


@pytest.mark.parametrize(("network", "shape"), NETWORKS)
@pytest.mark.parametrize("optimize", [True, False])
def test_the_imported_network_computes_what_the_module_computes(network: Make, shape: tuple[int, ...], optimize: bool) -> None:
    """Same outputs, in training and in evaluation after it, once relus have the slope of the space; and the same gradients."""
    module = with_leaky_relus(randomised(network())).double()
    ours = from_module(module, shape).network(optimize)
    x = torch.randn(5, *shape, dtype=torch.double)
    for mode in (True, False):
        inputs = x.clone().requires_grad_(), x.clone().requires_grad_()
        outputs = module.train(mode)(inputs[0]), ours.train(mode)(inputs[1])
        torch.testing.assert_close(outputs[1], outputs[0], rtol=1e-9, atol=1e-9)
        for output in outputs:
            output.square().sum().backward()
        torch.testing.assert_close(inputs[1].grad, inputs[0].grad, rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize(("network", "shape"), NETWORKS)
def test_parameters_are_the_module_s_where_all_layers_have_biases(network: Make, shape: tuple[int, ...]) -> None:
    """What is copied is all there is, but for the biases that a convolution without them gets, which the notes name."""
    module = network()
    imported = from_module(module, shape)
    added = sum(layer.out_channels for layer in module.modules() if isinstance(layer, nn.Conv2d) and layer.bias is None)
    assert sum(p.numel() for p in imported.network().parameters()) == sum(p.numel() for p in module.parameters()) + added
    assert bool(added) == any("ours has a bias" in note for note in imported.notes)


def test_what_is_near_but_not_equal_is_noted() -> None:
    """One line for each kind: relus, biases, dropout."""
    layers: Any = resnet()
    imported = from_module(nn.Sequential(*layers[:-2], nn.Dropout(0.5), nn.Flatten(), nn.Linear(16, 2, bias=False)), (3, 16, 16))
    assert imported.notes == (
        "0 (Conv2d), 3.conv1 (Conv2d), 3.conv2 (Conv2d), 4.conv1 (Conv2d) and 5 more: ours has a bias, which starts at zero",
        "2 (ReLU), 3.relu (ReLU), 4.relu (ReLU), 5.relu (ReLU): relu became a leaky relu of slope 0.01, which is near but not equal",
        "7 (Dropout): dropout is left out",
    )
    assert from_module(nn.Sequential(nn.Linear(4, 4), nn.LeakyReLU()), (3, 4)).notes == ()


def test_frozen_weights_are_noted() -> None:
    """What is fixed in the module, be it a layer, a table of positions or the classifier, is trained in ours, and the note names it."""

    def forward(m: Any, x: Tensor) -> Tensor:
        return m.out(m.b(m.a(x) + m.position).flatten(1))  # type: ignore[no-any-return]

    layers = linears(position=nn.Parameter(torch.ones(1, 4), requires_grad=False), out=nn.Linear(4, 2))
    module = Call(forward, **layers)
    layers["a"].weight.requires_grad_(requires_grad=False)
    layers["out"].requires_grad_(requires_grad=False)
    assert from_module(module, (1, 4)).notes == ("a (Linear), position (Parameter), out (Linear): frozen there, ours is trained",)


def accumulated(m: Any, x: Tensor) -> Tensor:
    """A sum that begins at zero, as people write it."""
    total: Any = 0
    for layer in (m.a, m.b, m.c):
        total += layer(x)
    return total  # type: ignore[no-any-return]


def shortcut(m: Any, x: Tensor) -> Tensor:
    """The changed value is the input of both branches, but nothing reads it again."""
    x = m.a(x)
    out = m.same(x)
    out += m.b(x)
    out += m.position
    return m.c(out)  # type: ignore[no-any-return]


def shaped(m: Any, x: Tensor) -> Tensor:
    """Of the changed value, only the shape is read again; and a number that is changed is another number."""
    y = z = m.a(x)
    kept = rows = x.shape[0]
    rows *= 2
    z += m.b(x)
    return m.c(z).view(kept, y.size(1), -1)  # type: ignore[no-any-return]


@pytest.mark.parametrize("function", [accumulated, shortcut, shaped])
def test_what_is_changed_in_place_and_not_read_again_is_read(function: Callable[[Any, Tensor], Tensor]) -> None:
    """`x += y` is a sum, with the outputs of the module."""
    module = Call(function, **linears(same=nn.Identity(), position=nn.Parameter(torch.randn(3, 4))))
    imported = from_module(module, (3, 4))
    x = torch.randn(5, 3, 4)
    torch.testing.assert_close(imported.network()(x), module(x))
    assert imported.notes == ()


def test_hooks_of_the_whole_module_are_traced_within_another() -> None:
    """What the refusal of a module with hooks advises keeps what they do."""
    module = nn.Sequential(nn.Linear(4, 4), nn.LeakyReLU())
    module.register_forward_hook(lambda layer, inputs, output: functional.leaky_relu(output))
    wrapped = nn.Sequential(module)
    x = torch.randn(5, 3, 4)
    torch.testing.assert_close(from_module(wrapped, (3, 4)).network()(x), module(x))
    assert str(from_module(wrapped, (3, 4)).architecture) == "[[linear(d=4) relu] relu]"


def test_heads_are_cut_off() -> None:
    """The last linear layer and the global average before it are the head; a module without them is a backbone."""
    image = nn.Conv2d(3, 6, 3)
    cases: list[tuple[nn.Module, tuple[int, ...], Classification | None, tuple[int, ...]]] = [
        (resnet(), (3, 16, 16), Classification(10), (16, 8, 8)),
        (nn.Sequential(image, nn.AvgPool2d(6), nn.Dropout(0.5), nn.Flatten(), nn.Linear(6, 3)), (3, 8, 8), Classification(3), (6, 6, 6)),
        (digits(), (1, 8, 8), Classification(10), (1, 32)),
        (nn.Sequential(nn.Flatten(), nn.Linear(64, 10)), (1, 8, 8), Classification(10), (1, 64)),
        (mixer(), (3, 16, 16), Classification(10), (16, 12)),
        (Call(lambda m, x: m.out(m.f(x).mean(-1)), f=nn.Linear(4, 4), out=nn.Linear(5, 2)), (5, 4), Classification(2, "paper"), (5, 4)),
        (nn.Sequential(image, nn.LeakyReLU()), (3, 8, 8), None, (6, 6, 6)),
        (pre_norm(), (7, 12), None, (7, 12)),
    ]
    for module, shape, head, output in cases:
        imported = from_module(module, shape)
        assert (imported.head, imported.architecture.output.shape) == (head, output)
        x = torch.randn(2, *shape)
        wanted = with_leaky_relus(module).eval()(x)
        torch.testing.assert_close(from_module(with_leaky_relus(module).eval(), shape).network()(x), wanted, rtol=1e-4, atol=1e-5)


def test_a_pixel_embedding_and_a_token_mlp_are_written_as_in_the_baselines() -> None:
    """Modules that people write have the texts that the grammar has for them, so that mutation meets them whole."""
    text = str(from_module(mixer(), (3, 16, 16)).architecture)
    assert text.startswith("[[[im2col(k=4,s=4,p=0) linear(d=12) identity] pos-enc] ")
    assert "[permute(o=(2,1)) [[linear(d=8) relu] linear(d=16)] permute(o=(2,1))]" in text
    space = einspace.EinSpace((3, 16, 16))
    assert str(space.parse(text)) == text


def test_an_imported_architecture_has_mutants() -> None:
    """Terminals outside the option sets are part of the space all the same."""
    space = einspace.EinSpace((3, 16, 16))
    architecture = from_module(resnet(), (3, 16, 16)).architecture
    for seed in range(5):
        child = space.mutate(architecture, Random(seed))
        assert child.key != architecture.key
        assert space.parse(str(child)) == child


@pytest.mark.parametrize("name", ["resnet8", "wrn16-4", "mixer-tiny", "mlp-mixer"])
def test_networks_of_ours_come_back(name: str) -> None:
    """What `build` makes of an architecture is read as an architecture of the same key."""
    architecture = baselines.get(name, (3, 16, 16))
    imported = from_module(build(architecture, Classification(10)), (3, 16, 16))
    assert imported.architecture.key == architecture.key
    assert imported.head == Classification(10)
    assert imported.notes == ()


@pytest.mark.slow
@pytest.mark.parametrize("shape", [shape for shape in SHAPES if shape != (1, 1, 1)])
def test_what_is_read_of_random_networks_is_what_they_are(shape: tuple[int, ...]) -> None:
    """Of any network of the space, what is read has its key and its outputs, and what is not is refused by name.

    At (1, 1, 1) a transpose changes nothing, so there the same network has several keys.
    """
    torch.manual_seed(0)
    read = 0
    for architecture in sampled(shape, 20):
        network = build(architecture).eval()
        try:
            imported = from_module(network, shape)
        except NetworkError as error:
            assert re.search(r"(chunk|softmax|unfold|unflatten|matmul|getitem|flatten|mul)\(\)", str(error))  # noqa: PT017 - some are read
            continue
        read += 1
        assert imported.architecture.key == architecture.key
        x = torch.randn(2, *shape)
        torch.testing.assert_close(imported.network()(x), network(x), rtol=1e-4, atol=1e-5)
    assert read >= 5


def test_the_module_stays_as_it_is() -> None:
    """Neither its weights, nor its statistics, nor its mode change, and the network's weights are copies of those that it has then."""
    module = randomised(resnet()).train()
    before = {name: value.clone() for name, value in module.state_dict().items()}
    imported = from_module(module, (3, 16, 16))
    network = imported.network()
    assert network.training
    network(torch.randn(4, 3, 16, 16)).sum().backward()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(1)
    assert module.training
    assert all(torch.equal(value, before[name]) for name, value in module.state_dict().items())
    nn.init.zeros_(module[-1].weight)  # type: ignore[index]
    head: Any = imported.network().head
    assert not head.linear.weight.any()
