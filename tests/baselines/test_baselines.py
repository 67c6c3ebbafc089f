"""The baselines against the figures of the paper (B.1) and of the design."""

import pytest
import torch

from einspace import baselines
from einspace.derivation import text
from einspace.errors import GrammarError, NetworkError, ShapeError, UnknownNameError
from einspace.features import Feature
from einspace.grammar import PAPER_GRAMMAR, WIDEST_GRAMMAR
from einspace.networks import build
from einspace.operations import OPERATIONS, Im2col, Linear
from einspace.space import EinSpace

SHAPES = [(3, 64, 64), (3, 28, 28), (1, 24, 24), (3, 32, 32), (1, 27, 18), (1, 64, 128), (12, 18, 18), (1, 16, 52), (1, 85, 85)]

PAPER = ("resnet18", "wrn16-4", "vit", "mlp-mixer")

RECURRENT = ("gru-tiny", "mamba-tiny")


@pytest.mark.parametrize(
    ("name", "shape", "parameters", "output"),
    [
        ("resnet18", (3, 64, 64), 11_210_560, (512, 4, 4)),
        ("wrn16-4", (3, 64, 64), 2_748_576, (256, 16, 16)),
        ("vit", (3, 64, 64), 4_367_872, (256, 512)),
        ("mlp-mixer", (3, 64, 64), 6_472_192, (256, 512)),
        ("resnet18", (3, 28, 28), 11_210_560, (512, 2, 2)),
        ("wrn16-4", (3, 28, 28), 2_748_576, (256, 7, 7)),
        ("vit", (3, 28, 28), 4_261_888, (49, 512)),
        ("mlp-mixer", (3, 28, 28), 2_317_288, (49, 512)),
    ],
)
def test_baselines_of_the_paper_have_its_parameter_counts(
    name: str, shape: tuple[int, ...], parameters: int, output: tuple[int, ...]
) -> None:
    """B.1: 11.2M, 2.8M, 4.4M and 6.5M parameters at (3, 64, 64); here to the last parameter."""
    architecture = baselines.get(name, shape)
    assert architecture.parameters == parameters
    assert architecture.output.shape == output


@pytest.mark.parametrize(
    ("name", "parameters", "output"),
    [
        ("resnet34", 21_322_432, (512, 4, 4)),
        ("wrn28-10", 36_482_880, (640, 16, 16)),
        ("densenet40", 1_960_272, (448, 16, 16)),
        ("resmlp", 18_535_296, (256, 384)),
        ("permutator", 5_025_032, (256, 256)),
    ],
)
def test_baselines_of_the_introduction_have_the_sizes_of_their_papers(name: str, parameters: int, output: tuple[int, ...]) -> None:
    """ResNet34 has 21.3M, WRN-28-10 36.5M as in their papers; the other three have the layers named in decision 012."""
    architecture = baselines.get(name, (3, 64, 64))
    assert architecture.parameters == parameters
    assert architecture.output.shape == output


def test_parameters_with_a_head_of_ten_classes() -> None:
    """A linear head over the channels or over D gives the totals of the design: 513 or 257 more for each class."""
    totals = {"resnet18": 11_215_690, "wrn16-4": 2_751_146, "vit": 4_373_002, "mlp-mixer": 6_477_322}
    for name, total in totals.items():
        architecture = baselines.get(name, (3, 64, 64))
        shape = architecture.output.shape
        width = shape[0] if len(shape) == 3 else shape[-1]
        assert architecture.parameters + Linear(10).parameters((Feature((1, width)),)) == total


@pytest.mark.slow
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("name", baselines.names())
def test_every_baseline_builds_at_every_input(name: str, shape: tuple[int, ...]) -> None:
    """Every baseline fits every input shape of the tasks, and its text is read back in its grammar as the same architecture."""
    architecture = baselines.get(name, shape)
    assert architecture.input.shape == shape
    assert architecture.output.elements > 0
    for grammar in (WIDEST_GRAMMAR,) if name in RECURRENT else (PAPER_GRAMMAR, WIDEST_GRAMMAR):
        assert baselines.within(EinSpace(shape, grammar=grammar), name) == architecture


def test_a_search_that_asks_again_reads_no_baseline_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither one that its grammar derives nor one that it does not; each is an architecture of its own, with a memory of its own."""
    space = EinSpace((3, 16, 16))
    first = baselines.within(space, "resnet8")
    with pytest.raises(GrammarError, match="gru-tiny is not an architecture of this grammar: "):
        baselines.within(space, "gru-tiny")
    monkeypatch.setattr(baselines, "parse", None)
    again = baselines.within(space, "resnet8")
    assert again is not first
    assert (again, again.parameters, again.output) == (first, first.parameters, first.output)
    with pytest.raises(GrammarError, match="gru-tiny is not an architecture of this grammar: "):
        baselines.within(space, "gru-tiny")


@pytest.mark.parametrize("name", PAPER)
def test_terminals_are_in_the_option_sets(name: str) -> None:
    """What the grammar can sample is what the convolutional baselines and ViT are made of; only the mixer leaves the widths."""
    architecture = baselines.get(name, (3, 28, 28))
    terminals = [node.terminal for node in architecture.node.walk() if node.terminal is not None]
    outside = {str(terminal) for terminal in terminals if terminal not in OPERATIONS[terminal.name].options()}
    assert outside == ({"linear(d=196)", "linear(d=49)"} if name == "mlp-mixer" else set())


def test_the_small_baselines_have_patches_of_two_below_sixteen_pixels() -> None:
    """The digits of 8 x 8 pixels become 16 tokens, 28 x 28 pixels become 49; the height and the width decide."""
    for name in ("vit-tiny", "mixer-tiny"):
        assert baselines.get(name, (1, 8, 8)).output.shape == (16, 64)
        assert baselines.get(name, (1, 15, 16)).output.shape == (56, 64)
        assert baselines.get(name, (1, 16, 15)).output.shape == (56, 64)
        assert baselines.get(name, (1, 16, 16)).output.shape == (16, 64)
        assert baselines.get(name, (3, 28, 28)).output.shape == (49, 64)


def test_the_small_baselines_are_small() -> None:
    """Each of them trains on a laptop: under 100,000 parameters at 28 x 28 pixels."""
    for name in ("resnet8", "vit-tiny", "mixer-tiny", *RECURRENT):
        assert baselines.get(name, (3, 28, 28)).parameters < 100_000
    assert baselines.get("resnet8", (3, 32, 32)).output.shape == (64, 8, 8)


def test_recurrent_baselines_are_of_the_grammar_with_recurrence_alone() -> None:
    """In another grammar they are refused by name; their parameters at (24, 6) are counted by hand."""
    for name, layer in (("gru-tiny", 2 * 128 + 4 * 4_160), ("mamba-tiny", 128 + (4 * 64 + 1) * 64 + 3 * 4_160)):
        assert baselines.get(name, (24, 6)).parameters == 7 * 64 + 2 * layer + 128
        for space in (EinSpace((24, 6)), EinSpace((24, 6), grammar="sequences"), EinSpace((3, 8, 8))):
            with pytest.raises(GrammarError, match=f"the baseline {name} is not an architecture of this grammar: unknown operation"):
                baselines.within(space, name)


def test_inputs_that_are_no_multiple_of_the_patch_are_cropped() -> None:
    """The floor of equations 30 to 32: 27 x 18 pixels hold 6 x 4 patches of 4."""
    output = baselines.get("vit", (1, 27, 18)).output
    assert output == Feature((24, 512), (6, 4))


def test_baselines_are_shallow_derivations() -> None:
    """Sequences are balanced, so that the depth of a derivation grows with the logarithm of the layers."""
    assert all(baselines.get(name, (3, 64, 64)).depth <= 19 for name in baselines.names())
    few, many = (baselines.densenet((3, 32, 32), (layers,), 4).depth for layers in (4, 64))
    assert many - few == 4


def test_an_attention_head_is_attention() -> None:
    """The head of ViT computes softmax(q k' / sqrt(d)) v, checked operation by operation on small tensors."""
    from einspace.baselines.blocks import attention_head

    head = attention_head(16)
    assert text(head) == (
        "[clone(b=2) {[[clone(b=2) {linear(d=16) [identity linear(d=16) permute(o=(2,1))]} matmul(scaled=True)] softmax] linear(d=16)}"
        " matmul(scaled=False)]"
    )
    torch.manual_seed(0)
    q, k, v = (torch.randn(2, 5, 16) for _ in range(3))
    scores, values = head.nodes[1:3]
    product, softmax = scores.nodes
    features = tuple(Feature(shape) for shape in ((5, 16), (16, 5)))
    scaled = product.nodes[-1].terminal
    normalised = softmax.nodes[0].terminal
    final = head.nodes[-1].terminal
    assert scaled is not None
    assert normalised is not None
    assert final is not None
    assert values.nodes[0].terminal == Linear(16)
    weights = normalised.layer((Feature((5, 5)),))(scaled.layer(features)(q, k.transpose(1, 2)))
    got = final.layer((Feature((5, 5)), Feature((5, 16))))(weights, v)
    torch.testing.assert_close(got, torch.nn.functional.scaled_dot_product_attention(q, k, v))


def test_convolutions_are_padded_by_half_their_kernel() -> None:
    """ResNet18 uses three of the seven im2col options: 3x3 with stride 1 and 2, and 1x1 with stride 2."""
    walk = baselines.get("resnet18", (3, 64, 64)).node.walk()
    used = {node.terminal for node in walk if isinstance(node.terminal, Im2col)}
    assert used == {Im2col(3, 1, 1), Im2col(3, 2, 1), Im2col(1, 2, 0)}


def test_names_come_from_the_registry() -> None:
    """Every entry has a name, a function and a description of one line."""
    introduction = ("resnet34", "wrn28-10", "densenet40", "resmlp", "permutator")
    assert baselines.names() == (*PAPER, *introduction, "resnet8", "resnet8-wide", "resnet14-flat", "vit-tiny", "mixer-tiny", *RECURRENT)
    assert all(entry.description and "\n" not in entry.description for entry in baselines.BASELINES.values())


def test_an_unknown_name_is_refused_with_the_nearest() -> None:
    """The message names the nearest baseline."""
    with pytest.raises(UnknownNameError, match="did you mean resnet18"):
        baselines.get("resnet19", (3, 32, 32))


@pytest.mark.parametrize("name", baselines.names())
def test_some_baselines_take_sequences(name: str) -> None:
    """A sequence (S, D) has its tokens as an image has its patches, and ResNets convolve along it; the others refuse it in one line."""
    if not baselines.BASELINES[name].sequences:
        with pytest.raises(NetworkError, match=rf"{name} takes images \(C, H, W\), but the input is \(24, 6\)"):
            baselines.get(name, (24, 6))
        return
    architecture = baselines.get(name, (24, 6))
    assert architecture.output.shape[0] == {"resnet8": 6, "resnet8-wide": 6, "resnet18": 2, "resnet34": 2}.get(name, 24)
    network = build(architecture)
    assert network(torch.randn(2, 24, 6)).shape == (2, *architecture.output.shape)
    assert sum(parameter.numel() for parameter in network.parameters()) == architecture.parameters


def test_an_input_smaller_than_a_patch_is_refused() -> None:
    """The error names the operation and the feature."""
    with pytest.raises(ShapeError, match=r"im2col\(k=4,s=4,p=0\)"):
        baselines.get("mlp-mixer", (1, 3, 8))
    with pytest.raises(ShapeError, match="at least 1"):
        baselines.get("resnet18", (3, 0, 8))
