"""Programs that run as `__main__` in the process of the tests, which has everything imported, where a new interpreter takes seconds."""

import sys
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from types import ModuleType

import pytest


def run_as_main(program: str, script: Path | None = None) -> str:
    """What a program prints that Python runs from a script, which is written, or without one as in an interactive session."""
    module, said = ModuleType("__main__"), StringIO()
    if script is not None:
        script.write_text(program)
        module.__file__ = str(script)
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(said):
        patch.setitem(sys.modules, "__main__", module)
        exec(compile(program, str(script or "<string>"), "exec"), vars(module))
    return said.getvalue()
