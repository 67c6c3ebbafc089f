"""Room: whether the memory that is free can hold a network and what is done with it, by arithmetic, before anything is built."""

from einspace.features import BYTES_PER_ELEMENT
from einspace.machine import free_memory
from einspace.space import Architecture

COPIES = 4
"""Copies of the weights at once: when they are trained, gradients, momenta and those being updated; when exported, those compared."""


def lacking(architecture: Architecture, samples: int, work: str) -> str:
    """Why `work` with so many samples at once takes more memory than is free, by the architecture's own figures, or nothing."""
    weights = COPIES * BYTES_PER_ELEMENT * architecture.parameters
    needed, free = weights + samples * architecture.saved_bytes, free_memory()
    if needed <= free:
        return ""
    return (
        f"to {work} an architecture of {architecture.parameters:,} parameters, whose backward pass keeps "
        f"{architecture.saved_bytes:,} bytes a sample, takes about {needed:,} bytes at {samples} samples at once, but {free:,} are free"
    )
