"""What must hold of the geometry of every picture, looked up in its marks, before anything is drawn."""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from einspace.pictures.geometry import Box, Edge, Frame, Label, Page, Rect

SLACK = 0.01
"""Pixels by which rectangles may touch."""

Point = tuple[float, float]


class Segment(NamedTuple):
    """A straight piece of the edge of that number."""

    edge: int
    start: Point
    end: Point


def faults(page: Page) -> list[str]:
    """What is wrong with a picture; nothing, if all is well."""
    boxes = [mark for mark in page.marks if isinstance(mark, Box)]
    frames = [mark.rect for mark in page.marks if isinstance(mark, Frame)]
    labels = [mark for mark in page.marks if isinstance(mark, Label)]
    edges = [mark for mark in page.marks if isinstance(mark, Edge)]
    segments = [Segment(i, a, b) for i, edge in enumerate(edges) for a, b in pairwise(edge.points)]
    solid = [box.rect for box in boxes] + [label.rect for label in labels]
    words = [box.title or "".join(run.text for line in box.lines for run in line) for box in boxes] + [label.run.text for label in labels]
    found = [f"{words[i]} lies on {words[j]}" for i, j in _overlaps(solid, solid) if i < j]
    found += [f"a frame cuts {words[j]}" for i, j in _overlaps(frames, solid) if not _within(solid[j], frames[i])]
    found += [
        "frames cut each other"
        for i, j in _overlaps(frames, frames)
        if i < j and not _within(frames[i], frames[j]) and not _within(frames[j], frames[i])
    ]
    found += [f"an edge runs through {words[j]}" for i, j in _hits(segments, solid) if _through(segments[i], solid[j])]
    found += _crossings(edges, segments)
    found += [f"{words[i]} is cut off" for i, rect in enumerate(solid) if not _within(rect, Rect(0, 0, page.width, page.height))]
    found += [
        "an edge is cut off"
        for segment in segments
        for x, y in (segment.start, segment.end)
        if not (0 <= x <= page.width and 0 <= y <= page.height)
    ]
    return found + [
        f"{words[i]} is wider than its box"
        for i, box in enumerate(boxes)
        if any(sum(run.width for run in line) > box.rect.width - 6 for line in box.lines)
    ]


def _sides(rects: Sequence[Rect]) -> NDArray[np.float64]:
    return np.array([(rect.x, rect.y, rect.right, rect.bottom) for rect in rects], dtype=float).reshape(-1, 4)


def _overlaps(first: Sequence[Rect], second: Sequence[Rect]) -> list[tuple[int, int]]:
    """Pairs of rectangles that share some area, none with itself."""
    a, b = _sides(first)[:, None], _sides(second)[None]
    wide = np.minimum(a[..., 2], b[..., 2]) - np.maximum(a[..., 0], b[..., 0]) > SLACK
    high = np.minimum(a[..., 3], b[..., 3]) - np.maximum(a[..., 1], b[..., 1]) > SLACK
    return [(int(i), int(j)) for i, j in np.argwhere(wide & high) if first is not second or i != j]


def _within(inner: Rect, outer: Rect) -> bool:
    return inner.x >= outer.x and inner.y >= outer.y and inner.right <= outer.right and inner.bottom <= outer.bottom


def _bounds(segment: Segment) -> Rect:
    (ax, ay), (bx, by) = segment.start, segment.end
    return Rect(min(ax, bx) - 0.1, min(ay, by) - 0.1, abs(ax - bx) + 0.2, abs(ay - by) + 0.2)


def _inner(rect: Rect) -> Rect:
    return Rect(rect.x + 0.5, rect.y + 0.5, rect.width - 1, rect.height - 1)


def _hits(segments: Sequence[Segment], rects: Sequence[Rect]) -> list[tuple[int, int]]:
    return _overlaps([_bounds(segment) for segment in segments], [_inner(rect) for rect in rects])


def _through(segment: Segment, rect: Rect) -> bool:
    """Whether a segment, whose bounds meet the rectangle, meets the rectangle itself: not all corners lie on one side of it."""
    inner = _inner(rect)
    corners = [(inner.x, inner.y), (inner.right, inner.y), (inner.x, inner.bottom), (inner.right, inner.bottom)]
    sides = [_turn(segment.start, segment.end, corner) for corner in corners]
    return min(sides) <= 0 <= max(sides)


def _turn(a: Point, b: Point, c: Point) -> float:
    """Positive where c lies on the one side of the line from a to b, negative on the other."""
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def _crossings(edges: Sequence[Edge], segments: Sequence[Segment]) -> list[str]:
    """Edges that have an end in common may run along each other, but not across; others may not even touch."""
    bounds = [_bounds(segment) for segment in segments]
    found = []
    for i, j in _overlaps(bounds, bounds):
        a, b = segments[i], segments[j]
        if i >= j or a.edge == b.edge:
            continue
        turns = (_turn(*a[1:], b.start), _turn(*a[1:], b.end), _turn(*b[1:], a.start), _turn(*b[1:], a.end))
        across = turns[0] * turns[1] < -SLACK and turns[2] * turns[3] < -SLACK
        touching = turns[0] * turns[1] <= SLACK and turns[2] * turns[3] <= SLACK
        first, second = edges[a.edge].points, edges[b.edge].points
        related = bool({first[0], first[-1]} & {second[0], second[-1]})
        if across or (touching and not related):
            found.append(f"edges meet near {a.start}")
    return found
