"""Palette: the paper's colours (section 3.1), softened and set apart in brightness, so that a colour-blind reader tells them apart.

Boxes of the four groups differ in outline too: branching widens downwards, aggregation narrows, routing has pointed sides.
"""

from dataclasses import dataclass
from typing import Literal

from einspace.errors import SettingError
from einspace.operations import Group
from einspace.pictures.geometry import Kind

Theme = Literal["light", "dark", "auto"]
"""`auto` is dark where the reader's system is."""


@dataclass(frozen=True)
class Paint:
    """The colours of a box."""

    fill: str
    line: str
    ink: str


@dataclass(frozen=True)
class Palette:
    """The colours of a whole picture."""

    page: str
    ink: str
    quiet: str
    """Shapes beside edges."""
    edge: str
    frame: str
    panel: str
    """Within a frame."""
    strong: str
    """The colour of what is highlighted."""
    boxes: dict[Kind | Group, Paint]


LIGHT = Palette(
    page="#ffffff",
    ink="#1f2328",
    quiet="#57606a",
    edge="#6e7781",
    frame="#afb8c1",
    panel="#f4f6f8",
    strong="#cf222e",
    boxes={
        Group.BRANCHING: Paint("#fbe37b", "#9a7d0a", "#1f2328"),
        Group.AGGREGATION: Paint("#c79fe0", "#6f3d94", "#1f2328"),
        Group.ROUTING: Paint("#7fcb9a", "#1c7a43", "#1f2328"),
        Group.COMPUTATION: Paint("#cfe4fb", "#3b76b8", "#1f2328"),
        Kind.INPUT: Paint("#1f2328", "#1f2328", "#ffffff"),
        Kind.OUTPUT: Paint("#c62828", "#8e1b1b", "#ffffff"),
        Kind.SYMBOL: Paint("#d5dae0", "#8c959f", "#1f2328"),
        Kind.REFERENCE: Paint("#ffffff", "#6e7781", "#1f2328"),
    },
)

DARK = Palette(
    page="#12161c",
    ink="#e6edf3",
    quiet="#9aa7b4",
    edge="#8b97a4",
    frame="#465362",
    panel="#1a2028",
    strong="#ff7b72",
    boxes={
        Group.BRANCHING: Paint("#e3c24b", "#fbe37b", "#12161c"),
        Group.AGGREGATION: Paint("#8a58b3", "#c79fe0", "#ffffff"),
        Group.ROUTING: Paint("#24794a", "#5fb583", "#ffffff"),
        Group.COMPUTATION: Paint("#173c66", "#6ba3de", "#ffffff"),
        Kind.INPUT: Paint("#000000", "#9aa7b4", "#ffffff"),
        Kind.OUTPUT: Paint("#c62828", "#ff8a80", "#ffffff"),
        Kind.SYMBOL: Paint("#3a4552", "#6e7b89", "#ffffff"),
        Kind.REFERENCE: Paint("#12161c", "#9aa7b4", "#e6edf3"),
    },
)

PALETTES: dict[str, Palette] = {"light": LIGHT, "dark": DARK}


def role(kind: Kind | Group) -> str:
    """The name of a kind of box in a style sheet."""
    return kind.name.lower()


def style_sheet(theme: Theme) -> str:
    """The rules of a theme, all of which hold within an element of the class `einspace-THEME` only.

    Raises SettingError for a theme that there is not.
    """
    if theme == "auto":
        return f"{_rules(LIGHT, theme)}@media (prefers-color-scheme: dark){{{_rules(DARK, theme)}}}"
    if theme not in PALETTES:
        raise SettingError(f"the theme of a picture is {', '.join(PALETTES)} or auto, not {theme!r}")
    return _rules(PALETTES[theme], theme)


def _rules(palette: Palette, theme: str) -> str:
    rules = {
        "page": f"fill:{palette.page}",
        "edge": f"fill:none;stroke:{palette.edge};stroke-width:1.3px",
        "tip": f"fill:{palette.edge}",
        "frame": f"fill:{palette.panel};stroke:{palette.frame}",
        "quiet": f"fill:{palette.quiet}",
        "ink": f"fill:{palette.ink}",
    }
    for kind, paint in palette.boxes.items():
        rules[role(kind)] = f"fill:{paint.fill};stroke:{paint.line};stroke-width:1.2px"
        rules[f"on-{role(kind)}"] = f"fill:{paint.ink}"
    rules["strong"] = f"stroke:{palette.strong};stroke-width:3px"
    return "".join(f".einspace-{theme} .{name}{{{rule}}}" for name, rule in rules.items())
