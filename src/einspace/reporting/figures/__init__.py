"""The paper's figures, ours in its arrangement; each function gives a standalone SVG."""

from einspace.reporting.figures.architectures import figure_1, figure_2, figure_3, found
from einspace.reporting.figures.consistency import figure_4
from einspace.reporting.figures.frequency import figure_7

__all__ = ["figure_1", "figure_2", "figure_3", "figure_4", "figure_7", "found"]
