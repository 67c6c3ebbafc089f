"""Layout of a network: data flow downwards, branches lie side by side, and a long chain goes on in the next column.

An architecture is series-parallel by construction, so boxes in boxes are an exact layout: every part has an area of its own, and its
edges stay in it. Legend: the axis of a part is the line x = 0, on which data enter at its top and leave at its bottom.
"""

from collections.abc import Sequence
from functools import lru_cache
from math import inf
from typing import Literal

from einspace.derivation import text
from einspace.errors import SettingError
from einspace.features import Feature
from einspace.operations import Group
from einspace.pictures.blocks import blocks
from einspace.pictures.folding import folded
from einspace.pictures.geometry import NAME, SETTINGS, SHAPE, TIMES, Box, Edge, Frame, Kind, Label, Page, Part, Rect, Run
from einspace.pictures.structure import Chain, Drawable, Fork, Item, Items, Repeat, Step, structure
from einspace.pictures.words import caption, explained, shape_text

Detail = Literal["operations", "blocks"]
DETAILS: tuple[Detail, ...] = ("operations", "blocks")

HEIGHT, PADDING = 26.0, 12.0
"""The height of a box, and the space between its text and its sides."""
GAP, LABELLED = 14.0, 24.0
"""The space between two boxes, and between two with a shape written in it."""
BETWEEN, GUTTER = 18.0, 40.0
"""The space between two branches, and between two columns."""
INSET, SHADOW = 10.0, 5.0
"""The space between a frame and its part, and between the frames of a stack."""
PAGE = (1200.0, 1100.0)
"""Width and height that a reader sees at once."""
JUMP = 0.05
"""The cost of a further column, in sizes of the page."""
LIMITS = (640.0, 760.0, 900.0, 1060.0, 1250.0, 1500.0, 1800.0, 2200.0, 2700.0, 3400.0, 4400.0, 6000.0, 9000.0, 14000.0, 20000.0)
"""Heights of columns that are tried."""
ENDS = 100.0
"""Pixels that input and output take, so that neither has a column to itself."""
LEAST = 300.0
"""The lowest column within a branch."""


def chain_of(architecture: Drawable, detail: Detail = "blocks", derived: bool = False, fold: bool = True) -> Chain:
    """The parts of an architecture that are drawn.

    Args:
        architecture: Any architecture.
        detail: `operations`: each of them; `blocks`: convolutions and attention as one item each.
        derived: Every operation as derived, identities too, and not the simplified form.
        fold: Draw equal blocks in a row once, with their number.

    Raises:
        SettingError: The detail is another word.
        LimitError: Branching modules are nested too deep.
    """
    if detail not in DETAILS:
        raise SettingError(f"the detail of a picture is {' or '.join(DETAILS)}, not {detail!r}")
    items = Items()
    chain = structure(architecture, items, derived)
    chain = blocks(chain, items) if detail == "blocks" else chain
    return folded(chain, items) if fold else chain


def network_page(architecture: Drawable, detail: Detail = "blocks", derived: bool = False, fold: bool = True) -> Page:
    """The network, from its black input to its red output; the arguments are those of `chain_of`."""
    return Page.of(
        network_part(chain_of(architecture, detail, derived, fold), architecture.input, architecture.output), text(architecture.node)
    )


def network_part(chain: Chain, inputs: Feature, outputs: Feature) -> Part:
    """A chain with its input and output, in the number of columns that fills a page best."""
    ends = _end(Kind.INPUT, "input", inputs), _end(Kind.OUTPUT, "output", outputs)

    def laid(limit: float, inner: float) -> Part:
        return _column([ends[0], *(_item(item, inner) for item in chain), ends[1]], _gaps(chain), limit, closed=False)

    best = laid(inf, inf)
    whole = best.height
    for limit in [limit for limit in LIMITS if limit < whole]:
        best = min((best, laid(limit, inf), laid(limit, limit - ENDS)), key=_misfit)
    return best


def _misfit(part: Part) -> float:
    """The badness of a layout: the factor by which it must shrink to fit a page, and a cost for each edge to another column."""
    return max(1.0, part.width / PAGE[0], part.height / PAGE[1]) + JUMP * part.jumps


def _gaps(chain: Chain) -> list[str]:
    """The labels behind the input and behind each item: the shape where it changes."""
    return ["", *map(_changed, chain)]


def _changed(item: Item) -> str:
    """The shape that an item gives, if it is not the one it reads; a repeat never changes it."""
    if isinstance(item, Repeat):
        return ""
    step = item.aggregation if isinstance(item, Fork) else item
    before = item.branching.inputs if isinstance(item, Fork) else item.inputs
    return "" if all(feature.shape == step.outputs[0].shape for feature in before) else shape_text(step.outputs[0])


def _end(kind: Kind, word: str, feature: Feature) -> Part:
    return _box(kind, (Run(word, NAME), Run(f" {shape_text(feature)}", SETTINGS)), f"{word} {feature}")


def _box(kind: Kind | Group, line: tuple[Run, ...], title: str) -> Part:
    width = max(44.0, sum(run.width for run in line) + 2 * PADDING)
    return Part(width / 2, width / 2, HEIGHT, [Box(Rect(-width / 2, 0, width, HEIGHT), kind, (line,), title)])


@lru_cache(maxsize=4096)
def _step(step: Step) -> Part:
    """The box of an operation; the same for every layout that is tried."""
    name, settings = caption(step.operation)
    line = (Run(name, NAME), Run(f" {settings}", SETTINGS)) if settings else (Run(name, NAME),)
    return _box(step.group, line, explained(step))


def _item(item: Item, limit: float) -> Part:
    if isinstance(item, Step):
        return _step(item)
    if isinstance(item, Repeat):
        return _framed(_series(item.items, limit - 50), item.count, stacked=False)
    return _fork(item, limit)


def _series(chain: Chain, limit: float) -> Part:
    """A chain that is part of another one, without its last shape, which the caller writes."""
    limit = max(limit, LEAST)
    return _column([_item(item, limit) for item in chain], _gaps(chain)[1:], limit, closed=True)


def _column(parts: Sequence[Part], gaps: Sequence[str], limit: float, closed: bool) -> Part:
    """Parts in a row, `gaps[i]` written behind the one number i; in several columns where one would be higher than the limit.

    A closed one leaves on the axis it was entered on, an open one on that of its last column.
    """
    spaces = [LABELLED if gap else GAP for gap in gaps]
    whole = sum(part.height for part in parts) + sum(spaces[: len(parts) - 1])
    starts = [0]
    if whole > limit:
        starts = _breaks(
            [part.height + space for part, space in zip(parts, [*spaces, 0.0], strict=False)], whole / -(-whole // limit), limit
        )
    ends = [*starts[1:], len(parts)]
    columns = [_stack(parts[a:b], gaps[a : b - 1], spaces[a : b - 1]) for a, b in zip(starts, ends, strict=True)]
    if len(columns) == 1:
        return columns[0]
    return _beside(columns, [gaps[b - 1] for b in ends[:-1]], closed)


def _breaks(heights: Sequence[float], aim: float, limit: float) -> list[int]:
    """The first part of each column. A column is as high as `aim` or its one part; the aim grows until no short column is left over."""
    number = 0
    while True:
        starts, height = [0], 0.0
        for i, more in enumerate(heights):
            if height and height + more > aim:
                starts.append(i)
                height = 0.0
            height += more
        number = number or max(len(starts) - 1, 1)
        if len(starts) <= number or aim >= limit:
            return starts
        aim = min(limit, aim * 1.04)


def _stack(parts: Sequence[Part], gaps: Sequence[str], spaces: Sequence[float]) -> Part:
    whole = Part()
    for i, part in enumerate(parts):
        if i:
            whole.add(Edge(((0, whole.height), (0, whole.height + spaces[i - 1]))))
            _write(whole, 0, whole.height + 5, gaps[i - 1])
            whole.height += spaces[i - 1]
        whole.put(part, 0, whole.height)
        whole.height += part.height
    return whole


def _write(part: Part, x: float, y: float, shape: str) -> None:
    """Write a shape on the right of an edge at x."""
    if shape:
        label = Label.at(x + 6, y, shape, SHAPE)
        part.add(label)
        part.right = max(part.right, label.rect.right + 2)


def _beside(columns: Sequence[Part], gaps: Sequence[str], closed: bool) -> Part:
    """Columns from left to right, each entered from above through the gutter on its left."""
    whole = Part()
    top, x = LABELLED, 0.0
    bottoms: list[tuple[float, float]] = []
    for i, column in enumerate(columns):
        if i:
            before, bottom = bottoms[-1]
            gutter = whole.right + GUTTER / 2
            x = gutter + GUTTER / 2 + column.left
            turn = bottom + LABELLED
            points = ((before, bottom), (before, turn), (gutter, turn), (gutter, 4.0), (x, 4.0), (x, top))
            whole.add(Edge(points, arrow=True))
            whole.jumps += 1
        whole.put(column, x, top)
        bottoms.append((x, top + column.height))
        if i < len(gaps):
            _write(whole, x, top + column.height + 5, gaps[i])
    whole.height = max(y for _, y in bottoms)
    if closed:
        whole.add(Edge(((0, 0), (0, top))))
        back = whole.height + LABELLED + 10
        x, y = bottoms[-1]
        whole.add(Edge(((x, y), (x, back), (0, back), (0, back + GAP))))
        whole.height = back + GAP
    else:
        whole.height += LABELLED
    return whole


def _framed(part: Part, count: int, stacked: bool) -> Part:
    """A part with its number in a frame, with others behind it where the copies lie side by side."""
    above = SHADOW if stacked else 0.0
    times = Label.at(0, 0, f"× {count}", TIMES, quiet=False)
    top = above + times.rect.height + INSET
    left = max(part.left + INSET, 20.0)
    right = max(part.right + INSET, times.rect.width + 14.0)
    height = top + part.height + INSET
    whole = Part(left, right + above, height)
    rect = Rect(-left, above, left + right, height - above)
    whole.add(Frame(rect, stacked), Edge(((0, 0), (0, top))), Edge(((0, top + part.height), (0, height))))
    whole.add(Label(times.rect.moved(right - times.rect.width - 7, above + 5), times.run, quiet=False))
    whole.put(part, 0, top)
    return whole


def _branch(count: int, chain: Chain, limit: float) -> Part:
    """A branch; a skip connection is a mere line."""
    if not chain:
        part = Part(4, 4, GAP, [Edge(((0, 0), (0, GAP)))])
        if count > 1:
            part.height = LABELLED
            part.marks = [Edge(((0, 0), (0, LABELLED)))]
            label = Label.at(6, 4, f"× {count}", TIMES, quiet=False)
            part.add(label)
            part.right = label.rect.right
        return part
    part = _series(chain, limit)
    return _framed(part, count, stacked=True) if count > 1 else part


def _fork(fork: Fork, limit: float) -> Part:
    head, tail = _step(fork.branching), _step(fork.aggregation)
    branches = [_branch(count, chain, limit - 190) for count, chain in fork.branches]
    lasts = [_changed_last(count, chain) for count, chain in fork.branches]
    places = _places(branches, [bool(chain) for _, chain in fork.branches])
    split = fork.branching.outputs[0] if fork.branching.outputs[0].shape != fork.branching.inputs[0].shape else None

    whole = Part()
    whole.put(head, 0, 0)
    turn = GAP - 4 if len(branches) > 1 else 0.0  # room for the line on which edges turn to their branches
    bus = HEIGHT + (LABELLED if split else GAP - turn / 2)
    top = bus + turn
    _write(whole, 0, HEIGHT + 5, shape_text(split) if split else "")
    low = max(top + branch.height + (LABELLED if last else 0.0) for branch, last in zip(branches, lasts, strict=True))
    join = low + (0.0 if any(lasts) and not turn else GAP - turn / 2)
    end = join + turn
    for branch, x, last in zip(branches, places, lasts, strict=True):
        whole.put(branch, x, top)
        bottom = top + branch.height
        whole.add(Edge(_straight(((0, HEIGHT), (0, bus), (x, bus), (x, top)))))
        whole.add(Edge(_straight(((x, bottom), (x, join), (0, join), (0, end)))))
        _write(whole, x, bottom + 5, last)
    whole.put(tail, 0, end)
    whole.height = end + tail.height
    return whole


def _changed_last(count: int, chain: Chain) -> str:
    """The label behind a branch: the shape that its last item makes."""
    return _changed(chain[-1]) if chain else ""


def _straight(points: tuple[tuple[float, float], ...]) -> tuple[tuple[float, float], ...]:
    return (points[0], points[-1]) if points[0][0] == points[-1][0] else points


def _places(branches: Sequence[Part], filled: Sequence[bool]) -> list[float]:
    """The axes of branches side by side: a single one beside skip connections goes straight on, several lie around the middle."""
    places: list[float] = []
    x = 0.0
    for branch in branches:
        places.append(x + branch.left)
        x += branch.width + BETWEEN
    middle = places[filled.index(True)] if sum(filled) == 1 else (places[0] + places[-1]) / 2
    return [place - middle for place in places]
