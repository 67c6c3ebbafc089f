"""The comparison that every pass has to stand."""

import torch

from einspace import Architecture
from einspace.networks import build, convert_state


def compare(architecture: Architecture, batch_branches: bool = False) -> None:
    """Same weights, same outputs, same gradients of the input and of every weight: plain and optimised network, in float64."""
    plain = build(architecture, optimize=False).double()
    fast = build(architecture, batch_branches=batch_branches).double()
    convert_state(plain, fast)
    x = torch.randn(3, *architecture.input.shape, dtype=torch.double)
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
