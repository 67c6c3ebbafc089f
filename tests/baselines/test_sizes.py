"""Baselines of a size of your choice."""

from collections.abc import Callable

import pytest

from einspace import Architecture, EinSpace, baselines
from einspace.derivation import parse
from einspace.errors import NetworkError, SettingError, ShapeError
from einspace.grammar import einspace_grammar
from einspace.operations import Clone

SHAPE = (3, 32, 32)
Sized = Callable[..., Architecture]

SAME: dict[str, Callable[[], Architecture]] = {
    "resnet18": lambda: baselines.resnet(SHAPE),
    "resnet34": lambda: baselines.resnet(SHAPE, blocks=(3, 4, 6, 3)),
    "wrn16-4": lambda: baselines.wide_resnet(SHAPE),
    "wrn28-10": lambda: baselines.wide_resnet(SHAPE, depth=28, width=10),
    "densenet40": lambda: baselines.densenet(SHAPE),
    "vit": lambda: baselines.vit(SHAPE),
    "vit-tiny": lambda: baselines.vit(SHAPE, layers=2, width=64, head_width=16),
    "mlp-mixer": lambda: baselines.mixer(SHAPE),
    "mixer-tiny": lambda: baselines.mixer(SHAPE, layers=2, width=64),
    "resmlp": lambda: baselines.resmlp(SHAPE),
    "permutator": lambda: baselines.permutator(SHAPE),
    "gru-tiny": lambda: baselines.gru(SHAPE),
    "mamba-tiny": lambda: baselines.mamba(SHAPE),
}


@pytest.mark.parametrize("name", SAME)
def test_names_stand_for_sizes(name: str) -> None:
    """Every name but those whose stem has no stride is a case of its family's function, whose defaults are named."""
    assert SAME[name]() == baselines.get(name, SHAPE)
    assert set(baselines.names()) - SAME.keys() == {"resnet8", "resnet8-wide", "resnet14-flat"}


def test_sizes_change_what_they_name() -> None:
    """Parameters of a few sizes, counted by hand."""
    conv = 3 * 3 * 3 * 8 + 8 + 2 * 8  # 3x3 from 3 channels to 8, with its norm
    block = 2 * (3 * 3 * 8 * 8 + 8 + 2 * 8)
    assert baselines.resnet(SHAPE, blocks=(1,), width=8).parameters == conv + (3 * 3 * 8 * 8 + 8) + block
    attention, norms = 3 * 3 * (16 * 4 + 4) + (12 * 16 + 16), 2 * 2 * 16
    mlp = (16 * 40 + 40) + (40 * 16 + 16)
    embedding = (3 * 8 * 8 * 16 + 16) + 16 * 16
    vit = baselines.vit(SHAPE, layers=1, width=16, heads=3, head_width=4, hidden=40, patch=8)
    assert vit.parameters == embedding + attention + norms + mlp
    resmlp = baselines.resmlp(SHAPE, layers=1, width=4, patch=16)
    assert resmlp.parameters == (3 * 256 * 4 + 4) + 2 * (4 * 4 + 4) + (4 * 4 + 4) + (4 * 16 + 16) + (16 * 4 + 4)


@pytest.mark.parametrize("heads", [1, 2, 3, 4, 6, 8, 12])
def test_any_number_of_heads_is_read_back_and_mutated_like_any_derivation(heads: int) -> None:
    """A factor outside the option sets has one branch that is repeated, as 4 and 8 have (section 3.4); one head needs no branching."""
    architecture = baselines.vit(SHAPE, layers=1, width=16, heads=heads, head_width=4)
    factors = {node.terminal.b for node in architecture.node.walk() if isinstance(node.terminal, Clone)}
    assert factors == {2} | ({heads} if heads > 1 else set())
    assert parse(str(architecture), einspace_grammar()) == architecture.node
    from random import Random

    space = EinSpace(SHAPE)
    assert space.mutate(architecture, Random(heads)).key != architecture.key


@pytest.mark.parametrize("name", ["vit", "mixer", "resmlp", "permutator"])
def test_networks_over_patches_refuse_an_input_below_one(name: str) -> None:
    """The error names the operation that does not fit."""
    with pytest.raises(ShapeError, match=r"im2col\(k=16,s=16,p=0\)"):
        getattr(baselines, name)((1, 8, 32), patch=16)


@pytest.mark.parametrize("name", ["wide_resnet", "densenet", "permutator"])
def test_sequences_are_refused(name: str) -> None:
    """What convolves images alone takes no series."""
    with pytest.raises(NetworkError, match=rf"{name} takes images \(C, H, W\), but the input is \(24, 24\)"):
        getattr(baselines, name)((24, 24))


@pytest.mark.parametrize("name", ["vit", "mixer", "resmlp"])
def test_sequences_have_their_tokens(name: str) -> None:
    """What works on tokens takes those of a sequence: 24 of 24 features become 24 of the width."""
    assert getattr(baselines, name)((24, 24), layers=1, width=32).output.shape == (24, 32)


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda: baselines.wide_resnet(SHAPE, depth=17), "6 n \\+ 4, such as 16 or 22, not 17"),
        (lambda: baselines.wide_resnet(SHAPE, depth=4), "such as 10 or 16, not 4"),
        (lambda: baselines.wide_resnet(SHAPE, width=0), "width must be a whole number of at least 1, not 0"),
        (lambda: baselines.resnet(SHAPE, blocks=()), "blocks must hold one number or more"),
        (lambda: baselines.resnet(SHAPE, blocks=(2, 0)), "a number in blocks must be a whole number of at least 1, not 0"),
        (lambda: baselines.densenet(SHAPE, growth=-1), "growth must be a whole number of at least 1, not -1"),
        (lambda: baselines.vit(SHAPE, heads=0), "heads must be a whole number of at least 1, not 0"),
        (lambda: baselines.vit(SHAPE, hidden=0), "hidden must be a whole number of at least 1, not 0"),
        (lambda: baselines.mixer(SHAPE, layers=True), "layers must be a whole number of at least 1, not True"),
        (lambda: baselines.resmlp(SHAPE, patch=0), "patch must be a whole number of at least 1, not 0"),
        (lambda: baselines.permutator(SHAPE, width=20, segments=8), "8 does not divide 20"),
    ],
)
def test_a_size_that_a_network_cannot_have_is_refused(function: Callable[[], Architecture], message: str) -> None:
    """One line with the offending value and what is allowed."""
    with pytest.raises(SettingError, match=message):
        function()
