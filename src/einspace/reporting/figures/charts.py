"""Charts: the parts of a drawing that has axes, as SVG in the colours of the pictures."""

from collections.abc import Sequence
from typing import NamedTuple
from xml.sax.saxutils import escape, quoteattr

from einspace.pictures.drawing import FONT
from einspace.pictures.palette import Theme, style_sheet


class Axis(NamedTuple):
    """Values from `low` to `high` along pixels from `start` to `end`."""

    low: float
    high: float
    start: float
    end: float

    def at(self, value: float) -> float:
        """The pixel of a value.

        >>> Axis(0, 2, 100, 0).at(0.5)
        75.0
        """
        return self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)


def document(width: float, height: float, title: str, marks: Sequence[str], theme: Theme) -> str:
    """A whole chart."""
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="einspace-{theme}" width="{width:g}" height="{height:g}" '
        f'viewBox="0 0 {width:g} {height:g}" role="img" font-family={quoteattr(FONT)} style="max-width:100%;height:auto">'
    )
    page = f'<rect class="page" width="{width:g}" height="{height:g}"/>'
    return "\n".join([head, f"<title>{escape(title)}</title>", f"<style>{style_sheet(theme)}</style>", page, *marks, "</svg>", ""])


def words(x: float, y: float, text: str, size: float = 12, anchor: str = "start", role: str = "ink", bold: bool = False) -> str:
    """A line of text whose base is at y."""
    weight = ' font-weight="600"' if bold else ""
    return f'<text class="{role}" x="{x:.1f}" y="{y:.1f}" font-size="{size:g}" text-anchor="{anchor}"{weight}>{escape(text)}</text>'


def line(points: Sequence[tuple[float, float]], role: str = "edge", dashed: bool = False, thick: bool = False) -> str:
    """A line through points."""
    dashes = ' stroke-dasharray="5 4"' if dashed else ""
    style = ' style="fill:none;stroke-width:2.4px"' if thick else ""
    return f'<polyline class="{role}" points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in points)}"{dashes}{style}/>'
