"""In place: where a relu overwrites its input, and that nobody can tell."""

import pytest
import torch
from tests.networks.comparison import compare

from einspace import EinSpace, baselines
from einspace.networks import build
from einspace.passes import ReluInPlace

HEAD = "[[clone(b=2) {linear(d=16) [identity linear(d=16) permute(o=(2,1))]} matmul(scaled=True)] softmax]"


@pytest.mark.parametrize(
    ("text", "shape", "expected"),
    [
        ("[linear(d=16) relu]", (4, 6), 1),
        ("[norm relu]", (4, 6), 1),
        ("[norm relu]", (3, 4, 4), 1),
        ("[pos-enc relu]", (4, 6), 1),
        ("[[im2col(k=3,s=1,p=1) linear(d=16) col2im] relu]", (3, 4, 4), 1),
        ("[[clone(b=2) {linear(d=16) linear(d=16)} add] relu]", (4, 6), 1),
        ("[[clone(b=2) {linear(d=4) linear(d=4)} matmul(scaled=True)] relu]", (4, 6), 1),
        ("[[clone(b=2) {linear(d=4) norm} concat(dim=2,b=2)] relu]", (4, 6), 1),
        ("[[linear(d=16) relu] [linear(d=16) relu]]", (4, 6), 2),
        ("[relu softmax]", (4, 6), 0),
        ("[[im2col(k=4,s=4,p=0) linear(d=16) identity] relu]", (3, 8, 8), 1),
        ("[[im2col(k=1,s=2,p=0) linear(d=16) col2im] [relu norm]]", (3, 4, 4), 1),
        ("[clone(b=4) {[[im2col(k=3,s=1,p=1) linear(d=16) col2im] relu]} add]", (3, 4, 4), 4),
        ("[linear(d=16) [relu relu]]", (4, 6), 1),
        ("[linear(d=16) [clone(b=2) {relu identity} add]]", (4, 6), 0),
        ("[linear(d=16) [clone(b=2) {relu norm} add]]", (4, 6), 0),
        ("[norm [group-dim(dim=2,b=2) {relu identity} add]]", (4, 6), 0),
        ("[[im2col(k=3,s=1,p=1) relu identity] norm]", (3, 4, 4), 0),
        (f"[clone(b=2) {{[{HEAD} relu] linear(d=16)}} matmul(scaled=False)]", (4, 6), 0),
        (f"[[clone(b=2) {{{HEAD} linear(d=16)}} matmul(scaled=False)] relu]", (4, 6), 0),
    ],
)
def test_where_a_relu_works_in_place(text: str, shape: tuple[int, ...], expected: int) -> None:
    """On what only it reads and what is new; never on the input, on a view, or on what a softmax or attention needs again."""
    torch.manual_seed(0)
    architecture = EinSpace(shape).parse(text)
    assert sum(type(instruction.operation) is ReluInPlace for instruction in architecture.graph().instructions) == expected
    compare(architecture)


@pytest.mark.parametrize("name", ["resnet18", "wrn16-4", "vit", "mlp-mixer"])
def test_every_relu_of_the_baselines_is_in_place(name: str) -> None:
    """As the people who designed them write it."""
    operations = [instruction.operation for instruction in baselines.get(name, (3, 32, 32)).graph().instructions]
    assert sum(operation.name == "relu" for operation in operations) == 0
    assert sum(operation.name == "relu-in-place" for operation in operations) >= 4


def test_in_place_keeps_one_tensor_less() -> None:
    """The sum, its relu, and what reads that: two tensors are kept where the plain network keeps three."""
    architecture = EinSpace((4, 6)).parse("[pos-enc [[linear(d=16) relu] norm]]")
    plain = EinSpace((4, 6)).parse("[pos-enc [[linear(d=16) relu] [clone(b=2) {norm identity} add]]]")
    assert architecture.saved_bytes == 4 * (24 + 64 + 2 * 4)
    assert plain.saved_bytes == architecture.saved_bytes


def test_the_input_is_never_written_to() -> None:
    """A batch is the same after the forward pass as before."""
    for text in ("[relu softmax]", "[relu [clone(b=2) {relu identity} add]]", "[clone(b=4) {relu} concat(dim=1,b=4)]"):
        x = torch.randn(2, 4, 4)
        before = x.clone()
        build(EinSpace((4, 4)).parse(text))(x)
        assert torch.equal(x, before)
