"""The comparison that every pass has to stand."""

import torch
from torch import nn

from einspace import Architecture
from einspace.graph import Graph
from einspace.networks import build, convert_state, emit


def compare(architecture: Architecture, batch_branches: bool = False) -> None:
    """Plain and optimised network."""
    forms = build(architecture, optimize=False), build(architecture, batch_branches=batch_branches)
    compare_networks(*forms, architecture.input.shape)


def compare_graphs(before: Graph, after: Graph) -> None:
    """The networks of a graph before and after a pass."""
    compare_networks(emit(before), emit(after), before.features[0].shape)


def compare_networks(plain: nn.Module, fast: nn.Module, shape: tuple[int, ...]) -> None:
    """Same weights, same outputs, same gradients of the input and of every weight, in float64; and the input is as it was."""
    plain, fast = plain.double(), fast.double()
    convert_state(plain, fast)
    x = torch.randn(3, *shape, dtype=torch.double)
    inputs = x.clone().requires_grad_(), x.clone().requires_grad_()
    outputs = plain(inputs[0]), fast(inputs[1])
    torch.testing.assert_close(outputs[0], outputs[1], rtol=1e-9, atol=1e-9)
    assert torch.equal(inputs[1], x)
    weights = torch.randn_like(outputs[0])
    for output in outputs:
        (output * weights).sum().backward()
    torch.testing.assert_close(inputs[0].grad, inputs[1].grad, rtol=1e-7, atol=1e-7)
    for (name, p), (other, q) in zip(sorted(plain.named_parameters()), sorted(fast.named_parameters()), strict=True):
        assert name == other
        torch.testing.assert_close(p.grad, None if q.grad is None else q.grad.reshape(p.shape), rtol=1e-7, atol=1e-7)
