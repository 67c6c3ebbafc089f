"""Figure 4: below a critical p(M -> C) the grammar need not end (section 3.7, A.4)."""

from einspace.grammar.einspace import einspace_grammar
from einspace.grammar.grammar import Copies, expanded
from einspace.operations.branching import sampled_branches
from einspace.pictures.palette import Theme
from einspace.reporting.figures.charts import Axis, document, line, words
from einspace.reporting.rules import critical

WIDTH, HEIGHT = 620.0, 400.0
CURVES: tuple[tuple[str, Copies, str], ...] = (
    ("repeated branches counted once: what sampling draws", sampled_branches, "computation"),
    ("every copy counted: the expanded network", expanded, "aggregation"),
)
"""The two ways to count, and the colours of their curves."""


def figure_4(theme: Theme = "light") -> str:
    """The spectral radius of the expectation matrix against p(M -> C), and where it is 1."""
    x, y = Axis(0, 1, 70, WIDTH - 30), Axis(0, 3, HEIGHT - 60, 66)
    marks = [words(x.start, 28, "Branching rate against p(M → C | M)", 14, bold=True)]
    for tick in (0, 1, 2, 3):
        marks.append(line([(x.start, y.at(tick)), (x.end, y.at(tick))], "frame"))
        marks.append(words(x.start - 10, y.at(tick) + 4, f"{tick}", 11, "end", "quiet"))
    for share in (0.0, 0.2, 0.4, 0.6, 0.8, 1.0):
        marks.append(words(x.at(share), y.start + 20, f"{share:.1f}", 11, "middle", "quiet"))
    marks.append(words((x.start + x.end) / 2, y.start + 44, "p(M → C | M)", 12, "middle"))
    marks.append(words(x.start - 40, y.end - 14, "spectral radius", 12))
    marks.append(line([(x.start, y.at(1)), (x.end, y.at(1))], dashed=True))
    marks.append(words(x.end, y.at(1) + 16, "below 1, sampling ends", 11, "end", "quiet"))
    for place, (name, copies, colour) in enumerate(CURVES):
        points = [(x.at(i / 100), y.at(einspace_grammar(i / 100).spectral_radius(copies))) for i in range(1, 101)]
        marks.append(line(points, colour, thick=True))
        ends = critical(copies)
        marks.append(f'<circle class="{colour}" cx="{x.at(ends):.1f}" cy="{y.at(1):.1f}" r="5"/>')
        marks.append(words(x.at(ends) + 4, y.at(1) - 12, f"{ends:.4f}", 12, bold=True))
        top = 84.0 + 20 * place
        marks += [line([(x.at(0.33), top), (x.at(0.38), top)], colour, thick=True), words(x.at(0.4), top + 4, name, 11)]
    return document(WIDTH, HEIGHT, "Figure 4: the spectral radius against p(M -> C)", marks, theme)
