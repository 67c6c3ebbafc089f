"""Pictures: an architecture from top to bottom, branches side by side, in the colours of section 3.1."""

from dataclasses import dataclass, field
from xml.sax.saxutils import escape

from einspace.graph.series import Apply, Parallel, Series
from einspace.operations import Operation
from einspace.space import Architecture

FILL = {"yellow": "#ffe08a", "purple": "#d9b8f0", "green": "#b8e6b8", "blue": "#b5d3f5"}
"""Soft versions of the paper's colours."""
HEIGHT, GAP, CHARACTER, MARGIN = 24, 16, 7, 16
"""Pixels: a box, the space between two, a letter, the border."""


@dataclass
class _Drawing:
    """Marks of one part of the picture, with the part's size; positions are relative to its top and its middle axis."""

    width: float
    height: float
    marks: list[str] = field(default_factory=list)


def picture(architecture: Architecture) -> str:
    """The architecture as a standalone SVG; equal branches are drawn once, with their number."""
    body = _series(architecture.series)
    top = _box(str(architecture.input), "#222222", "#ffffff")
    end = _box(str(architecture.output), "#c0392b", "#ffffff")
    whole = _stack([top, body, end] if architecture.series.steps else [top, end])
    width, height = whole.width + 2 * MARGIN, whole.height + 2 * MARGIN
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:g}" height="{height:g}" '
        f'viewBox="{-width / 2:g} {-MARGIN} {width:g} {height:g}" '
        'font-family="ui-monospace, monospace" font-size="11" text-anchor="middle">'
    )
    title = f"<title>{escape(str(architecture)[:2000])}</title>"
    background = f'<rect x="{-width / 2:g}" y="{-MARGIN}" width="{width:g}" height="{height:g}" fill="#ffffff"/>'
    return "\n".join([head, title, background, *whole.marks, "</svg>", ""])


def _box(text: str, fill: str, ink: str = "#222222") -> _Drawing:
    width = max(40, CHARACTER * len(text) + 14)
    rectangle = f'<rect x="{-width / 2:g}" y="0" width="{width:g}" height="{HEIGHT}" rx="6" fill="{fill}" stroke="#555555"/>'
    return _Drawing(width, HEIGHT, [rectangle, f'<text y="16" fill="{ink}">{escape(text)}</text>'])


def _operation(operation: Operation) -> _Drawing:
    return _box(operation.text, FILL[operation.group.value])


def _line(x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line x1="{x1:g}" y1="{y1:g}" x2="{x2:g}" y2="{y2:g}" stroke="#777777"/>'


def _moved(drawing: _Drawing, x: float, y: float) -> list[str]:
    return [f'<g transform="translate({x:g} {y:g})">', *drawing.marks, "</g>"]


def _stack(parts: list[_Drawing]) -> _Drawing:
    marks: list[str] = []
    y = 0.0
    for i, part in enumerate(parts):
        if i:
            marks.append(_line(0, y, 0, y + GAP))
            y += GAP
        marks += _moved(part, 0, y)
        y += part.height
    return _Drawing(max(part.width for part in parts), y, marks)


def _series(series: Series) -> _Drawing:
    if not series.steps:
        return _Drawing(20, GAP, [_line(0, 0, 0, GAP)])
    return _stack([_operation(step.operation) if isinstance(step, Apply) else _parallel(step) for step in series.steps])


def _parallel(module: Parallel) -> _Drawing:
    first, last = _operation(module.branching), _operation(module.aggregation)
    branches = [(count, _series(series)) for count, series in module.branches]
    width = sum(branch.width for _, branch in branches) + GAP * (len(branches) - 1)
    height = max(branch.height for _, branch in branches)
    marks = list(first.marks)
    x, top = -width / 2, HEIGHT + GAP
    for count, branch in branches:
        middle = x + branch.width / 2
        marks += [_line(0, HEIGHT, middle, top), *_moved(branch, middle, top)]
        marks += [_line(middle, top + branch.height, middle, top + height), _line(middle, top + height, 0, top + height + GAP)]
        if count > 1:
            marks.append(f'<text x="{middle + 6:g}" y="{top - 3}" text-anchor="start" fill="#a33" font-weight="bold">× {count}</text>')
        x += branch.width + GAP
    marks += _moved(last, 0, top + height + GAP)
    return _Drawing(max(width, first.width, last.width), top + height + GAP + HEIGHT, marks)
