"""Blocks: the operations of one layer become one item: convolutions, attention with its linear layers, and heads side by side."""

from einspace.operations import Clone, Col2im, Concat, Im2col, Linear, Matmul, Operation, Permute, Relu, Softmax
from einspace.passes import AttentionHeads, Convolution
from einspace.pictures.structure import Chain, Fork, Item, Items, Repeat, Step

TRANSPOSE = Permute((2, 1))


def blocks(chain: Chain, items: Items) -> Chain:
    """The chain with one block in place of the operations of each layer.

    im2col -> linear -> col2im is a convolution (A.3), with its relu behind it where the normal form has that in between;
    softmax(q k') v with three linear layers on one input is attention, and equal heads that are concatenated are one block.
    """
    found = tuple(_within(item, items) for item in chain)
    done: list[Item] = []
    place = 0
    while place < len(found):
        item = found[place]
        convolution = _convolution(found[place : place + 4], items)
        if convolution:
            steps, read = convolution
            done += steps
            place += read
            continue
        done.append((_attention(item, items) or _heads(item, items) or item) if isinstance(item, Fork) else item)
        place += 1
    return tuple(done)


def _within(item: Item, items: Items) -> Item:
    if isinstance(item, Fork):
        return items.fork(item.branching, [(count, blocks(branch, items)) for count, branch in item.branches], item.aggregation)
    return items.repeat(item.count, blocks(item.items, items)) if isinstance(item, Repeat) else item


def _kinds(chain: Chain) -> tuple[type[Operation] | None, ...]:
    return tuple(type(item.operation) if isinstance(item, Step) else None for item in chain)


def _convolution(window: Chain, items: Items) -> tuple[tuple[Step, ...], int] | None:
    """The convolution, perhaps with its relu, that a chain begins with, and how many items these are."""
    kinds = _kinds(window)
    with_relu = kinds == (Im2col, Linear, Relu, Col2im)
    if not with_relu and kinds[:3] != (Im2col, Linear, Col2im):
        return None
    unroll, linear = window[0], window[1]
    assert isinstance(unroll, Step)
    assert isinstance(linear, Step)
    assert isinstance(unroll.operation, Im2col)
    assert isinstance(linear.operation, Linear)
    kernel = unroll.operation
    convolution = items.step(Convolution(kernel.k, kernel.s, kernel.p, linear.operation.d), unroll.inputs)
    return ((convolution, items.step(Relu(), convolution.outputs)), 4) if with_relu else ((convolution,), 3)


def _attention(fork: Fork, items: Items) -> Step | None:
    """softmax(q k') v, where q, k and v are each one linear layer of one width on the one input."""
    if type(fork.branching.operation) is not Clone or fork.aggregation.operation != Matmul(scaled=False) or len(fork.branches) != 2:
        return None
    (_, weighing), (_, values) = fork.branches
    if _kinds(values) != (Linear,) or len(weighing) != 2 or _kinds(weighing)[1] is not Softmax or not isinstance(weighing[0], Fork):
        return None
    scores, product = weighing[0], weighing[0].aggregation.operation
    if type(scores.branching.operation) is not Clone or type(product) is not Matmul or len(scores.branches) != 2:
        return None
    (_, queries), (_, keys) = scores.branches
    if _kinds(queries) != (Linear,) or _kinds(keys) != (Linear, Permute):
        return None
    transposing = keys[1]
    assert isinstance(transposing, Step)
    layers = [step.operation for step in (queries[0], keys[0], values[0]) if isinstance(step, Step)]
    widths = {layer.d for layer in layers if isinstance(layer, Linear)}
    if transposing.operation != TRANSPOSE or len(widths) != 1:
        return None
    return items.step(AttentionHeads(1, widths.pop(), product.scaled), fork.branching.inputs * 3)


def _heads(fork: Fork, items: Items) -> Step | None:
    """Equal heads of attention on one input, whose results are concatenated token by token."""
    ((count, branch), *others) = fork.branches
    joining = fork.aggregation.operation
    if others or type(fork.branching.operation) is not Clone or type(joining) is not Concat or joining.dim != 2 or len(branch) != 1:
        return None
    head = branch[0].operation if isinstance(branch[0], Step) else None
    if not isinstance(head, AttentionHeads):
        return None
    return items.step(AttentionHeads(count * head.number, head.width, head.scaled), fork.branching.inputs * 3)
