"""Room: a check by arithmetic, before anything is built, that the free memory can hold a network and the work on it."""

from math import prod

from einspace.features import BYTES_PER_ELEMENT
from einspace.machine import free_memory
from einspace.networks.emit import parameters_of
from einspace.networks.heads import Head
from einspace.space import Architecture

COPIES = 4
"""Copies of the weights at once: in a training also gradients, momenta and updates, in an export also the ones that are compared."""


def lacking(architecture: Architecture, samples: int, work: str, head: Head | None = None) -> str:
    """The reason why `work` with so many samples at once takes more memory than is free; empty where it fits.

    Memory is estimated from the figures of the architecture and, if given, the head.
    """
    parameters, kept = architecture.parameters, architecture.saved_bytes
    if head is not None:
        parameters = parameters_of(architecture, head)
        kept += 2 * BYTES_PER_ELEMENT * prod(head.output(architecture.output))  # predictions and their gradients
    needed, free = COPIES * BYTES_PER_ELEMENT * parameters + samples * kept, free_memory()
    if needed <= free:
        return ""
    return (
        f"to {work} an architecture of {parameters:,} parameters{'' if head is None else ' with its head'}, whose backward pass keeps "
        f"{kept:,} bytes a sample, takes about {needed:,} bytes at {samples} samples at once, but {free:,} are free"
    )
