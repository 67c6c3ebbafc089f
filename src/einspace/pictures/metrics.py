"""Metrics: the width of a text, without a font at hand.

The widths are those of DejaVu Sans, which is as wide as any common sans serif, so that no text outgrows its box in another one.
"""

from functools import cache

WIDTHS = {
    0.3: "IJijl",
    0.35: " ,./:;|·",
    0.4: "!()-[]ft",
    0.45: "r",
    0.5: '"*_`–',
    0.55: "csz?",
    0.6: "FLkvxy",
    0.65: "$0123456789EPSTYabdeghnopqu{}",
    0.7: "ABCKRVXZ",
    0.75: "NU",
    0.8: "&DGHOQ",
    0.85: "#+<=>^w~×→",
    0.9: "M",
    0.95: "%",
}
"""Characters by their width, in units of the font's size."""

WIDE = 1.0
"""The width of every other character."""

BOLD = 1.15
"""The width of a bold text, as a multiple of the plain one."""

_OF = {character: width for width, characters in WIDTHS.items() for character in characters}


@cache
def text_width(text: str, size: float, bold: bool = False) -> float:
    """The width of a line in pixels, rounded up to whole ones.

    >>> text_width("norm", 10), text_width("norm", 10, bold=True)
    (28.0, 32.0)
    """
    width = sum(_OF.get(character, WIDE) for character in text) * size
    return float(-(-width * (BOLD if bold else 1.0) // 1))
