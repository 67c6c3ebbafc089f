"""Recurrent networks, put together from scans, products and short causal convolutions; the normalisation stands before each block.

Each block is the core of a known one. Its omissions and replacements are listed in docs/decisions/037-recurrence.md.
"""

from einspace.baselines.blocks import IDENTITY, NORM, RELU, embedding, linear, mlp, residual, small_patch
from einspace.derivation.build import branch, compute, route, sequence, whole
from einspace.derivation.tree import Derivation
from einspace.features import Feature
from einspace.operations import Add, Clone, Concat, Identity
from einspace.operations.recurrent import CausalWindow, Multiply, Scan

FORWARD, BACKWARD = compute(Scan(reverse=False)), compute(Scan(reverse=True))

TAPS = 4
"""Tokens of a short convolution."""


def gru_tiny(inputs: Feature) -> Derivation:
    """(C, H, W) or (S, D) -> (S, 64): patches of 4 (2 below 16 pixels), two layers of a minimal GRU and an MLP."""
    return compose_gru(inputs, small_patch(inputs), width=64, layers=2, hidden=64)


def mamba_tiny(inputs: Feature) -> Derivation:
    """(C, H, W) or (S, D) -> (S, 64): patches of 4 (2 below 16 pixels), two Mamba blocks with one state for each of 64 channels."""
    return compose_mamba(inputs, small_patch(inputs), width=64, layers=2, hidden=64)


def compose_gru(inputs: Feature, patch: int, width: int, layers: int, hidden: int) -> Derivation:
    """Minimal GRUs, each followed by an MLP with `hidden` features inside."""
    return stacked(inputs, patch, width, layers, (min_gru(width), mlp(hidden, width)))


def compose_lru(inputs: Feature, patch: int, width: int, layers: int, hidden: int) -> Derivation:
    """Linear recurrences in both directions of `hidden` states together, each followed by a gated linear unit."""
    return stacked(inputs, patch, width, layers, (sequence(lru(hidden, width), RELU, gated_unit(width)),))


def compose_mamba(inputs: Feature, patch: int, width: int, layers: int, hidden: int) -> Derivation:
    """Mamba blocks of `hidden` channels."""
    return stacked(inputs, patch, width, layers, (mamba(hidden, width),))


def stacked(inputs: Feature, patch: int, width: int, layers: int, blocks: tuple[Derivation, ...]) -> Derivation:
    """Tokens of `width`, the blocks of each layer with a norm before and a shortcut beside, and a norm at the end."""
    layer = sequence(*(residual(sequence(NORM, block)) for block in blocks))
    return whole(sequence(embedding(inputs, patch, width), *[layer] * layers, NORM))


def min_gru(width: int) -> Derivation:
    """A candidate, and a gate between it and the state: (S, D) -> (S, width)."""
    return sequence(linear(width), FORWARD)


def lru(hidden: int, width: int) -> Derivation:
    """States of both directions side by side, read by one linear layer, beside a direct path: (S, D) -> (S, width)."""
    half = linear(hidden // 2)
    states = branch(Clone(2), (sequence(half, FORWARD), sequence(half, BACKWARD)), Concat(2, 2))
    return residual(sequence(states, linear(width)), linear(width))


def gated_unit(width: int) -> Derivation:
    """One linear layer times a rectified other: (S, D) -> (S, width)."""
    return branch(Clone(2), (linear(width), sequence(linear(width), RELU)), Multiply())


def mamba(hidden: int, width: int) -> Derivation:
    """A short causal convolution and a scan, times a rectified linear layer: (S, D) -> (S, width)."""
    convolution = route(CausalWindow(TAPS, 1, TAPS - 1), linear(hidden), Identity())
    scanned = branch(Clone(2), (FORWARD, IDENTITY), Add())
    return sequence(branch(Clone(2), (sequence(convolution, RELU, scanned), sequence(linear(hidden), RELU)), Multiply()), linear(width))
