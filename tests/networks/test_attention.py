"""Attention: the pattern is found where it is one, and computes what its parts compute."""

from collections import Counter

import pytest
import torch
from tests.networks.comparison import compare
from torch import nn

from einspace import Architecture, EinSpace, baselines
from einspace.networks import build
from einspace.passes import Attention, AttentionHeads


def head(
    queries: str = "linear(d=16)", keys: str = "linear(d=16)", values: str = "linear(d=16)", scaled: bool = True, o: str = "(2,1)"
) -> str:
    """The text of one attention head."""
    scores = f"[clone(b=2) {{{queries} [identity {keys} permute(o={o})]}} matmul(scaled={scaled})]"
    return f"[clone(b=2) {{[{scores} softmax] {values}}} matmul(scaled=False)]"


def found(architecture: Architecture) -> Counter[type]:
    """How many operations of attention there are in the optimised graph."""
    kinds = Counter(type(instruction.operation) for instruction in architecture.graph().instructions)
    return Counter({kind: count for kind, count in kinds.items() if kind in (Attention, AttentionHeads)})


@pytest.mark.slow
@pytest.mark.parametrize("scaled", [True, False])
@pytest.mark.parametrize("norm", ["identity", "norm"])
def test_one_head_is_one_attention(scaled: bool, norm: str) -> None:
    """Scaled or not, at the input or behind something with weights."""
    torch.manual_seed(0)
    architecture = EinSpace((5, 6)).parse(f"[{norm} {head(scaled=scaled)}]")
    assert found(architecture) == {Attention: 1}
    compare(architecture)


def test_channels_of_an_image_are_heads_of_attention() -> None:
    """In Im mode the products run for each channel (A.2), which is what the kernel's axis of heads does."""
    torch.manual_seed(0)
    architecture = EinSpace((3, 4, 6)).parse(head(o="(1,3,2)"))
    assert found(architecture) == {Attention: 1}
    compare(architecture)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (head(queries="[linear(d=16) relu]", keys="[norm linear(d=16)]"), {Attention: 1}),
        (head(queries="[[permute(o=(2,1)) linear(d=6) permute(o=(2,1))] norm]", keys="norm", values="identity"), {Attention: 1}),
        (head(queries="identity", keys="identity", values="identity"), {Attention: 1}),
        (f"[clone(b=2) {{{head()} {head()}}} concat(dim=2,b=2)]", {AttentionHeads: 1}),
        (f"[clone(b=2) {{{head()} {head(keys='[linear(d=16) relu]')}}} concat(dim=2,b=2)]", {Attention: 2}),
        (f"[clone(b=2) {{{head()} {head(scaled=False)}}} concat(dim=2,b=2)]", {Attention: 2}),
        (f"[clone(b=2) {{{head()} {head()}}} concat(dim=1,b=2)]", {Attention: 2}),
        (f"[clone(b=2) {{{head()} linear(d=16)}} concat(dim=2,b=2)]", {Attention: 1}),
        (f"[clone(b=8) {{{head()}}} concat(dim=2,b=8)]", {AttentionHeads: 1}),
        (f"[clone(b=4) {{[clone(b=4) {{{head()}}} concat(dim=2,b=4)]}} concat(dim=2,b=4)]", {AttentionHeads: 1}),
        (f"[group-dim(dim=2,b=2) {{{head()} {head()}}} concat(dim=2,b=2)]", {Attention: 2}),
        (f"[clone(b=4) {{[norm {head()}]}} concat(dim=2,b=4)]", {Attention: 4}),
        (f"[norm [clone(b=4) {{[{head()} relu]}} concat(dim=2,b=4)]]", {AttentionHeads: 1}),
    ],
)
def test_what_is_attention_and_what_are_heads(text: str, expected: dict[type, int]) -> None:
    """Whatever makes queries, keys and values; heads are packed if they are equal, read one value, and lie side by side in each token."""
    torch.manual_seed(0)
    architecture = EinSpace((4, 6)).parse(text)
    assert found(architecture) == expected
    compare(architecture)


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        (head(values="linear(d=32)"), (5, 6)),
        (head(queries="identity", keys="identity", values="identity"), (5, 1)),
        (
            "[clone(b=2) {[[clone(b=2) {linear(d=16) linear(d=16)} matmul(scaled=True)] softmax] linear(d=16)} matmul(scaled=False)]",
            (16, 16),
        ),
        (head().replace("matmul(scaled=False)", "matmul(scaled=True)"), (5, 6)),
        (head().replace("softmax", "[softmax [clone(b=2) {identity norm} add]]"), (5, 6)),
        (head().replace("softmax", "[relu softmax]"), (5, 6)),
        (head(o="(2,1,3)"), (16, 16, 16)),
    ],
)
def test_what_is_no_attention(text: str, shape: tuple[int, ...]) -> None:
    """Other widths, keys that are not transposed, a scale on the values, scores that something else needs: these stay as they are."""
    torch.manual_seed(0)
    architecture = EinSpace(shape).parse(text)
    assert found(architecture) == {}
    compare(architecture)


def test_transposed_keys_that_are_read_elsewhere_stay() -> None:
    """Here queries and values are made from the transposed keys."""
    torch.manual_seed(0)
    again = "[permute(o=(2,1)) linear(d=16) identity]"
    scores = f"[[clone(b=2) {{{again} identity}} matmul(scaled=True)] softmax]"
    text = f"[[identity linear(d=16) permute(o=(2,1))] [clone(b=2) {{{scores} {again}}} matmul(scaled=False)]]"
    architecture = EinSpace((6, 5)).parse(text)
    assert found(architecture) == {Attention: 1}
    compare(architecture)


def test_packed_layers_are_still_layers_under_their_own_names() -> None:
    """Packing joins the weights for the call only: modules, names and initial values are those of separate linear layers."""
    architecture = baselines.get("vit-tiny", (3, 16, 16))
    torch.manual_seed(0)
    packed = build(architecture)
    plain = build(architecture, optimize=False)
    assert {name for name, _ in packed.named_parameters()} == {name for name, _ in plain.named_parameters()}
    layers = {name: module for name, module in packed.named_modules() if isinstance(module, nn.Linear)}
    assert len(layers) == 2 * (4 * 3 + 1 + 2)
    bound = 64**-0.5
    for name in ("linear_8", "linear_8_3", "linear_14_1"):
        assert layers[name].weight.shape == (16, 64)
        assert layers[name].weight.abs().max() <= bound
        assert not torch.equal(layers[name].weight, layers["linear_10"].weight)
