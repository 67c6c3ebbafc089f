"""A command whose single operation outlives its limit ends all the same."""

import subprocess
import sys
import threading

import pytest

from einspace.cli.overdue import ended_after

pytestmark = pytest.mark.timeout(250)

STUCK = """
import sys, threading
from einspace.cli import main, overdue
from einspace.evaluation import evaluate
overdue.GRACE = 0.0
evaluate.evaluate = lambda *_, **__: threading.Lock().acquire() and threading.Event().wait()
sys.argv = ["einspace", "evaluate", "[linear(d=8) relu]", "digits", "--time-limit", "0.5", "--seeds", "2"]
main()
"""


def test_an_operation_that_does_not_end() -> None:
    """`evaluate` ends with one message, though the training never looks at the clock again."""
    done = subprocess.run([sys.executable, "-c", STUCK], capture_output=True, text=True, check=False, timeout=200)
    said = "timeout: one operation still ran after 0.5 seconds; --time-limit gives it longer"
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines()[-1] == f"error: the architecture cannot be trained on digits: {said}"


@pytest.mark.filterwarnings("error::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize("seconds", [None, 1e10, 1e300])
def test_limits_beyond_all_clocks(seconds: float | None) -> None:
    """A limit that no timer can wait for is none, and no timer is started that fails."""
    with ended_after(seconds, "too long"):
        assert not [thread for thread in threading.enumerate() if isinstance(thread, threading.Timer)]
