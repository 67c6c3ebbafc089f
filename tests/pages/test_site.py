"""The site of the documentation is built from the repository alone."""

import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from tests.pages.blocks import ROOT


@pytest.mark.slow
@pytest.mark.skipif(find_spec("mkdocs") is None, reason="the extra docs is not installed: make docs installs it")
def test_the_site_is_built_without_a_warning_and_loads_nothing(tmp_path: Path) -> None:
    """No link is broken, no docstring is misread, and no page loads a font, a script or a picture from elsewhere."""
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "-d", str(tmp_path)]
    environment = os.environ | {"NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=280)
    assert done.returncode == 0, done.stderr  # not by --quiet, with which nothing counts the warnings
    pages = list(tmp_path.rglob("*.html"))
    assert len(pages) > 50
    loads = r"<(?:script|img|link|iframe)[^>]+(?:src|href)=[\"']?((?:https?:)?//[^\"'\s>]+)"
    assert [found for page in pages for found in re.findall(loads, page.read_text(encoding="utf-8"))] == []
