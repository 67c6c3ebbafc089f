"""Weights: the plain and the optimised form of one architecture hold the same ones, under the same names."""

from torch import nn

from einspace.errors import NetworkError


def convert_state(source: nn.Module, target: nn.Module) -> None:
    """Copy all weights of a network into another form of the same architecture, exactly, in either direction.

    A convolution's weight (d, C, k, k) is a linear layer's (d, C k k), channel-major. Raises NetworkError naming what does not fit.
    """
    have, want = source.state_dict(), target.state_dict()
    missing, extra = sorted(want.keys() - have.keys()), sorted(have.keys() - want.keys())
    wrong = [name for name in want.keys() & have.keys() if want[name].numel() != have[name].numel()]
    if missing or extra or wrong:
        problems = [
            f"{label} {', '.join(names)}" for label, names in (("missing", missing), ("extra", extra), ("mis-shaped", wrong)) if names
        ]
        raise NetworkError(f"the weights are of another architecture: {'; '.join(problems)}")
    target.load_state_dict({name: have[name].reshape(want[name].shape) for name in want})
