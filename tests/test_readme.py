"""The README's Python runs as it stands."""

import re
from pathlib import Path

TEXT = (Path(__file__).parent.parent / "README.md").read_text()


def test_the_readme_s_python_runs() -> None:
    """Every Python block is executed, in order, but those marked as too long for a test."""
    blocks = re.findall(r"(<!-- not executed[^\n]*-->\n)?```python\n(.*?)```", TEXT, re.DOTALL)
    executed = [code for marked, code in blocks if not marked]
    assert executed
    names: dict[str, object] = {}
    for code in executed:
        exec(code, names)
    assert names["child"].key != names["architecture"].key  # type: ignore[attr-defined]


def test_the_two_commands_stand_on_the_first_screen() -> None:
    """A newcomer finds `make demo` and `make test` without scrolling."""
    first = TEXT.splitlines()[:30]
    assert any(line.startswith("make demo") for line in first)
    assert any(line.startswith("make test") for line in first)
