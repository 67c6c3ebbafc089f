"""State: the plain and the optimised form of one architecture hold the same weights, under the same names."""

from collections.abc import Mapping, Sequence

from torch import Tensor, nn

from einspace.errors import NetworkError

NAMED = 20
"""Entries that a message names before it only counts the others."""


def convert_state(source: nn.Module, target: nn.Module) -> None:
    """Copy all weights of a network into another form of the same architecture, exactly, in either direction.

    A convolution's weight (d, C, k, k) is a linear layer's (d, C k k), channel-major. Raises NetworkError naming what does not fit.
    """
    fill_state(target, source.state_dict())


def fill_state(target: nn.Module, have: Mapping[str, Tensor]) -> None:
    """Copy weights by name into a network, as `convert_state`; raises NetworkError naming missing, extra and mis-shaped entries."""
    want = target.state_dict()
    missing, extra = sorted(want.keys() - have.keys()), sorted(have.keys() - want.keys())
    wrong = [
        f"{name} {tuple(have[name].shape)} in place of {tuple(want[name].shape)}"
        for name in sorted(want.keys() & have.keys())
        if not _alike(have[name], want[name])
    ]
    if missing or extra or wrong:
        parts = (("missing", missing), ("extra", extra), ("mis-shaped", wrong))
        problems = "; ".join(f"{label} {_listed(names)}" for label, names in parts if names)
        raise NetworkError(f"the weights are of another architecture: {problems}")
    target.load_state_dict({name: have[name].reshape(want[name].shape) for name in want})


def _alike(have: Tensor, want: Tensor) -> bool:
    """Equal shapes, or a linear layer's weight and a convolution's with the same numbers in each row."""
    if have.shape == want.shape:
        return True
    return {have.ndim, want.ndim} == {2, 4} and have.flatten(1).shape == want.flatten(1).shape


def _listed(names: Sequence[str]) -> str:
    more = len(names) - NAMED
    return ", ".join(names[:NAMED]) + (f" and {more} more" if more > 0 else "")
