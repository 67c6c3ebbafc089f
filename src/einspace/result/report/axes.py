"""Axes: an empty chart, and the colours of its marks."""

from html import escape
from typing import Any

import plotly.graph_objects as go

BLUE, ORANGE, GREEN, PURPLE, GREY, RED = "#3b82c4", "#d9822b", "#2e9e6b", "#9a5cc7", "#8b97a4", "#d64545"
"""Bright enough on a dark page and dark enough on a light one."""

Chart = dict[str, Any]


def figure_of(across: str, up: str, height: int = 320) -> go.Figure:
    """An empty chart with its axes named, without colours that a dark page would not take."""
    layout = {
        "template": "none",
        "height": height,
        "margin": {"l": 64, "r": 16, "t": 34, "b": 48},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "hovermode": "closest",
        "legend": {"orientation": "h", "x": 0, "y": 1.0, "yanchor": "bottom"},
        "xaxis": {"title": {"text": across}, "zeroline": False, "automargin": True},
        "yaxis": {"title": {"text": escape(up)}, "zeroline": False, "automargin": True},
    }
    return go.Figure(layout=layout)
