"""No allocation of a bounded block takes more memory than is free, and what was bound before is bound again afterwards."""

import ctypes
import logging
import subprocess
import sys
import textwrap

import numpy as np
import psutil
import pytest

from einspace.errors import LimitError
from einspace.executors.memory import keep_freed_memory, limit_memory, return_freed_memory
from einspace.memory import bounded, capped, is_memory_error

linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux binds the data of a process")


@linux
def test_an_allocation_that_is_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is one message, and the next one succeeds once the block has ended."""
    free = psutil.virtual_memory()._replace(available=2**28)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: free)
    with pytest.raises(LimitError, match=r"^out-of-memory: there is too little memory to read it: "), bounded("read it"):
        np.ones(2**27)
    assert np.empty(2**27).nbytes == 2**30


@linux
def test_blocks_in_each_other() -> None:
    """The last one to end restores what was before the first, in whatever order they end."""
    import resource

    before = resource.getrlimit(resource.RLIMIT_DATA)
    first, second = capped(), capped()
    first.__enter__()
    second.__enter__()
    inside = resource.getrlimit(resource.RLIMIT_DATA)
    first.__exit__(None, None, None)
    assert resource.getrlimit(resource.RLIMIT_DATA) == inside != before
    second.__exit__(None, None, None)
    assert resource.getrlimit(resource.RLIMIT_DATA) == before


def test_other_mistakes_stay_as_they_are() -> None:
    """An exception of another kind passes."""
    with pytest.raises(RuntimeError, match="a mistake"), bounded("read it"):
        raise RuntimeError("a mistake")
    assert is_memory_error(RuntimeError("CUDA out of memory"))
    assert is_memory_error(RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"))
    assert is_memory_error(RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"))
    assert not is_memory_error(ValueError("out of memory"))


def test_other_systems(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """Where memory cannot be bounded, that is said once, and the work is done; workers do without the bound too."""
    monkeypatch.setattr(sys, "platform", "darwin")
    with caplog.at_level(logging.WARNING, "einspace"):
        for _ in range(2):
            with capped():
                limit_memory("cpu", 1, None)
    assert [record.getMessage().partition(",")[0] for record in caplog.records] == ["memory is not bounded on darwin"]


@linux
def test_freed_memory_is_kept_and_returned() -> None:
    """Blocks of 64 MiB that are taken and freed in turn take new pages from the kernel once, in place of each time; then all go back."""
    lines = """
        import resource, sys
        import numpy, psutil
        from einspace.executors.memory import keep_freed_memory, return_freed_memory

        def faults():
            before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
            numpy.ones(2**23)
            return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

        usual = [faults() for _ in range(3)]
        keep_freed_memory()
        kept = [faults() for _ in range(3)]
        held = psutil.Process().memory_info().rss
        return_freed_memory()
        print(min(usual), max(kept[1:]), held - psutil.Process().memory_info().rss)
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(lines)], check=True, capture_output=True, text=True)
    usual, kept, returned = map(int, done.stdout.split())
    assert kept < usual / 4
    assert returned > 2**25


def test_another_c_library_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """A library without these functions, and another system, have nothing to keep."""
    monkeypatch.setattr(ctypes, "CDLL", lambda name: object())
    keep_freed_memory()
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr(ctypes, "CDLL", None)
    return_freed_memory()
