"""Drawing: a page of marks as SVG text. What is written is escaped, nothing is loaded, and no system package is needed."""

from collections.abc import Sequence
from xml.sax.saxutils import escape, quoteattr

from einspace.operations import Group
from einspace.pictures.geometry import Box, Edge, Frame, Kind, Label, Mark, Page, Rect, Run
from einspace.pictures.palette import Theme, role, style_sheet

FONT = "-apple-system, 'Segoe UI', Helvetica, Arial, 'DejaVu Sans', sans-serif"
SLANT = 8.0
"""The slant, in pixels, of the sides of a branching, aggregation or routing box."""
ROUND = 7.0
"""The radius of an edge's corner."""
LONGEST = 2_000
"""Characters of a picture's title."""


def svg(page: Page, theme: Theme = "light") -> str:
    """A page as a standalone SVG document, which can stand in an HTML page as it is; raises SettingError for a theme that there is not."""
    width, height = _number(page.width), _number(page.height)
    title = page.title if len(page.title) <= LONGEST else page.title[: LONGEST - 1] + "…"
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="einspace-{theme}" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" role="img" font-family={quoteattr(FONT)} style="max-width:100%;height:auto">'
    )
    style = f"<style>{style_sheet(theme)}</style>"
    background = f'<rect class="page" width="{width}" height="{height}"/>'
    order: tuple[type[Mark], ...] = (Frame, Edge, Box, Label)
    marks = [_mark(mark) for kind in order for mark in page.marks if isinstance(mark, kind)]
    return "\n".join([head, f"<title>{_text(title)}</title>", style, background, *marks, "</svg>", ""])


def _mark(mark: Mark) -> str:
    if isinstance(mark, Box):
        return _box(mark)
    if isinstance(mark, Edge):
        return _edge(mark)
    return _frame(mark) if isinstance(mark, Frame) else _label(mark)


def _box(box: Box) -> str:
    names = f"{role(box.kind)} strong" if box.strong else role(box.kind)
    dashes = ' stroke-dasharray="4 3"' if box.kind is Kind.REFERENCE else ""
    title = f"<title>{_text(box.title)}</title>" if box.title else ""
    return f'<g>{title}{_outline(box)} class="{names}"{dashes}/>{_lines(box.rect, box.lines, f"on-{role(box.kind)}")}</g>'


def _outline(box: Box) -> str:
    x, y, width, height = box.rect
    right, bottom, middle = box.rect.right, box.rect.bottom, box.rect.y + box.rect.height / 2
    if box.kind is Group.BRANCHING:
        return _polygon([(x + SLANT, y), (right - SLANT, y), (right, bottom), (x, bottom)])
    if box.kind is Group.AGGREGATION:
        return _polygon([(x, y), (right, y), (right - SLANT, bottom), (x + SLANT, bottom)])
    if box.kind is Group.ROUTING:
        return _polygon([(x, middle), (x + SLANT, y), (right - SLANT, y), (right, middle), (right - SLANT, bottom), (x + SLANT, bottom)])
    radius = 5.0 if box.kind is Group.COMPUTATION else height / 2
    corner = f'rx="{_number(radius)}"'
    return f'<rect x="{_number(x)}" y="{_number(y)}" width="{_number(width)}" height="{_number(height)}" {corner}'


def _polygon(points: Sequence[tuple[float, float]]) -> str:
    return f'<polygon points="{" ".join(f"{_number(x)},{_number(y)}" for x, y in points)}" stroke-linejoin="round"'


def _lines(rect: Rect, lines: Sequence[Sequence[Run]], name: str) -> str:
    heights = [max(run.style.size for run in line) + 3 for line in lines]
    y = rect.y + (rect.height - sum(heights)) / 2
    done = []
    for line, height in zip(lines, heights, strict=True):
        y += height
        runs = "".join(_span(run) for run in line)
        place = f'x="{_number(rect.x + rect.width / 2)}" y="{_number(y - 4)}"'
        done.append(f'<text {place} text-anchor="middle" class="{name}" xml:space="preserve">{runs}</text>')
    return "".join(done)


def _span(run: Run) -> str:
    bold = ' font-weight="600"' if run.style.bold else ""
    return f'<tspan font-size="{_number(run.style.size)}"{bold}>{_text(run.text)}</tspan>'


def _frame(frame: Frame) -> str:
    shifts = (5.0, 2.5, 0.0) if frame.stacked else (0.0,)
    return "".join(
        f'<rect class="frame" x="{_number(frame.rect.x + shift)}" y="{_number(frame.rect.y - shift)}" '
        f'width="{_number(frame.rect.width)}" height="{_number(frame.rect.height)}" rx="8"/>'
        for shift in shifts
    )


def _edge(edge: Edge) -> str:
    line = f'<path class="{"edge strong" if edge.strong else "edge"}" d="{_path(edge.points)}"/>'
    if not edge.arrow:
        return line
    x, y = edge.points[-1]
    return f'{line}{_polygon([(x, y), (x - 4, y - 8), (x + 4, y - 8)])} class="tip"/>'


def _path(points: Sequence[tuple[float, float]]) -> str:
    """A line whose corners are rounded as far as half of the shorter side allows."""
    parts = [f"M{_pair(points[0])}"]
    for before, corner, after in zip(points, points[1:], points[2:], strict=False):
        radius = min(ROUND, _length(before, corner) / 2, _length(corner, after) / 2)
        parts.append(f"L{_pair(_towards(corner, before, radius))}Q{_pair(corner)} {_pair(_towards(corner, after, radius))}")
    return "".join([*parts, f"L{_pair(points[-1])}"])


def _length(a: tuple[float, float], b: tuple[float, float]) -> float:
    return float(((a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2) ** 0.5)


def _towards(a: tuple[float, float], b: tuple[float, float], distance: float) -> tuple[float, float]:
    share = distance / (_length(a, b) or 1.0)
    return a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share


def _label(label: Label) -> str:
    place = f'x="{_number(label.rect.x)}" y="{_number(label.rect.y + label.run.style.size)}"'
    return f'<text {place} class="{"quiet" if label.quiet else "ink"}">{_span(label.run)}</text>'


def _pair(point: tuple[float, float]) -> str:
    return f"{_number(point[0])} {_number(point[1])}"


def _number(value: float) -> str:
    """A coordinate to a tenth of a pixel, as short as it can be written."""
    text = f"{value:.1f}"
    return text.removesuffix(".0")


def _text(text: str) -> str:
    """Escaped, and without characters that XML does not allow."""
    return escape("".join(character if character.isprintable() or character == "\n" else "�" for character in text))
