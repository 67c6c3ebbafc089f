"""Recurrence: a linear recurrence along the steps of a sequence, in chunks that run side by side, in place of one step after the other.

h_t = a_t h_{t-1} + b_t is associative: the products and the sums of a chunk say what it does to any state that comes in. So all chunks are
reduced at once, their results are the steps of a sequence that is shorter by the size of a chunk, which is solved in the same way, and each
chunk starts from the state that this gives. There are no divisions and no logarithms: products of numbers in [0, 1] can only become zero,
so gates near zero and near one are as exact as step by step.

Legend: n batch, s steps, d features of a step.
"""

from typing import Any, cast

import torch
from torch import Tensor, fx
from torch.nn import functional

CHUNK = 8
"""Steps of a chunk."""


def recurrence(a: Tensor, b: Tensor, steps: int, reverse: bool = False) -> Tensor:
    """h_t = a_t h_{t-1} + b_t from a state of zero: (n, s, d), (n, s, d) -> (n, s, d) with s = `steps`.

    `reverse` runs from the last step to the first: h_t = a_t h_{t+1} + b_t.
    """
    if steps <= CHUNK:
        return torch.stack(_states(_parts(a, 1, steps), _parts(b, 1, steps), None, reverse), 1)
    chunks = -(-steps // CHUNK)
    rest = chunks * CHUNK - steps
    if rest:
        a, b = functional.pad(a, [0, 0, 0, rest]), functional.pad(b, [0, 0, 0, rest])
    gates, values = (_parts(torch.unflatten(x, 1, (chunks, CHUNK)), 2, CHUNK) for x in (a, b))
    product, total = _reduced(gates, values, reverse)
    before = _shifted(recurrence(product, total, chunks, reverse), reverse)
    states = torch.stack(_states(gates, values, before, reverse), 2).flatten(1, 2)
    return states[:, :steps].contiguous() if rest else states


def gated(logits: Tensor, x: Tensor, steps: int, reverse: bool = False) -> Tensor:
    """h_t = a_t h_{t-1} + (1 - a_t) x_t with a = sigmoid(logits), all (n, s, d); in float32 or better, whatever the type of x.

    The backward pass is a recurrence in the other direction, so the only things that it keeps are the logits, x and the states.
    """
    if isinstance(cast("object", x), fx.Proxy):  # tracing only records calls, without types and gradients
        return _gated(logits, x, steps, reverse)
    wide = torch.promote_types(x.dtype, torch.float32)
    arguments = logits.to(wide), x.to(wide), steps, reverse
    kept = torch.is_grad_enabled() and (logits.requires_grad or x.requires_grad) and not torch.compiler.is_exporting()
    states: Tensor = _Gated.apply(*arguments) if kept else _gated(*arguments)  # type: ignore[no-untyped-call]
    return states.to(x.dtype)


class _Gated(torch.autograd.Function):
    """`_gated` with a backward pass of its own."""

    generate_vmap_rule = True

    @staticmethod
    def forward(logits: Tensor, x: Tensor, steps: int, reverse: bool) -> Tensor:
        return _gated(logits, x, steps, reverse)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, Tensor, int, bool], output: Tensor) -> None:
        logits, x, ctx.steps, ctx.reverse = inputs
        ctx.save_for_backward(logits, x, output)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor, None, None]:
        logits, x, states = ctx.saved_tensors
        forget, update = torch.sigmoid(logits), torch.sigmoid(-logits)
        flow = recurrence(_shifted(forget, not ctx.reverse), grad, ctx.steps, not ctx.reverse)
        taken = flow * update
        return taken * forget * (_shifted(states, ctx.reverse) - x), taken, None, None


def _gated(logits: Tensor, x: Tensor, steps: int, reverse: bool) -> Tensor:
    return recurrence(torch.sigmoid(logits), torch.sigmoid(-logits) * x, steps, reverse)


def _parts(x: Tensor, axis: int, count: int) -> list[Tensor]:
    """The slices along an axis."""
    slices = torch.unbind(x, axis)
    return [slices[t] for t in range(count)]


def _states(gates: list[Tensor], values: list[Tensor], state: Tensor | None, reverse: bool) -> list[Tensor]:
    """The states after each step, from a state; None is zero."""
    found = []
    for gate, value in _in_turn(gates, values, reverse):
        state = value if state is None else torch.addcmul(value, gate, state)
        found.append(state)
    return found[::-1] if reverse else found


def _reduced(gates: list[Tensor], values: list[Tensor], reverse: bool) -> tuple[Tensor, Tensor]:
    """All steps as one step: the factor of the incoming state, and the term that is added to it."""
    (product, total), *others = _in_turn(gates, values, reverse)
    for gate, value in others:
        product, total = product * gate, torch.addcmul(value, gate, total)
    return product, total


def _in_turn(gates: list[Tensor], values: list[Tensor], reverse: bool) -> list[tuple[Tensor, Tensor]]:
    pairs = list(zip(gates, values, strict=True))
    return pairs[::-1] if reverse else pairs


def _shifted(x: Tensor, reverse: bool) -> Tensor:
    """The value of the step before each step, in the direction of the recurrence: zero at the first one."""
    return functional.pad(x[:, 1:], [0, 0, 0, 1]) if reverse else functional.pad(x[:, :-1], [0, 0, 1, 0])
