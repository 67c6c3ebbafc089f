"""Layout of a derivation tree, in the arrangement of figure 3: non-terminals grey, terminals at the leaves in the colours of their groups.

A tree that fits a page is drawn whole. In a larger one, subtrees that occur several times are drawn once, in panels of their own, and so
is whatever is too wide or too deep for one panel; where such a subtree belongs, there is a reference with the number of its panel.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from einspace.derivation import Derivation, text
from einspace.operations import Group, Identity, Operation
from einspace.pictures.geometry import NAME, SETTINGS, TIMES, Box, Edge, Kind, Label, Page, Part, Rect, Run, moved
from einspace.pictures.words import caption

WIDTH, LEVELS = 1150.0, 14
"""The largest panel: the pixels of its leaves side by side, and its rows."""
PAGE = 1250.0
"""Pixels of a row of panels, at least."""
SMALL = 7
"""Nodes of the smallest subtree that has a panel of its own."""
SYMBOL, TERMINAL, ROW = 22.0, 34.0, 48.0
"""Heights of a non-terminal and a terminal, and from a row to the next."""
ROUTING = ("R1", "R2")
"""The symbols whose terminals route."""
APART, BETWEEN, TITLED = 8.0, 44.0, 24.0
"""The space between two boxes of a row, between two panels, and between a panel's title and its tree."""


@dataclass
class _Panel:
    """A tree that is drawn by itself: its root, and how many references there are to it."""

    root: "_Twig"
    uses: int = 0
    number: int = 0


@dataclass
class _Twig:
    """A box of the tree with its children."""

    content: "Derivation | Operation | _Panel"
    times: int = 1
    strong: bool = False
    symbol: str = ""
    """The symbol of the node that the box hangs on."""
    children: "list[_Twig]" = field(default_factory=list)
    levels: int = 1
    width: float = 0.0
    """The width of the leaves side by side."""


def tree_page(root: Derivation, highlight: tuple[int, ...] | None = None) -> Page:
    """A derivation, identities included; `highlight` is the path of a node whose subtree is set off."""
    return Page.of(tree_part(root, highlight), text(root))


def tree_part(root: Derivation, highlight: tuple[int, ...] | None = None) -> Part:
    """A derivation, in as many panels as it needs."""
    panels = _panels(root, highlight)
    return _rows([_drawn(panel) for panel in panels])


def _panels(root: Derivation, highlight: tuple[int, ...] | None) -> list[_Panel]:
    """The panels in the order in which a reader meets references to them."""
    whole = _grown(root, {}, highlight, bounded=False)
    if whole.width <= WIDTH and whole.levels <= LEVELS:
        return [_Panel(whole)]
    along = [] if highlight is None else [root.at(highlight[:i]) for i in range(len(highlight) + 1)]
    shared = {node: _Panel(_Twig(node)) for node in _repeated(root) if node not in along}
    first = _Panel(_grown(root, shared, highlight))
    others = _outside(root, highlight)
    for node, panel in shared.items():
        panel.root = _grown(node, shared, None if node in others else ())
    found = [first]
    for panel in found:
        for twig in _walk(panel.root):
            if isinstance(twig.content, _Panel):
                other = twig.content
                other.uses += 1
                if not other.number:
                    other.number = len(found)
                    found.append(other)
    return found


def _outside(root: Derivation, highlight: tuple[int, ...] | None) -> set[Derivation]:
    """Subtrees that occur outside of the one that is set off: all of them, where none is."""
    met: set[Derivation] = set()
    waiting: list[tuple[Derivation, tuple[int, ...] | None]] = [(root, highlight)]
    while waiting:
        node, path = waiting.pop()
        if path == () or (path is None and node in met):
            continue
        met.add(node)
        for position, child in enumerate(node.children):
            if isinstance(child, Derivation):
                waiting.append((child, path[1:] if path and path[0] == position else None))
    return met


def _repeated(root: Derivation) -> list[Derivation]:
    """Subtrees that occur several times, the parts of repeated ones only where they occur elsewhere too."""
    met: Counter[Derivation] = Counter()
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if node.size >= SMALL:
            met[node] += 1
            if met[node] == 1:
                waiting.extend(child for child in node.children if isinstance(child, Derivation))
    return [node for node, count in met.items() if count > 1]


def _grown(root: Derivation, shared: dict[Derivation, _Panel], highlight: tuple[int, ...] | None, bounded: bool = True) -> _Twig:
    """A tree with references in the places of shared subtrees, and where `bounded`, of what is too much for one panel."""
    top = _Twig(root)
    order: list[_Twig] = []
    waiting: list[tuple[_Twig, Derivation, tuple[int, ...] | None]] = [(top, root, highlight)]
    while waiting:
        twig, node, path = waiting.pop()
        twig.strong = twig.strong or path == ()
        order.append(twig)
        for position, child in enumerate(node.children):
            onwards = path[1:] if path and path[0] == position else None
            times = node.repeats if position == 1 else 1
            if isinstance(child, Derivation) and child in shared:
                twig.children.append(_Twig(shared[child], times, twig.strong))
            else:
                twig.children.append(_Twig(child, times, twig.strong, node.symbol))
                if isinstance(child, Derivation):
                    waiting.append((twig.children[-1], child, onwards))
    for twig in reversed(order):
        _measure(twig)
        while bounded and (twig.width > WIDTH or twig.levels > LEVELS):
            # A child that reaches too deep is cut first; of those that are together too wide, the widest is.
            deep = twig.levels > LEVELS
            large = [i for i, child in enumerate(twig.children) if isinstance(child.content, Derivation) and child.content.size >= SMALL]
            if not large:
                break
            i = max(large, key=lambda i: twig.children[i].levels if deep else twig.children[i].width)
            cut = twig.children[i]
            twig.children[i] = _Twig(_Panel(cut), cut.times, cut.strong)
            cut.times = 1
            _measure(twig)
    return top


def _measure(twig: _Twig) -> None:
    for child in twig.children:
        if not child.children:
            child.width = _line_width(child) + APART
    twig.width = max(_line_width(twig) + APART, sum(child.width for child in twig.children))
    twig.levels = 1 + max((child.levels for child in twig.children), default=0)


def _walk(root: _Twig) -> Iterator[_Twig]:
    waiting = [root]
    while waiting:
        twig = waiting.pop()
        yield twig
        waiting.extend(reversed(twig.children))


def _lines(twig: _Twig) -> tuple[tuple[Run, ...], ...]:
    content = twig.content
    if isinstance(content, Operation):
        name, settings = caption(content)
        return ((Run(name, NAME),), (Run(settings, SETTINGS),)) if settings else ((Run(name, NAME),),)
    times = (Run(f" ×{twig.times}", SETTINGS),) if twig.times > 1 else ()
    if isinstance(content, Derivation):
        return ((Run(content.symbol, NAME), *times),)
    return ((Run(f"{_symbol(content)}", NAME), Run(f" → {content.number or 99}", SETTINGS), *times),)


def _symbol(panel: _Panel) -> str:
    return panel.root.content.symbol if isinstance(panel.root.content, Derivation) else ""


def _line_width(twig: _Twig) -> float:
    padding = 16.0 if isinstance(twig.content, Operation) else 12.0
    return max(26.0, padding + max(sum(run.width for run in line) for line in _lines(twig)))


def _box(twig: _Twig) -> Box:
    content = twig.content
    kind: Kind | Group = Kind.SYMBOL if isinstance(content, Derivation) else Kind.REFERENCE
    height, title = SYMBOL, ""
    if isinstance(content, Operation):
        # The grammar has identity among the routing functions too.
        kind = Group.ROUTING if twig.symbol in ROUTING and isinstance(content, Identity) else content.group
        height, title = TERMINAL, content.text
    width = _line_width(twig)
    return Box(Rect(-width / 2, 0, width, height), kind, _lines(twig), title, twig.strong)


Contour = list[tuple[float, float]]
"""The extent of a tree to the left and to the right of its root's axis, in each row from the root's on."""


def _tidy(twig: _Twig) -> tuple[Part, Contour]:
    """A parent over the middle of its children, subtrees as near to each other as their rows allow."""
    box = _box(twig)
    width = box.rect.width
    part = Part(width / 2, width / 2, box.rect.height, [box])
    # A terminal reaches below a non-terminal, so nothing may come under it in the next row, nor cross it on the way there.
    own: Contour = [(-width / 2, width / 2)] * (2 if isinstance(twig.content, Operation) else 1)
    if not twig.children:
        return part, own
    grown = [_tidy(child) for child in twig.children]
    places, together = _packed([contour for _, contour in grown])
    middle = (places[0] + places[-1]) / 2
    for (child, _), place, under in zip(grown, places, twig.children, strict=True):
        part.put(child, place - middle, ROW)
        part.add(Edge(((0, SYMBOL), (place - middle, ROW)), strong=under.strong))
        part.height = max(part.height, ROW + child.height)
    return part, [*own, *((left - middle, right - middle) for left, right in together)]


def _packed(contours: Sequence[Contour]) -> tuple[list[float], Contour]:
    """The axes of trees side by side, the first at 0, and the contour of all."""
    places: list[float] = []
    together: Contour = []
    for contour in contours:
        shared = zip(together, contour, strict=False)
        place = max((right - left + APART for (_, right), (left, _) in shared), default=0.0)
        places.append(place)
        there = [(left + place, right + place) for left, right in contour]
        joined = [(before[0], after[1]) for before, after in zip(together, there, strict=False)]
        rest = together[len(there) :] or there[len(together) :]
        together = [*joined, *rest]
    return places, together


def _drawn(panel: _Panel) -> Part:
    tree, _ = _tidy(panel.root)
    if not panel.number:
        return tree
    title = Label.at(0, 0, f"subtree {panel.number}", TIMES, quiet=False)
    places = Label.at(title.rect.width + 6, 1, f"at {panel.uses} places" if panel.uses > 1 else "", SETTINGS)
    side = (places.rect.right if panel.uses > 1 else title.rect.width) / 2
    part = Part(side + 2, side + 2, TITLED + tree.height)
    part.put(tree, 0, TITLED)
    part.add(*(moved(label, -side, 0) for label in ([title, places] if panel.uses > 1 else [title])))
    return part


def _rows(parts: Sequence[Part]) -> Part:
    """Panels from left to right, in rows that are as wide as all of them are high."""
    page = max(PAGE, 1.3 * sum((part.width + BETWEEN) * (part.height + BETWEEN) for part in parts) ** 0.5)
    whole = Part()
    x = y = height = 0.0
    for part in parts:
        if x and x + part.width > page:
            x, y, height = 0.0, y + height + BETWEEN, 0.0
        whole.put(part, x + part.left, y)
        x += part.width + BETWEEN
        height = max(height, part.height)
    whole.height = y + height
    return whole
