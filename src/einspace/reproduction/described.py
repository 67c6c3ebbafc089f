"""Described: an experiment of the paper as data, the scale that it is run at, and the part of it that a call wants."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from rich.console import RenderableType

Options = Mapping[str, Any]
"""Options of a search by their keys, as in `einspace.config`: an option of a group has the group's name and a point before its own."""

SHARES: Mapping[str, float] = {"smoke": 0.004, "small": 0.1, "paper": 1.0}
"""The part of the paper's trials, members and samples that each scale has."""


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Args:
        name: The name on the command line and in the names of runs.
        title: The paper's heading, under which its scores are published.
        settings: The search whose score on test is our number, with the paper's counts; None for a column that the paper took from others,
            and for one that is measured without a search.
        against: The name of another column, which stands in the place of the paper's numbers.
    """

    name: str
    title: str
    settings: Options | None = None
    against: str = ""


@dataclass(frozen=True)
class Summary:
    """A row over all tasks: the mean of the scores, or the mean of the ranks, where 1 is the best and equal scores share a rank."""

    name: str
    kind: Literal["mean", "rank"]


@dataclass(frozen=True)
class Number:
    """One cell: our number beside the one that it is compared with.

    Args:
        row: The task, or what else the row is called.
        column: The name of the column.
        ours: Our number, over several seeds their mean; None where there is none.
        reference: The paper's number, or that of the column `against`; None where there is none.
        deviation: Over the seeds, of the population; None for a single one.
        comparable: Whether both are of the same data.
        note: Why a number is missing, and what else there is to say.
        runs: The names of the runs that ours is from.
        failed: Whether it is missing although its data are there.
    """

    row: str
    column: str
    ours: float | str | None
    reference: float | str | None = None
    deviation: float | None = None
    comparable: bool = True
    note: str = ""
    runs: tuple[str, ...] = ()
    failed: bool = False

    @property
    def difference(self) -> float | None:
        """Ours less the reference; None where they cannot be compared."""
        ours, reference = self.ours, self.reference
        if not self.comparable or ours is None or reference is None or isinstance(ours, str) or isinstance(reference, str):
            return None
        return ours - reference


@dataclass(frozen=True)
class Findings:
    """The outcome of an experiment without searches: its numbers, a text for the terminal in place of their table, and a picture as SVG."""

    numbers: tuple[Number, ...]
    shown: Sequence[RenderableType] = ()
    picture: str | None = None


@dataclass(frozen=True, kw_only=True)
class Experiment:
    """A table or a figure.

    Args:
        name: The name on the command line.
        title: The heading of what is printed.
        columns: Its columns.
        rows: The tasks of its rows; none for an experiment that trains nothing.
        shares: The part of the counts that each of its scales has.
        summaries: The rows over all tasks.
        measure: Gives the numbers of an experiment without searches.
        beside: The heading of the numbers beside ours.
    """

    name: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[str, ...] = ()
    shares: Mapping[str, float] = field(default_factory=lambda: SHARES)
    summaries: tuple[Summary, ...] = ()
    measure: Callable[["Selection"], Findings] | None = None
    beside: str = "paper"


@dataclass(frozen=True, kw_only=True)
class Scale:
    """How large the searches are.

    Args:
        name: The name on the command line.
        description: What it is for.
        epochs: The part of the epochs of table 4.
        settings: Those of every search, beside those of its column.
        networks: The small baselines that stand in the place of the paper's.
        multiple: The FLOPs of a network at most, in those of the largest of these baselines; None: the default limits.
        stand_ins: The tasks that stand in the place of the paper's; None: every task stands for itself.
    """

    name: str
    description: str
    epochs: float
    settings: Options
    networks: Mapping[str, str] = field(default_factory=dict)
    multiple: float | None = None
    stand_ins: Mapping[str, str] | None = None


@dataclass(frozen=True)
class Selection:
    """The rows and the columns of an experiment that a call wants, at a scale."""

    experiment: Experiment
    scale: Scale
    rows: tuple[str, ...]
    columns: tuple[Column, ...]

    @property
    def share(self) -> float:
        """The part of the paper's counts."""
        return self.experiment.shares[self.scale.name]
