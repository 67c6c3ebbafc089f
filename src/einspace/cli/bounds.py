"""Bounds of commands that build a network in this process: the memory that a trial would have, and arithmetic before anything is built."""

from collections.abc import Iterator
from contextlib import contextmanager

import psutil

from einspace.errors import LimitError
from einspace.features import BYTES_PER_ELEMENT, Feature
from einspace.limits import Limits
from einspace.space import Architecture

COPIES = 4
"""Copies of the weights at once: when they are trained, gradients, momenta and those being updated; when exported, those compared."""


def parse_shape(text: str) -> Feature:
    """A shape from its text; raises LimitError for a sample that is larger than all that a backbone may write by default."""
    feature, most = Feature.parse(text), Limits().activation_bytes
    if most is not None and feature.bytes > most:
        raise LimitError(f"an input of {feature} is {feature.bytes:,} bytes a sample, but at most {most:,} are taken: lower --shape")
    return feature


def check_memory(architecture: Architecture, samples: int, work: str) -> None:
    """Raise LimitError where `work` with so many samples at once takes more memory than is free, by the architecture's own figures."""
    weights = COPIES * BYTES_PER_ELEMENT * architecture.parameters
    needed, free = weights + samples * architecture.saved_bytes, int(psutil.virtual_memory().available)
    if needed > free:
        raise LimitError(
            f"out-of-memory: to {work} an architecture of {architecture.parameters:,} parameters, whose backward pass keeps "
            f"{architecture.saved_bytes:,} bytes a sample, takes about {needed:,} bytes at {samples} samples at once, but {free:,} are free"
        )


@contextmanager
def bounded(work: str) -> Iterator[None]:
    """Bound this process's memory as a trial's; raises LimitError where it does not suffice for `work`."""
    from einspace.evaluation.attempt import is_memory_error
    from einspace.evaluation.outcome import first_line
    from einspace.executors.memory import limit_memory, share_memory

    lift = limit_memory("cpu", *share_memory("auto", ("cpu",), 0))
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not is_memory_error(error):
            raise
        raise LimitError(f"out-of-memory: there is too little memory to {work}: {first_line(error)}") from None
    finally:
        lift()
