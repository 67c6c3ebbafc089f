"""Figure 7: the frequency of each module and function in sampled architectures, with all versions of A.2."""

from typing import NamedTuple

from einspace.operations import OPERATIONS
from einspace.pictures.geometry import Kind
from einspace.pictures.palette import Theme, role
from einspace.pictures.words import caption
from einspace.reporting.complexity import MODULES, Census
from einspace.reporting.figures.charts import Axis, document, words

ROW, VERSION, APART = 20.0, 15.0, 6.0
"""Heights of a row and of one of a version, and the space between two functions."""
NAMES, BARS, GUTTER, TOP = 150.0, 230.0, 70.0, 72.0
"""Widths of the names, of the longest bar and of what is between two columns, and where the columns start."""


class Bar(NamedTuple):
    """A share of all modules or of all functions; `main` unless it is one version's."""

    name: str
    share: float
    colour: str
    main: bool = True

    @property
    def height(self) -> float:
        """Pixels."""
        return ROW if self.main else VERSION


def figure_7(census: Census, probability: float, theme: Theme = "light") -> str:
    """Bars of modules and of functions, the frequent first, and under each function its versions."""
    blocks = [*([bar] for bar in _modules(census)), *_functions(census)]
    longest = max(bar.share for block in blocks for bar in block)
    title = f"Figure 7: modules and functions of {census.samples:,} samples, p(M → C | M) = {probability:g}"
    marks = [
        words(20, 28, title, 14, bold=True),
        words(20, 46, "Shares of all modules and of all functions drawn; under a function, those of its versions.", 11, role="quiet"),
    ]
    half = sum(_height(block) for block in blocks) / 2
    x, y, lowest = 20.0, TOP, 0.0
    for block in blocks:
        if x == 20 and y - TOP + _height(block) / 2 > half:
            x, y = x + NAMES + BARS + GUTTER, TOP
        for bar in block:
            marks += _drawn(bar, Axis(0, longest, x + NAMES, x + NAMES + BARS), x, y)
            y += bar.height
        y += APART
        lowest = max(lowest, y)
    return document(x + NAMES + BARS + GUTTER, lowest + 16, title, marks, theme)


def _height(block: list[Bar]) -> float:
    return sum(bar.height for bar in block) + APART


def _modules(census: Census) -> list[Bar]:
    total = sum(census.drawn[name] for name in MODULES.values())
    names = sorted(MODULES.values(), key=lambda name: -census.drawn[name])
    return [Bar(f"{name} module", census.drawn[name] / total, role(Kind.SYMBOL)) for name in names]


def _functions(census: Census) -> list[list[Bar]]:
    total = sum(census.drawn[name] for name in OPERATIONS)
    blocks = []
    for name in sorted(OPERATIONS, key=lambda name: -census.drawn[name]):
        options = OPERATIONS[name].options()
        colour = role(OPERATIONS[name].group)
        bars = [Bar(name, census.drawn[name] / total, colour)]
        if len(options) > 1:
            bars += [Bar(caption(option)[1] or "plain", census.versions[option.text] / total, colour, main=False) for option in options]
        blocks.append(bars)
    return blocks


def _drawn(bar: Bar, axis: Axis, x: float, y: float) -> list[str]:
    size, thick = (12, ROW - 5) if bar.main else (10, VERSION - 7)
    width = max(axis.at(bar.share) - axis.start, 0.5)
    base = y + thick / 2 + size / 2 - 2
    shade = "" if bar.main else ' fill-opacity="0.55"'
    return [
        words(axis.start - 8, base, bar.name, size, "end", "ink" if bar.main else "quiet", bold=bar.main),
        f'<rect class="{bar.colour}" x="{axis.start:.1f}" y="{y:.1f}" width="{width:.1f}" height="{thick:g}"{shade}/>',
        words(axis.start + width + 6, base, f"{bar.share:.1%}" if bar.main else f"{bar.share:.2%}", size, role="quiet"),
    ]
