"""Programs of all kinds that make worker processes: each works, or is refused in one message before the first worker starts."""

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from tests.executors.mains import run_as_main

import einspace
from einspace.errors import SettingError
from einspace.executors import forkserver

pytestmark = pytest.mark.timeout(120)

PATH = [str(Path(einspace.__file__).parents[1]), str(Path(__file__).parents[2])]
"""Where einspace and its tests lie."""

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


def program(*arguments: str, said: str = "", cwd: Path | None = None) -> list[str]:
    """Run Python; the lines that it prints, after none of errors."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(PATH)}
    done = subprocess.run(
        [sys.executable, *arguments], input=said, env=environment, capture_output=True, text=True, timeout=100, check=False, cwd=cwd
    )
    errors = [line for line in done.stderr.splitlines() if line.strip(" >.")]
    assert (done.returncode, errors) == (0, [])
    return done.stdout.splitlines()


@pytest.mark.slow
@pytest.mark.parametrize("arguments", [("-E", "-P", "-"), ("-i", "-q")])
def test_no_file(arguments: tuple[str, ...]) -> None:
    """Standard input, here of a Python that ignores its environment, and an interactive session work.

    An objective that they define themselves is refused.
    """
    begun, refused, value = program(*arguments, said=f"import sys; sys.path += {PATH}\n{START}{RUN}")
    assert (begun, value) == ("begun", "0.25")
    assert refused == "worker processes cannot import own from an interactive session or standard input: put it into a file"


@pytest.mark.slow
def test_script_without_guard(tmp_path: Path) -> None:
    """It runs once; an objective of its own is refused, for whoever imports that would start everything again."""
    script, runs = tmp_path / "script.py", tmp_path / "runs"
    begun, refused, value = run_as_main(f"with open({str(runs)!r}, 'a') as file: file.write(__name__)\n{START}{RUN}", script).splitlines()
    assert (begun, value) == ("begun", "0.25")
    assert runs.read_text() == "__main__"
    assert refused.startswith(f"worker processes import own from {script}, which would start everything again: put whatever it does under")


PLANTED = ("torch", "numpy", "struct", "signal", "psutil", "einspace", "tempfile", "pickle", "sitecustomize")

OWN = "import os, sys\ndef own(architecture, context): return float('PYTHONSAFEPATH' in os.environ or os.getcwd() in sys.path)\n"


@pytest.mark.slow
def test_script_with_guard(tmp_path: Path) -> None:
    """An objective of its own is imported by the worker, which runs what stands outside of the guard, and only then.

    Neither the server of workers, nor multiprocessing's tracker, nor a worker runs what lies in the current folder, that of the data. What
    the work itself starts has the environment of the program, without the variable that keeps it so.
    """
    data, scripts = tmp_path / "data", tmp_path / "scripts"
    data.mkdir()
    scripts.mkdir()
    for name in PLANTED:
        (data / f"{name}.py").write_text(f"open({str(tmp_path / 'run')!r}, 'a').write(__name__)\nraise SystemError")
    script = scripts / "search.py"
    script.write_text(f'{START}{OWN}if __name__ == "__main__":\n    other()\n    mine()\n')
    assert program(str(script), cwd=data) == ["begun", "0.25", "begun", "0.0"]
    assert not (tmp_path / "run").exists()


def test_guard_around_something_else(tmp_path: Path) -> None:
    """A guard elsewhere in the script is not a guard."""
    said = run_as_main(START + 'if __name__ == "__main__":\n    print("guarded")\nmine()\n', tmp_path / "script.py")
    *_, refused = said.splitlines()
    assert "would start everything again" in refused


def test_an_environment_that_is_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where Python ignores its environment, it must be called such that its children do not run what lies in the current folder."""
    monkeypatch.setattr(forkserver, "sys", SimpleNamespace(flags=SimpleNamespace(safe_path=False, ignore_environment=True)))
    with pytest.raises(SettingError, match="call `python -E -P`, or -I"):
        forkserver.start()
