"""Facts: statements of a file about its network, as JSON values by name, in the form that each format has for them."""

import json
import textwrap
from collections.abc import Mapping
from typing import Any

from einspace.echo import escaped

Facts = Mapping[str, Any]
"""Names of facts and JSON values."""

ENTRY = "einspace"
"""The entry of a safetensors header that holds the facts, and the stem of the file that holds them in a program."""


def properties(facts: Facts) -> dict[str, str]:
    """Texts by name, for the metadata of an ONNX model: a text without control characters, anything else as JSON.

    >>> properties({"task": "digits", "classes": ["0", "1"]})
    {'task': 'digits', 'classes': '["0", "1"]'}
    """
    return {name: escaped(value, keep="") if isinstance(value, str) else json.dumps(value) for name, value in facts.items()}


def documented(facts: Facts, width: int) -> list[str]:
    """The facts as lines for the docstring of a source; a long fact takes several lines."""
    lines: list[str] = []
    for name, text in properties(facts).items():
        safe = text.replace('"""', "'''")
        lines += textwrap.wrap(f"{name}: {safe}", width, subsequent_indent="    ", break_on_hyphens=False, break_long_words=False)
    return lines
