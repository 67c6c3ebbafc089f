"""Batched branches: one call for equal layers that read one value, with the same results, only where asked for."""

import pytest
import torch
from tests.architectures import SHAPES, sampled
from tests.networks.comparison import compare

from einspace import EinSpace, baselines
from einspace.networks import batching, batching_pays, build, convert_state
from einspace.passes import Batched


@pytest.mark.parametrize(
    ("text", "shape", "expected"),
    [
        ("[clone(b=4) {linear(d=16)} concat(dim=2,b=4)]", (4, 6), [(4, True)]),
        ("[clone(b=4) {linear(d=16)} concat(dim=1,b=4)]", (4, 6), [(4, False)]),
        ("[clone(b=4) {[linear(d=16) norm]} concat(dim=2,b=4)]", (4, 6), [(4, False)]),
        ("[clone(b=8) {[[linear(d=16) relu] linear(d=16)]} add]", (4, 6), [(8, False)]),
        ("[clone(b=4) {linear(d=16)} concat(dim=3,b=4)]", (3, 4, 5), [(4, True)]),
        ("[clone(b=4) {[im2col(k=3,s=1,p=1) linear(d=16) col2im]} concat(dim=1,b=4)]", (3, 4, 5), [(4, True)]),
        ("[clone(b=4) {[im2col(k=3,s=2,p=1) linear(d=16) col2im]} add]", (3, 4, 5), [(4, False)]),
        ("[clone(b=2) {linear(d=16) linear(d=16)} matmul(scaled=False)]", (3, 16, 16), [(2, False)]),
        ("[clone(b=2) {linear(d=16) linear(d=32)} concat(dim=2,b=2)]", (4, 6), []),
        ("[group-dim(dim=2,b=2) {linear(d=16) linear(d=16)} add]", (4, 6), []),
        ("[clone(b=2) {linear(d=6) [norm linear(d=6)]} add]", (4, 6), []),
    ],
)
def test_equal_layers_on_one_value_are_one_call(text: str, shape: tuple[int, ...], expected: list[tuple[int, bool]]) -> None:
    """In one piece where only the concatenation is read; layers of other widths or on other values stay apart."""
    torch.manual_seed(0)
    architecture = EinSpace(shape).parse(text)
    operations = [instruction.operation for instruction in architecture.graph(batch_branches=True).instructions]
    assert [(operation.number, operation.joined) for operation in operations if isinstance(operation, Batched)] == expected
    assert not any(isinstance(instruction.operation, Batched) for instruction in architecture.graph().instructions)
    compare(architecture, batch_branches=True)


@pytest.mark.slow
@pytest.mark.parametrize("shape", SHAPES)
def test_batched_random_networks_agree(shape: tuple[int, ...]) -> None:
    """Outputs and all gradients, for whatever the grammar makes."""
    torch.manual_seed(0)
    for architecture in sampled(shape, 12, seed=1):
        compare(architecture, batch_branches=True)


def test_all_forms_exchange_their_weights_exactly() -> None:
    """Plain, optimised and batched, each to each and back, bit for bit."""
    architecture = EinSpace((3, 16, 16)).parse(f"[{baselines.get('vit-tiny', (3, 16, 16))} [clone(b=4) {{linear(d=16)}} add]]")
    forms = [build(architecture, optimize=False), build(architecture), build(architecture, batch_branches=True)]
    original = {name: weight.clone() for name, weight in forms[0].state_dict().items()}
    for source, target in ((0, 1), (1, 2), (2, 0)):
        convert_state(forms[source], forms[target])
    for network in forms:
        state = network.state_dict()
        assert state.keys() == original.keys()
        assert all(torch.equal(state[name].reshape(weight.shape), weight) for name, weight in original.items())


def test_whether_batching_pays_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where only calls of layers cost, one call for many branches pays; where there is nothing to batch nothing is gained."""
    x, stepped = torch.randn(2, 4, 16), batching._step

    def calls(network: torch.fx.GraphModule, x: torch.Tensor) -> float:
        assert stepped(network, x) > 0
        return float(sum(node.op.startswith("call_") and "linear" in str(node.target) for node in network.graph.nodes))

    monkeypatch.setattr(batching, "_step", calls)
    many = "[clone(b=8) {[clone(b=8) {linear(d=16)} concat(dim=2,b=8)]} concat(dim=2,b=8)]"
    assert batching_pays(EinSpace((4, 16)).parse(many), x)
    assert not batching_pays(EinSpace((4, 16)).parse("[linear(d=16) relu]"), x)
    assert not batching_pays(EinSpace((4, 16)).parse("[relu softmax]"), x)
