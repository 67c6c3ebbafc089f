"""Sheets: several parts on one page, with titles."""

from collections.abc import Sequence

from einspace.pictures.geometry import SETTINGS, TITLE, Label, Part, Style

APART = 60.0
"""The space between two parts, in pixels."""


def beside(parts: Sequence[Part], apart: float = APART) -> Part:
    """Parts from left to right, their tops on one line."""
    whole = Part()
    x = 0.0
    for part in parts:
        whole.put(part, x + part.left, 0)
        x += part.width + apart
        whole.height = max(whole.height, part.height)
    return whole


def below(parts: Sequence[Part], apart: float = APART) -> Part:
    """Parts from top to bottom, their left sides on one line."""
    whole = Part()
    for i, part in enumerate(parts):
        whole.height += apart if i else 0.0
        whole.put(part, part.left, whole.height)
        whole.height += part.height
    return whole


def titled(part: Part, title: str, note: str = "") -> Part:
    """A part under a title, and under a smaller line where there is a note."""
    lines = [_line(title, TITLE, quiet=False), *([_line(note, SETTINGS, quiet=True)] if note else [])]
    return below([*lines, part], apart=8)


def _line(text: str, style: Style, quiet: bool) -> Part:
    label = Label.at(0, 0, text, style, quiet)
    return Part(0, label.rect.width, label.rect.height, [label])


def written(lines: Sequence[str]) -> Part:
    """Lines of text, such as a derivation in bracket notation."""
    return below([_line(line, SETTINGS, quiet=False) for line in lines], apart=4)
