"""Programs of all kinds that make worker processes: each works, or is refused in one message before the first worker starts."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import einspace

pytestmark = pytest.mark.timeout(120)

ROOT = Path(__file__).parents[2]

START = """
import einspace
from einspace.errors import SettingError
from einspace.evaluation import Request, Work
from einspace.executors import ProcessExecutor
from einspace.features import Feature
from tests.executors.executor_samples import behaviour
print("begun", flush=True)
def own(architecture, context): return 0.5

def other():
    with ProcessExecutor(behaviour(), 1, memory_limit=None) as executor: print(executor.submit(Request("number")).result().value)

def mine():
    try:
        with ProcessExecutor(Work(own, Feature((1, 2, 2))), 1, memory_limit=None) as executor:
            print(executor.submit(Request("[relu norm]")).result().value)
    except SettingError as error: print(error)

"""

RUN = "mine()\nother()\n"


def program(*arguments: str, said: str = "") -> list[str]:
    """Run Python; the lines that it prints, after none of errors."""
    environment = {**os.environ, "PYTHONPATH": f"{Path(einspace.__file__).parents[1]}{os.pathsep}{ROOT}"}
    done = subprocess.run(
        [sys.executable, *arguments], input=said, env=environment, capture_output=True, text=True, timeout=100, check=False
    )
    errors = [line for line in done.stderr.splitlines() if line.strip(" >.")]
    assert (done.returncode, errors) == (0, [])
    return done.stdout.splitlines()


@pytest.mark.parametrize("arguments", [("-",), ("-i", "-q")])
def test_no_file(arguments: tuple[str, ...]) -> None:
    """Standard input and an interactive session work, but for an objective that they define themselves."""
    begun, refused, value = program(*arguments, said=START + RUN)
    assert (begun, value) == ("begun", "0.25")
    assert refused == "worker processes cannot import own from an interactive session or standard input: put it into a file"


def test_script_without_guard(tmp_path: Path) -> None:
    """It runs once; an objective of its own is refused, for whoever imports that would start everything again."""
    script = tmp_path / "script.py"
    script.write_text(START + RUN)
    begun, refused, value = program(str(script))
    assert (begun, value) == ("begun", "0.25")
    assert refused.startswith(f"worker processes import own from {script}, which would start everything again: put whatever it does under")


def test_script_with_guard(tmp_path: Path) -> None:
    """An objective of its own is imported by the worker, which runs what stands outside of the guard, and only then."""
    script = tmp_path / "script.py"
    script.write_text(START + 'if __name__ == "__main__":\n    other()\n    mine()\n')
    assert program(str(script)) == ["begun", "0.25", "begun", "0.5"]


def test_guard_around_something_else(tmp_path: Path) -> None:
    """A guard elsewhere in the script is no guard."""
    script = tmp_path / "script.py"
    script.write_text(START + 'if __name__ == "__main__":\n    print("guarded")\nmine()\n')
    *_, refused = program(str(script))
    assert "would start everything again" in refused
