"""Room: whether the memory that is free can hold a network and what is done with it, by arithmetic, before anything is built."""

from math import prod

from einspace.features import BYTES_PER_ELEMENT
from einspace.machine import free_memory
from einspace.networks.emit import parameters_of
from einspace.networks.heads import Head
from einspace.space import Architecture

COPIES = 4
"""Copies of the weights at once: when they are trained, gradients, momenta and those being updated; when exported, those compared."""


def lacking(architecture: Architecture, samples: int, work: str, head: Head | None = None) -> str:
    """Why `work` with so many samples at once takes more memory than is free, by the figures of architecture and head, or nothing."""
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
