"""Geometry: boxes, frames, edges and labels at places, before anything is drawn.

The unit is the pixel, x grows to the right and y downwards. A `Part` has its own origin: the top of its axis, the vertical line on which
data flow in at the top and out at the bottom.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import NamedTuple

from einspace.operations import Group
from einspace.pictures.metrics import text_width


class Kind(Enum):
    """The kinds of boxes beside the four groups of operations."""

    INPUT = "input"
    OUTPUT = "output"
    SYMBOL = "symbol"
    """A non-terminal of a derivation tree."""
    REFERENCE = "reference"
    """A subtree that is drawn elsewhere."""


class Style(NamedTuple):
    """The font size and weight of a line of text."""

    size: float
    bold: bool = False


NAME, SETTINGS, SHAPE, TIMES, TITLE = Style(12, bold=True), Style(11), Style(10), Style(12, bold=True), Style(13, bold=True)
"""The name of an operation, its settings, the shape of a feature, the number of copies and the title of a part."""


@dataclass(frozen=True)
class Run:
    """A piece of a line in one style."""

    text: str
    style: Style

    @property
    def width(self) -> float:
        """The width in pixels."""
        return text_width(self.text, *self.style)


class Rect(NamedTuple):
    """A rectangle by its left upper corner."""

    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        """The x of the right side."""
        return self.x + self.width

    @property
    def bottom(self) -> float:
        """The y of the lower side."""
        return self.y + self.height

    def moved(self, dx: float, dy: float) -> "Rect":
        """The rectangle, moved."""
        return Rect(self.x + dx, self.y + dy, self.width, self.height)


@dataclass(frozen=True)
class Box:
    """A filled shape with lines of text, each of several runs. `title` is what a pointer that rests on it reads."""

    rect: Rect
    kind: Kind | Group
    lines: tuple[tuple[Run, ...], ...]
    title: str = ""
    strong: bool = False
    """Highlighted."""


@dataclass(frozen=True)
class Frame:
    """A border around a part that stands for several: a stack of frames for branches side by side, a single one in series."""

    rect: Rect
    stacked: bool


@dataclass(frozen=True)
class Edge:
    """A line through points, in the direction of the data."""

    points: tuple[tuple[float, float], ...]
    arrow: bool = False
    strong: bool = False


@dataclass(frozen=True)
class Label:
    """A line of text outside of boxes."""

    rect: Rect
    run: Run
    quiet: bool = True

    @classmethod
    def at(cls, x: float, y: float, text: str, style: Style, quiet: bool = True) -> "Label":
        """A label whose left upper corner is at a place."""
        run = Run(text, style)
        return cls(Rect(x, y, run.width, style.size + 3), run, quiet)


Mark = Box | Frame | Edge | Label


@dataclass
class Part:
    """A piece of a picture: its extent to both sides of its axis and downwards, its marks, and smaller parts at places in it."""

    left: float = 0.0
    right: float = 0.0
    height: float = 0.0
    marks: list[Mark] = field(default_factory=list)
    parts: "list[tuple[float, float, Part]]" = field(default_factory=list)
    jumps: int = 0
    """Edges in it that lead to another column."""

    def add(self, *marks: Mark) -> None:
        """Add marks that lie within."""
        self.marks.extend(marks)

    def put(self, part: "Part", x: float, y: float) -> None:
        """Place a part with its origin at a place, and grow to both sides as it needs."""
        self.parts.append((x, y, part))
        self.jumps += part.jumps
        self.left, self.right = max(self.left, part.left - x), max(self.right, part.right + x)

    @property
    def width(self) -> float:
        """The width of the part."""
        return self.left + self.right

    def placed(self) -> Iterator[Mark]:
        """All marks, those of parts too, in the coordinates of this part."""
        waiting: list[tuple[float, float, Part]] = [(0.0, 0.0, self)]
        while waiting:
            x, y, part = waiting.pop()
            for mark in part.marks:
                yield moved(mark, x, y)
            waiting.extend((x + dx, y + dy, inner) for dx, dy, inner in reversed(part.parts))


def moved(mark: Mark, dx: float, dy: float) -> Mark:
    """The mark, moved."""
    if isinstance(mark, Edge):
        return replace(mark, points=tuple((x + dx, y + dy) for x, y in mark.points))
    return replace(mark, rect=mark.rect.moved(dx, dy))


@dataclass(frozen=True)
class Page:
    """A whole picture from (0, 0) to (width, height)."""

    width: float
    height: float
    marks: tuple[Mark, ...]
    title: str

    @classmethod
    def of(cls, part: Part, title: str, margin: float = 20) -> "Page":
        """A part with a margin around it."""
        marks = tuple(moved(mark, part.left + margin, margin) for mark in part.placed())
        return cls(part.width + 2 * margin, part.height + 2 * margin, marks, title)
