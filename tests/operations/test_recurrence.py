"""The recurrence in chunks against the loop over the steps, which it equals at any length, in both directions and in any precision."""

import pytest
import torch
from torch import Tensor

from einspace.errors import ShapeError
from einspace.features import Feature
from einspace.operations.recurrence import CHUNK, gated, recurrence
from einspace.operations.recurrent import CausalWindow, Multiply, Scan

LENGTHS = (1, 2, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 63, CHUNK**2, CHUNK**2 + 1, 200, 512)


def in_turn(logits: Tensor, x: Tensor, reverse: bool = False) -> Tensor:
    """h_t = a_t h_{t-1} + (1 - a_t) x_t, one step after the other, in double precision."""
    logits, x = logits.double(), x.double()
    steps = list(zip(torch.sigmoid(logits).unbind(1), (torch.sigmoid(-logits) * x).unbind(1), strict=True))
    state = torch.zeros_like(x[:, 0])
    states: list[Tensor] = []
    for gate, value in reversed(steps) if reverse else steps:
        state = gate * state + value
        states.append(state)
    return torch.stack(states[::-1] if reverse else states, 1)


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("steps", LENGTHS)
def test_chunks_equal_the_loop(steps: int, reverse: bool) -> None:
    """Outputs and gradients to 1e-5 in float32, at lengths that fill their chunks and at others."""
    torch.manual_seed(steps)
    logits, x, weights = 3 * torch.randn(3, steps, 5), torch.randn(3, steps, 5), torch.randn(3, steps, 5)
    here, there = ((logits.clone().requires_grad_(), x.clone().requires_grad_()) for _ in range(2))
    ours, loop = gated(*here, steps, reverse), in_turn(*there, reverse)
    torch.testing.assert_close(ours, loop.float(), rtol=1e-5, atol=1e-5)
    torch.autograd.backward([(ours * weights).sum(), (loop * weights).sum()])
    for mine, other in zip(here, there, strict=True):
        assert other.grad is not None
        torch.testing.assert_close(mine.grad, other.grad, rtol=1e-5, atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("logit", [-80.0, 6.0, 12.0, 80.0, None], ids=str)
def test_gates_near_zero_and_near_one_are_exact_over_4096_steps(logit: float | None, dtype: torch.dtype) -> None:
    """Outputs and gradients are those of the loop in double precision, where all gates forget, all keep, or take turns."""
    torch.manual_seed(0)
    steps = 4096
    gates = torch.full((1, steps, 8), logit) if logit is not None else torch.tensor([-40.0, 15.0, 40.0])[torch.randint(3, (1, steps, 8))]
    x = torch.randn(1, steps, 8)
    gates, x = (gates + 0.1 * torch.randn_like(gates)).to(dtype), x.to(dtype)
    here, there = ((gates.clone().requires_grad_(), x.clone().requires_grad_()) for _ in range(2))
    ours, loop = gated(*here, steps), in_turn(*there)
    assert ours.dtype == dtype
    rounding = 1e-5 if dtype == torch.float32 else 2**-8
    torch.testing.assert_close(ours.double(), loop, rtol=rounding, atol=1e-5)
    weights = torch.randn(1, steps, 8)
    torch.autograd.backward([(ours.float() * weights).sum(), (loop * weights).sum()])
    for mine, other in zip(here, there, strict=True):
        assert mine.grad is not None
        assert other.grad is not None
        scale = max(1.0, float(other.grad.abs().max()))
        torch.testing.assert_close(mine.grad.double(), other.grad.double(), rtol=2 * rounding, atol=2 * rounding * scale)


def test_gradients_of_gradients() -> None:
    """The backward pass can be differentiated again, in both directions."""
    torch.manual_seed(0)
    for steps, reverse in ((3, False), (11, True)):
        inputs = tuple(torch.randn(2, steps, 2, dtype=torch.double, requires_grad=True) for _ in range(2))
        torch.autograd.gradcheck(lambda a, b, s=steps, r=reverse: gated(a, b, s, r), inputs)
        torch.autograd.gradgradcheck(lambda a, b, s=steps, r=reverse: gated(a, b, s, r), inputs)


def test_gradients_of_each_sample() -> None:
    """`torch.func` maps over samples: its gradients are those of each sample by itself."""
    torch.manual_seed(0)
    layer = Scan().layer((Feature((10, 4)),))
    weights: dict[str, Tensor] = dict(layer.named_parameters())
    x = torch.randn(3, 10, 4)

    def loss(values: dict[str, Tensor], one: Tensor) -> Tensor:
        states: Tensor = torch.func.functional_call(layer, values, (one[None],))
        return states.square().sum()

    each = torch.func.vmap(torch.func.grad(loss), (None, 0))(weights, x)
    for i in range(3):
        layer.zero_grad()
        layer(x[i : i + 1]).square().sum().backward()
        for name, value in weights.items():
            torch.testing.assert_close(each[name][i], value.grad)


def test_known_states() -> None:
    """Three steps by hand: gates of 1/2 halve what came before and take half of what comes."""
    x = torch.tensor([[[8.0], [4.0], [2.0]]])
    zero = torch.zeros_like(x)
    assert gated(zero, x, 3).flatten().tolist() == [4.0, 4.0, 3.0]
    assert gated(zero, x, 3, reverse=True).flatten().tolist() == [5.25, 2.5, 1.0]
    assert recurrence(torch.full_like(x, 2.0), x, 3).flatten().tolist() == [8.0, 20.0, 42.0]


@pytest.mark.parametrize("reverse", [False, True])
def test_scan_gates_what_it_reads(reverse: bool) -> None:
    """The layer is the recurrence whose gates are sigmoid(W x + c); the first token of its direction comes from a state of zero."""
    torch.manual_seed(0)
    layer = Scan(reverse).layer((Feature((20, 6)),))
    x = torch.randn(2, 20, 6)
    logits = x @ layer.get_parameter("weight").T + layer.get_parameter("bias")
    torch.testing.assert_close(layer(x), in_turn(logits, x, reverse).float())
    place = -1 if reverse else 0
    torch.testing.assert_close(layer(x)[:, place], torch.sigmoid(-logits[:, place]) * x[:, place])


def test_gates_start_with_memories_from_two_tokens_to_all() -> None:
    """1 / (1 - a) at x = 0, so that some features see the whole sequence from the first step of training on."""
    layer = Scan().layer((Feature((256, 5)),))
    memories = 1 / torch.sigmoid(-layer.get_parameter("bias").detach())
    torch.testing.assert_close(memories, torch.tensor([2.0, 5.0, 17.0, 65.0, 257.0]))


def test_scan_needs_a_sequence_and_keeps_its_grid() -> None:
    """Tokens of an im2col can be put back after a scan; an image by itself has no order."""
    feature = Feature((12, 5), (3, 4))
    assert Scan().infer((feature,)) == (feature,)
    with pytest.raises(ShapeError, match=r"scan\(reverse=False\) .*Col mode"):
        Scan().infer((Feature((3, 4, 5)),))


def test_a_causal_window_sees_no_later_token() -> None:
    """window(k=3, p=1) sees the next token, causal-window(k=3, p=2) sees itself and two before it, oldest first."""
    x = torch.arange(1.0, 5.0).view(1, 4, 1)
    rows = CausalWindow(3, 1, 2).layer((Feature((4, 1)),))(x)
    assert rows.tolist() == [[[0, 0, 1], [0, 1, 2], [1, 2, 3], [2, 3, 4]]]
    assert CausalWindow(2, 2, 0).infer((Feature((7, 3)),)) == (Feature((3, 6)),)
    with pytest.raises(ShapeError, match="at least 2 tokens"):
        CausalWindow(4, 1, 2).infer((Feature((1, 3)),))


def test_multiply_is_a_product_of_two() -> None:
    """Element by element; unequal shapes and a third branch are refused."""
    a, b = torch.randn(2, 3, 4), torch.randn(2, 3, 4)
    feature = Feature((3, 4))
    assert torch.equal(Multiply().layer((feature, feature))(a, b), a * b)
    for wrong in ((feature,) * 3, (feature, Feature((4, 3)))):
        with pytest.raises(ShapeError, match="multiply"):
            Multiply().infer(wrong)
