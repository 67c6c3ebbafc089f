"""Memory: a bound that makes an allocation of this process fail before the machine runs out, and the one message that follows."""

import logging
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import psutil

from einspace.errors import LimitError
from einspace.machine import free_memory

_SAID = (
    *("not enough memory", "can't allocate", "cannot allocate", "out of memory", "bad_alloc", "could not create a memory"),
    "_status_alloc_failed",
)
"""Words by which exceptions of C++ say that memory ran out; the last are those of cuBLAS and cuDNN."""

_LOG = logging.getLogger("einspace")

_lock = threading.Lock()
_users = 0
_before: tuple[int, int] | None = None
"""The bound before the first of the users, which the last one restores."""


def is_memory_error(error: BaseException) -> bool:
    """True if an exception says that the memory of the machine, of a bound or of an accelerator ran out."""
    return isinstance(error, MemoryError) or (isinstance(error, RuntimeError) and any(words in str(error).lower() for words in _SAID))


@contextmanager
def bounded(work: str) -> Iterator[None]:
    """Let this process take no more memory than is free now; raises LimitError where that does not suffice for `work`."""
    with capped():
        try:
            yield
        except (MemoryError, RuntimeError) as error:
            if not is_memory_error(error):
                raise
            said = (str(error) or "it ran out").splitlines()[0]
            raise LimitError(f"out-of-memory: there is too little memory to {work}: {said}") from None


@contextmanager
def capped() -> Iterator[None]:
    """Make allocations beyond the memory that is free now fail, as long as the block runs, in all threads.

    Files that are mapped to be read do not count, and neither do addresses that an accelerator reserves. See `can_bound` for systems
    where they do not.
    """
    _begin()
    try:
        yield
    finally:
        _end()


def can_bound() -> bool:
    """True on Linux, which alone can bound the memory of a process. Another system is named in the log, once."""
    if sys.platform != "linux":
        _say_unbounded(sys.platform)
    return sys.platform == "linux"


@cache
def _say_unbounded(platform: str) -> None:
    _LOG.warning("memory is not bounded on %s, since only Linux can do that: a network may exhaust the machine", platform)


def _begin() -> None:
    global _users, _before
    if not can_bound():
        return
    import resource

    with _lock:
        _users += 1
        if _users == 1:
            _before = resource.getrlimit(resource.RLIMIT_DATA)
            bounds = [bound for bound in _before if bound != resource.RLIM_INFINITY]
            wanted = min([int(psutil.Process().memory_info().data) + free_memory(), *bounds])
            resource.setrlimit(resource.RLIMIT_DATA, (wanted, _before[1]))


def _end() -> None:
    global _users, _before
    if not can_bound():
        return
    import resource

    with _lock:
        _users -= 1
        if _users == 0 and _before is not None:
            resource.setrlimit(resource.RLIMIT_DATA, _before)
            _before = None
