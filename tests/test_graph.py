"""Costs from the graph alone, against what PyTorch allocates, counts and keeps."""

from collections.abc import Callable
from itertools import permutations

import pytest
import torch
from tests.architectures import BULK, RECURRENT, SHAPES, sampled
from tests.operations.test_operations import OPTIONS
from torch import Tensor, nn
from torch.autograd.graph import saved_tensors_hooks
from torch.utils.flop_counter import FlopCounterMode, sdpa_flop_count

from einspace import Architecture, EinSpace, baselines
from einspace.errors import ShapeError
from einspace.features import BYTES_PER_ELEMENT, Feature
from einspace.graph import saved_bytes
from einspace.networks import build
from einspace.operations import Aggregation, Concat, GroupDim, Im2col, Linear, Matmul, Norm, Operation, Value, Values
from einspace.operations.recurrent import Scan
from einspace.passes import Attention, AttentionHeads, Batched, Convolution

IMAGES = (Feature((8, 16, 16)), Feature((2, 35, 17)), Feature((3, 1, 2)), Feature((1, 1, 1)), Feature((2, 4, 4)))
ROWS = (Feature((16, 8)), Feature((12, 5), (3, 4)), Feature((7, 1), (1, 7)), Feature((1, 3), (1, 1)), Feature((8, 8)))
GRIDS = {feature.shape: feature.grid for feature in ROWS}

Maker = Callable[[int, bool], Tensor]
"""Makes a batch, of a size, that requires a gradient or not."""

COUNTED = (Linear, Matmul, Convolution, Attention, AttentionHeads, Batched)
"""What the flop counter of PyTorch counts, beside the gates of scans; it leaves out what is done element by element."""

PADDED = Im2col(1, 2, 1)
CONVOLUTIONS = tuple(Convolution(unroll.k, unroll.s, unroll.p, 4) for unroll in (*Im2col.options(), PADDED))
BATCHED = tuple(Batched(each, 3, joined) for each in (Linear(4), CONVOLUTIONS[0], CONVOLUTIONS[2]) for joined in (True, False))
ATTENTION = (Attention(scaled=True), Attention(scaled=False), AttentionHeads(4, 2, scaled=True), AttentionHeads(1, 3, scaled=False))
EVERY = (*OPTIONS, PADDED, *CONVOLUTIONS, *ATTENTION, *BATCHED)

UNCOUNTED = {torch.ops.aten._scaled_dot_product_flash_attention_for_cpu: lambda q, k, v, *_, **__: sdpa_flop_count(q, k, v)}  # type: ignore[no-untyped-call]
"""What the flop counter would count on a GPU only."""

NETWORKS = [(name, baselines.get(name, (3, 16, 16))) for name in baselines.names()]
SAMPLES = [(str(shape), architecture) for shape in SHAPES for architecture in sampled(shape, 4 * BULK)]
SAMPLES += [(f"{shape} recurrent", architecture) for shape in RECURRENT for architecture in sampled(shape, 4 * BULK, grammar="recurrent")]


def kept(run: Callable[[int], object], weights: list[Tensor]) -> float:
    """Bytes for each sample of a batch that a run at a batch size keeps for its backward pass; what every batch size keeps falls out."""

    def total(batch: int) -> int:
        known = {weight.untyped_storage().data_ptr() for weight in weights}
        storages: dict[int, tuple[int, Tensor]] = {}

        def pack(x: Tensor) -> Tensor:
            storage = x.untyped_storage()
            if storage.data_ptr() not in known:
                storages[storage.data_ptr()] = (storage.nbytes(), x)  # alive, so that its address is not given again
            return x

        with saved_tensors_hooks(pack, lambda x: x):
            run(batch)
        return sum(size for size, _ in storages.values())

    return (total(5) - total(2)) / 3


def measured(network: nn.Module, shape: tuple[int, ...]) -> float:
    """Bytes that training keeps of one sample."""
    return kept(lambda batch: network(torch.randn(batch, *shape)), [*network.parameters(), *network.buffers()])


def layouts(feature: Feature) -> list[tuple[Value, Maker]]:
    """A feature in every order of its axes, and as one half of a larger one; each as the model sees it, and as a batch of tensors."""
    shape = feature.shape
    found: list[tuple[Value, Maker]] = []
    for order in permutations(range(len(shape))):
        base = tuple(shape[axis] for axis in order)
        back = (0, *(order.index(axis) + 1 for axis in range(len(shape))))

        def permuted(batch: int, requires_grad: bool, base: tuple[int, ...] = base, back: tuple[int, ...] = back) -> Tensor:
            return torch.randn(batch, *base, requires_grad=requires_grad).permute(back)

        found.append((Value.new(shape, order), permuted))
    for axis in range(len(shape)):
        whole = tuple(2 * size if i == axis else size for i, size in enumerate(shape))
        half = GroupDim(axis + 1, 2).layout((Value.new(whole),), (feature, feature))[1]

        def halved(batch: int, requires_grad: bool, whole: tuple[int, ...] = whole, axis: int = axis) -> Tensor:
            return torch.randn(batch, *whole, requires_grad=requires_grad).chunk(2, axis + 1)[1]

        found.append((half, halved))
    return found


def fitting(operation: Operation) -> list[tuple[Feature, ...]]:
    """Inputs that an operation accepts."""
    count = operation.b if isinstance(operation, Concat) else 2 if isinstance(operation, Aggregation) else 1
    count = 3 if operation in ATTENTION else count
    tried = [(feature,) * count for feature in (*IMAGES, *ROWS)]
    if isinstance(operation, Matmul):
        tried += [(Feature((3, 4)), Feature((4, 5))), (Feature((2, 3, 4)), Feature((2, 4, 5)))]
    found = []
    for inputs in tried:
        try:
            operation.infer(inputs)
        except ShapeError:
            continue
        found.append(inputs)
    return found


@pytest.mark.parametrize("operation", EVERY, ids=str)
def test_every_operation_knows_its_memory(operation: Operation) -> None:
    """For every layout of the input: how the output lies, whether it is a view, and what autograd keeps, to the byte."""
    assert fitting(operation)
    for inputs in fitting(operation):
        layer = operation.layer(inputs)
        for version in zip(*(layouts(feature) for feature in inputs), strict=True):
            for requires_grad in ([True] * len(inputs), [*[False] * (len(inputs) - 1), True]):
                values = tuple(value._replace(requires_grad=flag) for (value, _), flag in zip(version, requires_grad, strict=True))
                _check(operation, layer, values, [make for _, make in version])


def _check(operation: Operation, layer: nn.Module, values: Values, makers: list[Maker]) -> None:
    def tensors(batch: int) -> list[Tensor]:
        return [make(batch, value.requires_grad) for make, value in zip(makers, values, strict=True)]

    outputs = operation.layout(values, operation.infer(tuple(Feature(value.shape, GRIDS.get(value.shape)) for value in values)))
    arguments = tensors(2)
    got = layer(*arguments)
    owners = {x.untyped_storage().data_ptr(): value.storage for x, value in zip(arguments, values, strict=True)}
    for value, result in zip(outputs, got if isinstance(got, tuple) else (got,), strict=True):
        assert value.shape == tuple(result.shape[1:])
        owner = owners.get(result.untyped_storage().data_ptr())
        assert value.storage is owner if owner else value.storage not in owners.values()
        # Strides of single elements mean nothing, except to batch norm, which can see channels last in them where we do not.
        if not (isinstance(operation, Norm) and 1 in value.shape):
            steps = zip(value.shape, value.strides, result.stride()[1:], strict=True)
            assert all(size == 1 or expected == actual for size, expected, actual in steps)
    storages = set(operation.saved(values, outputs))
    expected = BYTES_PER_ELEMENT * sum(storage.elements + storage.spare for storage in storages)
    assert expected == kept(lambda batch: layer(*tensors(batch)), [*layer.parameters(), *layer.buffers()])


@pytest.mark.slow
@pytest.mark.parametrize(("name", "architecture"), NETWORKS + SAMPLES, ids=[name for name, _ in NETWORKS + SAMPLES])
def test_costs_are_those_of_the_network(name: str, architecture: Architecture) -> None:
    """Plain, optimised and batched: parameters and FLOPs exactly, saved bytes within 10% of what the hooks see."""
    shape = architecture.input.shape
    for optimize, batched in ((True, False), (True, True), (False, False)):
        graph = architecture.graph(optimize, batch_branches=batched)
        network = build(architecture, optimize=optimize, batch_branches=batched)
        assert sum(weight.numel() for weight in network.parameters()) == architecture.parameters
        costs = [(i.operation, i.operation.flops(graph.inputs(i))) for i in graph.instructions]
        with FlopCounterMode(display=False, custom_mapping=UNCOUNTED) as counter:
            network(torch.randn(2, *shape))
        counted = sum(flops for operation, flops in costs if isinstance(operation, COUNTED))
        gates = [graph.inputs(instruction) for instruction in graph.instructions if isinstance(instruction.operation, Scan)]
        counted += sum(Linear(inputs[0].shape[-1]).flops(inputs) for inputs in gates)
        assert counter.get_total_flops() == 2 * counted
        assert sum(flops for _, flops in costs) == architecture.flops
        assert saved_bytes(graph) == pytest.approx(measured(network, shape), rel=0.1)
    assert architecture.saved_bytes == saved_bytes(architecture.graph())


@pytest.mark.parametrize(
    ("text", "elements"),
    [
        ("[relu relu]", 0),
        ("[norm relu]", 24 + 2 * 4 + 24),
        ("[softmax linear(d=16)]", 24),
        ("[pos-enc softmax]", 24),
        ("[pos-enc [permute(o=(2,1)) linear(d=16) identity]]", 24),
        ("[pos-enc [clone(b=4) {relu} add]]", 24),
        ("[pos-enc [clone(b=2) {[permute(o=(2,1)) linear(d=16) permute(o=(2,1))] relu} concat(dim=1,b=2)]]", 2 * 24),
        ("[clone(b=2) {pos-enc [permute(o=(2,1)) relu permute(o=(2,1))]} add]", 0),
    ],
)
def test_what_is_kept_of_four_tokens_of_six(text: str, elements: int) -> None:
    """Nothing without a gradient, a storage once for all its readers and views, and a copy where a linear layer cannot do with a view."""
    architecture = EinSpace((4, 6)).parse(text)
    assert architecture.saved_bytes == 4 * elements
    assert measured(build(architecture), (4, 6)) == 4 * elements


def test_unfold_keeps_as_much_as_its_input_took() -> None:
    """PyTorch's unfold never shrinks: where patches do not cover the image, what it gives holds on to the size of the image."""
    architecture = EinSpace((1, 7, 7)).parse("[[im2col(k=4,s=4,p=0) norm identity] identity]")
    assert architecture.saved_bytes == 4 * (49 + 2)
    assert measured(build(architecture), (1, 7, 7)) == 4 * (49 + 2)
