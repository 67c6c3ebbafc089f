"""The contract of every operation, and the shapes that the paper gives."""

from itertools import product

import pytest
import torch
from torch import Tensor

from einspace.errors import ShapeError
from einspace.features import Feature, Features
from einspace.operations import (
    OPERATIONS,
    Add,
    Aggregation,
    Branching,
    Clone,
    Col2im,
    Concat,
    GroupDim,
    Identity,
    Im2col,
    Linear,
    Matmul,
    Norm,
    Operation,
    Permute,
    PosEnc,
    Relu,
    Softmax,
)
from einspace.operations.recurrent import CausalWindow, Multiply, Scan
from einspace.operations.sequences import BatchNorm, Window

SINGLE = tuple(
    Feature(shape, grid)
    for shape, grid in (
        ((8, 8, 16), None),
        ((3, 16, 16), None),
        ((1, 3, 2), None),
        ((1, 1, 1), None),
        ((16, 8), None),
        ((12, 5), (3, 4)),
        ((7, 3), (2, 4)),
        ((1, 1), (1, 1)),
    )
)

KINDS: tuple[type[Operation], ...] = (*OPERATIONS.values(), Window, BatchNorm, CausalWindow, Scan, Multiply)
"""Every operation of the house: those of the paper, those of the 1-D variant and those of the grammar with recurrence."""

OPTIONS = tuple(option for kind in KINDS for option in kind.options())


def candidates(operation: Operation) -> list[Features]:
    """Inputs to try: single features, and for an aggregation equal and unequal branches."""
    if not isinstance(operation, Aggregation):
        return [(feature,) for feature in SINGLE]
    counts = (operation.b,) if isinstance(operation, Concat) else (2,) if isinstance(operation, Matmul | Multiply) else (2, 4, 8)
    equal = [(feature,) * count for feature, count in product(SINGLE, counts)]
    uneven = [(Feature((3, 4)), Feature((4, 5))), (Feature((2, 3, 4)), Feature((2, 4, 5))), (Feature((2, 3)), Feature((5, 3)))]
    return equal + (uneven if 2 in counts else [])


@pytest.mark.parametrize("operation", OPTIONS, ids=str)
def test_contract(operation: Operation) -> None:
    """Every option fits some input, with real shapes and parameters, and refuses another with a ShapeError that names it."""
    fits = 0
    for inputs in candidates(operation):
        refusal = ""
        try:
            outputs = operation.infer(inputs)
        except ShapeError as error:
            refusal = str(error)
        if refusal:
            assert str(operation) in refusal
            assert all(str(feature) in refusal for feature in inputs)
            continue
        fits += 1
        assert len(outputs) == (operation.b if isinstance(operation, Branching) else 1)
        layer = operation.layer(inputs)
        assert sum(parameter.numel() for parameter in layer.parameters()) == operation.parameters(inputs)
        tensors = [torch.randn(2, *feature.shape) for feature in inputs]
        got = layer(*tensors)
        results: tuple[Tensor, ...] = got if isinstance(got, tuple) else (got,)
        assert [tuple(result.shape) for result in results] == [(2, *feature.shape) for feature in outputs]
        assert operation.flops(inputs) >= 0
        assert operation.written(inputs) in (0, sum(feature.bytes for feature in outputs))
    assert fits, "an option that no input fits is not tested"


@pytest.mark.parametrize("operation", OPTIONS, ids=str)
def test_options_are_values(operation: Operation) -> None:
    """An option equals the one that is built from the same settings, and its text is its name and its settings."""
    again = next(option for option in type(operation).options() if option == operation)
    assert hash(again) == hash(operation)
    assert operation.text == str(operation)
    assert operation.text.split("(")[0] == operation.name
    assert " " not in operation.text


def test_there_are_as_many_options_as_the_paper_gives() -> None:
    """Equations 10 to 26, option by option, and no two with the same text."""
    counts = {name: len(kind.options()) for name, kind in OPERATIONS.items()}
    assert counts == {
        "clone": 3,
        "group-dim": 9,
        "matmul": 2,
        "add": 1,
        "concat": 9,
        "im2col": 7,
        "col2im": 1,
        "permute": 6,
        "identity": 1,
        "linear": 8,
        "norm": 1,
        "relu": 1,
        "softmax": 1,
        "pos-enc": 1,
    }
    assert [len(kind.options()) for kind in (Window, BatchNorm, CausalWindow, Scan, Multiply)] == [6, 1, 3, 2, 1]
    assert len({option.text for option in OPTIONS}) == len(OPTIONS)


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        (Clone(2), "clone(b=2)"),
        (GroupDim(3, 8), "group-dim(dim=3,b=8)"),
        (Matmul(scaled=True), "matmul(scaled=True)"),
        (Concat(1, 4), "concat(dim=1,b=4)"),
        (Im2col(3, 1, 1), "im2col(k=3,s=1,p=1)"),
        (Permute((2, 1)), "permute(o=(2,1))"),
        (Linear(64), "linear(d=64)"),
        (PosEnc(), "pos-enc"),
    ],
)
def test_texts_are_those_of_the_paper(operation: Operation, expected: str) -> None:
    """Terminals are written as A.2 writes them."""
    assert operation.text == expected


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_wrong_number_of_inputs_is_refused(kind: type[Operation]) -> None:
    """No input at all fits nothing; two inputs fit only an aggregation, one input fits none."""
    feature = Feature((8, 8))
    for option in kind.options():
        wrong = (feature,) if issubclass(kind, Aggregation) else (feature, feature)
        for inputs in ((), wrong):
            with pytest.raises(ShapeError):
                option.infer(inputs)


def test_table_3() -> None:
    """Table 3: the tensors of the convolution component at (3, 32, 32), with l = 256 for k = 3, s = 2, p = 1."""
    x = (Feature((3, 32, 32)),)
    unrolled = Im2col(3, 2, 1).infer(x)
    mapped = Linear(64).infer(unrolled)
    y = Col2im().infer(mapped)
    assert unrolled == (Feature((256, 27), (16, 16)),)
    assert mapped == (Feature((256, 64), (16, 16)),)
    assert y == (Feature((64, 16, 16)),)


@pytest.mark.parametrize(
    ("operation", "after"),
    [
        (Im2col(1, 1, 0), (35, 2)),
        (Im2col(1, 2, 0), (12, 2)),
        (Im2col(3, 1, 1), (35, 18)),
        (Im2col(3, 2, 1), (12, 18)),
        (Im2col(4, 4, 0), (1, 32)),
    ],
    ids=str,
)
def test_im2col_on_an_odd_rectangle(operation: Im2col, after: tuple[int, ...]) -> None:
    """Equations 30 to 32 with their floor, for height and width apart: here (2, 5, 7)."""
    assert operation.infer((Feature((2, 5, 7)),))[0].shape == after


@pytest.mark.parametrize("kernel", [(1, 1, 0), (1, 2, 0), (3, 1, 1), (3, 2, 1), (4, 4, 0)])
def test_im2col_linear_col2im_is_a_convolution(kernel: tuple[int, int, int]) -> None:
    """A.3: with the rows channel-major, the weight of the linear layer is the kernel of the convolution, viewed as a matrix."""
    size, stride, padding = kernel
    x = (Feature((3, 9, 6)),)
    rows = Im2col(*kernel).infer(x)
    mapped = Linear(5).infer(rows)
    linear = Linear(5).layer(rows)
    conv = torch.nn.Conv2d(3, 5, size, stride, padding)
    with torch.no_grad():
        linear.get_parameter("weight").copy_(conv.weight.view(5, -1))
        linear.get_parameter("bias").copy_(conv.get_parameter("bias"))
    batch = torch.randn(2, 3, 9, 6)
    got = Col2im().layer(mapped)(linear(Im2col(*kernel).layer(x)(batch)))
    torch.testing.assert_close(got, conv(batch), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(
    "feature",
    [
        Feature((256, 8)),
        Feature((255, 8), (16, 16)),
        Feature((8, 256), (16, 16)),
        Feature((3, 16, 16), (16, 16)),
    ],
    ids=str,
)
def test_col2im_needs_the_grid_of_its_im2col(feature: Feature) -> None:
    """A.3: l may not change in the connecting branch; without a grid, off it, or in Im mode nothing can be put back."""
    with pytest.raises(ShapeError, match="S == H'W'"):
        Col2im().infer((feature,))


def test_the_grid_is_kept_until_it_is_consumed() -> None:
    """A.3: "must be remembered until the col2im operation is applied", then forgotten."""
    feature = Im2col(3, 2, 1).infer((Feature((3, 9, 5)),))
    steps = (Norm(), Relu(), Softmax(), PosEnc(), Identity(), Linear(4), Permute((2, 1)), Permute((2, 1)))
    for operation in steps:
        feature = operation.infer(feature)
        assert feature[0].grid == (5, 3)
    assert Col2im().infer(feature) == (Feature((4, 5, 3)),)
    assert Add().infer((feature[0], Feature(feature[0].shape)))[0].grid is None


@pytest.mark.parametrize("b", [2, 4, 8])
def test_group_dim_on_every_axis_of_an_rgb_input(b: int) -> None:
    """Three channels cannot be grouped by 2, 4 or 8; height and width can, where they are multiples."""
    rgb = (Feature((3, 32, 24)),)
    with pytest.raises(ShapeError, match=f"an axis 1 that is a multiple of {b}"):
        GroupDim(1, b).infer(rgb)
    assert GroupDim(2, b).infer(rgb) == (Feature((3, 32 // b, 24)),) * b
    assert GroupDim(3, b).infer(rgb) == (Feature((3, 32, 24 // b)),) * b
    with pytest.raises(ShapeError, match="an axis 3"):
        GroupDim(3, b).infer((Feature((8, 8)),))


@pytest.mark.parametrize("operation", [Clone(0), Clone(1), GroupDim(1, 0), GroupDim(2, 1)], ids=str)
def test_a_factor_below_two_is_refused(operation: Operation) -> None:
    """A text may ask for any factor; of none or one branch nothing could be made."""
    with pytest.raises(ShapeError, match="a factor b of 2 to 1024"):
        operation.infer((Feature((4, 4)),))


def test_group_dim_gives_contiguous_chunks() -> None:
    """The first branch gets the first channels; concat of the chunks is the input again."""
    feature = Feature((8, 2, 2))
    x = torch.arange(32.0).view(1, 8, 2, 2)
    chunks = GroupDim(1, 4).layer((feature,))(x)
    torch.testing.assert_close(chunks[0], x[:, :2])
    merged = Concat(1, 4).layer(GroupDim(1, 4).infer((feature,)))(*chunks)
    torch.testing.assert_close(merged, x)


@pytest.mark.parametrize(("dim", "b"), [(dim, b) for dim in (1, 2, 3) for b in (2, 4, 8)])
def test_concat_adds_up_one_axis(dim: int, b: int) -> None:
    """The named axis adds up, branch by branch, and the others must be equal."""
    sizes = [[2, 3, 4] for _ in range(b)]
    for i, shape in enumerate(sizes):
        shape[dim - 1] = i + 1
    wanted = [2, 3, 4]
    wanted[dim - 1] = b * (b + 1) // 2
    branches = tuple(Feature(tuple(shape)) for shape in sizes)
    assert Concat(dim, b).infer(branches) == (Feature(tuple(wanted)),)
    other = [5, 5, 5]
    other[dim - 1] = 1
    with pytest.raises(ShapeError, match="equal shape but for axis"):
        Concat(dim, b).infer((*branches[:-1], Feature(tuple(other))))
    with pytest.raises(ShapeError, match=f"{b} branches"):
        Concat(dim, b).infer(branches[:-1])


def test_norm_at_one_pixel() -> None:
    """A feature of one pixel is normalised over the batch; in evaluation mode a batch of one is fine too."""
    layer = Norm().layer((Feature((4, 1, 1)),))
    assert layer(torch.randn(2, 4, 1, 1)).shape == (2, 4, 1, 1)
    assert layer.eval()(torch.randn(1, 4, 1, 1)).shape == (1, 4, 1, 1)
    assert isinstance(layer, torch.nn.BatchNorm2d)
    assert isinstance(Norm().layer((Feature((4, 1)),)), torch.nn.LayerNorm)


def test_batch_norm_of_a_sequence_is_pytorch_s() -> None:
    """Equal to `BatchNorm1d` over (N, D, S), outputs and statistics; a feature that is constant over samples and tokens becomes zero."""
    x = torch.randn(4, 7, 3)
    x[:, :, 1] = 5.0
    ours, theirs = BatchNorm().layer((Feature((7, 3)),)), torch.nn.BatchNorm1d(3)
    outputs = ours(x)
    assert torch.allclose(outputs, theirs(x.transpose(1, 2)).transpose(1, 2), atol=1e-4)
    assert torch.allclose(outputs[:, :, 1], torch.zeros(4, 7), atol=1e-4)
    assert torch.allclose(ours.eval()(x), theirs.eval()(x.transpose(1, 2)).transpose(1, 2), atol=1e-4)
    with pytest.raises(ShapeError, match="Col mode"):
        BatchNorm().infer((Feature((3, 4, 4)),))


def test_matmul_in_both_modes() -> None:
    """(S, K), (K, D) -> (S, D), and the same for each channel; scaled divides by the square root of K."""
    for shapes, wanted in ((((3, 4), (4, 5)), (3, 5)), (((2, 3, 4), (2, 4, 5)), (2, 3, 5))):
        inputs = tuple(Feature(shape) for shape in shapes)
        assert Matmul().infer(inputs)[0].shape == wanted
        a, b = (torch.randn(2, *shape) for shape in shapes)
        torch.testing.assert_close(Matmul(scaled=True).layer(inputs)(a, b), a @ b / 4**0.5)
    for wrong in (((3, 4), (5, 4)), ((2, 3, 4), (1, 4, 5)), ((3, 4), (1, 4, 5))):
        with pytest.raises(ShapeError, match="matmul"):
            Matmul().infer(tuple(Feature(shape) for shape in wrong))


def test_permute_names_the_input_axis_of_each_output_axis() -> None:
    """permute(o=(3,1,2)) turns (C, H, W) into (W, C, H); an order of another rank is refused."""
    feature = Feature((2, 3, 4))
    assert Permute((3, 1, 2)).infer((feature,))[0].shape == (4, 2, 3)
    assert Permute((3, 1, 2)).layer((feature,))(torch.zeros(1, 2, 3, 4)).shape == (1, 4, 2, 3)
    for order in ((2, 1), (1, 1, 2), (0, 1, 2)):
        with pytest.raises(ShapeError, match="permute"):
            Permute(order).infer((feature,))


def test_softmax_and_relu() -> None:
    """Softmax sums to one over the last axis; relu is leaky with the slope 0.01 (A.2)."""
    feature = (Feature((3, 4)),)
    torch.testing.assert_close(Softmax().layer(feature)(torch.randn(2, 3, 4)).sum(-1), torch.ones(2, 3))
    torch.testing.assert_close(Relu().layer(feature)(torch.tensor([-1.0, 2.0])), torch.tensor([-0.01, 2.0]))


def test_positions_start_normally_distributed() -> None:
    """The encoding is N(0, 1) at the start, one number for each element, and it is added."""
    torch.manual_seed(0)
    layer = PosEnc().layer((Feature((64, 64)),))
    got = layer(torch.zeros(2, 64, 64)).detach()
    assert abs(float(got[0].mean())) < 0.05
    assert abs(float(got[0].std()) - 1) < 0.05
    torch.testing.assert_close(got[0], got[1])


@pytest.mark.parametrize("operation", [Im2col(0, 1, 0), Im2col(3, 0, 1), Im2col(3, 1, -1)], ids=str)
def test_im2col_refuses_settings_that_no_window_has(operation: Im2col) -> None:
    """No window is empty, stands still, or begins inside of the image: a negative padding would crop without saying so."""
    with pytest.raises(ShapeError, match="k and s of at least 1, and p of at least 0"):
        operation.infer((Feature((3, 8, 8)),))
