"""Chart: our numbers against those that they are compared with."""

from collections.abc import Sequence

import plotly.graph_objects as go

from einspace.reproduction.described import Number
from einspace.result.report.axes import GREY, figure_of

WIDE = 100.0
"""The largest number by the smallest, from which on both axes are logarithmic."""


def chart(title: str, other: str, numbers: Sequence[tuple[str, str, Number]]) -> go.Figure:
    """A point for each number that has another one beside it, and a line on which the two are equal.

    Args:
        title: The heading.
        other: What our numbers are compared with.
        numbers: The titles of row and column, and the number. One of other data than the reference is an open circle.
    """
    figure = figure_of(other, "ours", height=640)
    ends: list[float] = []
    for name in dict.fromkeys(column for _, column, _ in numbers):
        across, up, words, symbols = list[float](), list[float](), list[str](), list[str]()
        for row, column, number in numbers:
            ours, reference = number.ours, number.reference
            if column != name or isinstance(ours, str) or isinstance(reference, str) or ours is None or reference is None:
                continue
            across.append(reference)
            up.append(ours)
            words.append(f"{row}, {column}")
            symbols.append("circle" if number.comparable else "circle-open")
        if across:
            hover = f"%{{text}}<br>ours %{{y:.4f}}, {other} %{{x:.4f}}<extra></extra>"
            figure.add_scatter(
                x=across, y=up, mode="markers", name=name, text=words, hovertemplate=hover, marker={"size": 9, "symbol": symbols}
            )
            ends += across + up
    if ends:
        line = {"x": [min(ends), max(ends)], "y": [min(ends), max(ends)], "line": {"color": GREY, "dash": "dash"}}
        figure.add_scatter(**line, mode="lines", name="equal", hoverinfo="skip")
        if min(ends) > 0 and max(ends) > WIDE * min(ends):
            figure.update_xaxes(type="log")
            figure.update_yaxes(type="log")
    figure.update_layout(title={"text": title}, margin={"t": 140}, paper_bgcolor="white", plot_bgcolor="white")
    return figure
