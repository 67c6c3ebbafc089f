"""The blocks of a page are read as its comments say."""

from pathlib import Path

import pytest
from tests.pages.blocks import blocks, commands

PAGE = """Call `einspace runs --json` or this:

```python
a = 1
```

```text
printed
```

<!-- not executed: it takes an hour -->
```python
long()
```
<!-- executed in its place:
short()
-->

```console
einspace search digits
```

<!-- executed -->
```console
einspace runs
```

```text
said of no Python
```
"""


def test_comments_decide_what_is_executed(tmp_path: Path) -> None:
    """Python is, unless a comment says why not; a command is where a comment says so; text belongs to the Python right before it."""
    page = tmp_path / "page.md"
    page.write_text(PAGE)
    found = [(block.language, block.executed, block.printed) for block in blocks(page)]
    assert found == [
        ("python", "a = 1\n", "printed\n"),
        ("text", "", None),
        ("python", "short()\n", None),
        ("console", "", None),
        ("console", "einspace runs\n", None),
        ("text", "", None),
    ]
    assert commands(page) == ["einspace runs --json", "einspace search digits", "einspace runs"]


def test_python_that_is_not_executed_says_why(tmp_path: Path) -> None:
    """A mark without a reason is a mistake, and so is a reason for what is executed."""
    page = tmp_path / "page.md"
    for mark in ("<!-- not executed -->", "<!-- executed: because -->"):
        page.write_text(f"{mark}\n```python\nx = 1\n```\n")
        with pytest.raises(ValueError, match="says why"):
            blocks(page)
