"""The picture of the packages of `src/einspace`: where each stands is said here, and what it imports is read from the code."""

from collections.abc import Mapping
from graphlib import TopologicalSorter

from tests.test_imports import ROOT, imported

from einspace.operations import Group
from einspace.pictures.drawing import svg
from einspace.pictures.geometry import NAME, Box, Edge, Frame, Page, Part, Rect, Run
from einspace.pictures.sheet import below, beside, titled

FRAMES = {
    "1. What is searched, without a tensor": """
        echo       -           machine
        errors     disk        -
        features   quantities  memory
        operations -           -
        grammar    -           -
        derivation -           -
        limits     normal_form -
        sampling   -           graph
        -          variation   passes
        -          -           pictures
        -          architecture -
        -          space       -
    """,
    "2. How a trial is trained and chosen": """
        files      networks    baselines
        reading    -           -
        tasks      -           -
        builders   evaluation  -
        executors  trial       -
        -          known       storage
        surrogate  learned     -
        -          strategies  -
    """,
    "3. A run, and what people touch": """
        config     -           -
        run        -           -
        predictor  racing      -
        result     -           -
        callbacks  phases      reporting
        -          study       -
        sklearn    -           reproduction
        -          -           cli
    """,
}
"""Rows of packages: each imports only what stands above it in its frame, or in an earlier frame."""

WIDE, HIGH, ACROSS, DOWN = 104.0, 26.0, 116.0, 48.0
"""A box, and how far the next one stands from it."""


def packages() -> dict[str, set[str]]:
    """Every package or module of einspace, with those that it imports."""
    found: dict[str, set[str]] = {}
    for path in sorted(ROOT.rglob("*.py")):
        name = path.relative_to(ROOT).parts[0].removesuffix(".py")
        if name not in ("__init__", "__main__"):
            found.setdefault(name, set()).update(imported(path) - {name})
    return found


def direct(imports: Mapping[str, set[str]]) -> dict[str, set[str]]:
    """What each package imports and no other of its imports does already, which are the edges that a picture needs."""
    below: dict[str, set[str]] = {}
    for name in TopologicalSorter(imports).static_order():
        below[name] = imports[name].union(*(below[other] for other in imports[name]))
    return {name: {other for other in found if not any(other in below[one] for one in found)} for name, found in imports.items()}


def places() -> dict[str, tuple[int, int, int]]:
    """The frame, the row and the place in the row of every package in the picture."""
    frames = [frame.strip().splitlines() for frame in FRAMES.values()]
    rows = [(i, j, line.split()) for i, lines in enumerate(frames) for j, line in enumerate(lines)]
    return {name: (i, j, k) for i, j, row in rows for k, name in enumerate(row) if name != "-"}


def page() -> Page:
    """The first frame beside the other two."""
    edges, found = direct(packages()), places()
    frames = [{name: (k, j) for name, (frame, j, k) in found.items() if frame == i} for i in range(len(FRAMES))]
    first, *others = [titled(_frame(frame, edges), title) for title, frame in zip(FRAMES, frames, strict=True)]
    title = "The packages of einspace: each imports what stands above it in its frame, or in an earlier frame"
    return Page.of(beside([first, below(others, apart=24)], apart=24), title, margin=12)


def _frame(frame: Mapping[str, tuple[int, int]], edges: Mapping[str, set[str]]) -> Part:
    corners = {name: (k * ACROSS + 10, j * DOWN + 10) for name, (k, j) in frame.items()}
    width, height = max(x for x, _ in corners.values()) + WIDE + 10, max(y for _, y in corners.values()) + HIGH + 10
    part = Part(0, width, height, [Frame(Rect(0, 0, width, height), stacked=False)])
    for name, (x, y) in corners.items():
        part.add(Box(Rect(x, y, WIDE, HIGH), Group.COMPUTATION, ((Run(name, NAME),),)))
        for above in sorted(edges[name] & corners.keys()):
            left, top = corners[above]
            part.add(Edge(((left + WIDE / 2, top + HIGH), (x + WIDE / 2, y)), arrow=True))
    return part


def picture() -> str:
    """The page as SVG."""
    return svg(page(), "auto")
