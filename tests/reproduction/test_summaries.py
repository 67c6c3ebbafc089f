"""The rows of averages and ranks: those of the paper follow from its cells, but for one, and ours are computed alike."""

import pytest

from einspace.reproduction.described import Number, Selection
from einspace.reproduction.experiments import EXPERIMENTS, selected
from einspace.reproduction.summaries import over, summarise
from einspace.tasks.published import PUBLISHED

AVERAGES = (72.55, 80.30, 78.78, 80.41, 78.17, 77.56, 63.70, 80.41, 49.43, 59.76, 26.32)
RANKS = (6.50, 4.44, 4.38, 3.50, 3.75, 3.88, 8.12, 4.06, 8.62, 7.88, 10.88)
RANKS_5 = (3.60, 2.60, 1.60, 2.20)
"""The last rows of tables 1 and 5."""

HALF = 0.005
"""Half of the last digit that the paper prints, of percents and ranks."""


def recomputed(experiment: str, row: str) -> list[float]:
    """A row of the paper's, from its own cells."""
    known = EXPERIMENTS[experiment]
    (summary,) = [one for one in known.summaries if one.name == row]
    columns = [column.name for column in known.columns]
    cells = {(task, column.name): PUBLISHED[task][column.title] for task in known.rows for column in known.columns}
    found = over(summary, known.rows, columns, cells)
    return [value for name in columns if (value := found[name]) is not None]


def test_the_ranks_follow_from_the_cells() -> None:
    """All average ranks of tables 1 and 5 are those of the cells, with equal scores sharing a rank."""
    for experiment, printed in (("table1", RANKS), ("table5", RANKS_5)):
        found = recomputed(experiment, "average rank")
        assert len(found) == len(printed)
        assert [abs(a - b) <= HALF + 1e-9 for a, b in zip(found, printed, strict=True)] == [True] * len(printed)


def test_the_averages_follow_from_the_cells_but_one() -> None:
    """The average of random sampling is printed as 26.32, and that of its eight cells is 26.3275, which is 26.33; the ten others agree."""
    found = [100 * value for value in recomputed("table1", "average accuracy")]
    titles = [column.title for column in EXPERIMENTS["table1"].columns]
    apart = [title for title, a, b in zip(titles, found, AVERAGES, strict=True) if abs(a - b) > HALF + 1e-9]
    assert apart == ["Random sampling einspace"]
    assert found[-1] == pytest.approx(26.3275)


def chosen(tasks: tuple[str, ...], columns: tuple[str, ...]) -> Selection:
    return selected("table1", "paper", tasks, columns)


def number(row: str, column: str, ours: float | None, comparable: bool = True) -> Number:
    title = next(known.title for known in EXPERIMENTS["table1"].columns if known.name == column)
    return Number(row, column, ours, PUBLISHED[row][title], comparable=comparable)


def test_ours_and_the_paper_s_are_over_the_same_cells() -> None:
    """A task that one search of ours has no score on counts on neither side; columns of others are ranked among ours."""
    selection = chosen(("addnist", "language"), ("rn18", "pc-darts", "re-mix"))
    numbers = [
        number("addnist", "rn18", 0.5),
        number("addnist", "pc-darts", None),
        number("addnist", "re-mix", 0.97),
        number("language", "rn18", None),
        number("language", "pc-darts", None),
        number("language", "re-mix", 0.99),
    ]
    rows = {(number.row, number.column): number for number in summarise(selection, numbers)}
    assert rows["average accuracy", "rn18"].ours == 0.5
    assert rows["average accuracy", "rn18"].reference == 0.9336
    assert rows["average accuracy", "rn18"].difference == pytest.approx(-0.4336)
    ranks = {
        column: (rows["average rank", column].ours, rows["average rank", column].reference) for column in ("rn18", "pc-darts", "re-mix")
    }
    assert ranks == {"rn18": (3, 3), "pc-darts": (2, 2), "re-mix": (1, 1)}
    assert rows["average rank", "re-mix"].note == "over 1 of 8 tasks, 3 of 11 columns"


def test_scores_of_other_data_are_ranked_among_themselves() -> None:
    """Nothing of others is ranked beside a score of other data, and no difference is given."""
    selection = chosen(("addnist",), ("rn18", "pc-darts", "re-mix"))
    numbers = [
        number("addnist", "rn18", 0.3, comparable=False),
        number("addnist", "pc-darts", None),
        number("addnist", "re-mix", 0.3, comparable=False),
    ]
    rows = {(n.row, n.column): n for n in summarise(selection, numbers)}
    assert set(rows) == {(name, column) for name in ("average accuracy", "average rank") for column in ("rn18", "re-mix")}
    assert (rows["average rank", "rn18"].ours, rows["average rank", "re-mix"].ours) == (1.5, 1.5)
    assert rows["average rank", "rn18"].difference is None


def test_before_any_score_the_paper_s_rows_are_shown() -> None:
    """They are over all of its cells."""
    selection = chosen((), ())
    numbers = [number(row, column.name, None) for row in selection.rows for column in selection.columns]
    rows = {(n.row, n.column): n for n in summarise(selection, numbers)}
    assert (rows["average rank", "bonsai-net"].ours, rows["average rank", "bonsai-net"].reference) == (None, 3.5)
