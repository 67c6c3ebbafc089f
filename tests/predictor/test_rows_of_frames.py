"""Rows that were taken out of a data frame are read by the names of its columns, as the frame is."""

import numpy as np
import pandas as pd
import pytest
from tests.predictor.predicted import predictor_of

from einspace.errors import TaskError
from einspace.tasks import Task

SIGNALS = [f"s{number}" for number in range(6)]
ROWS = np.random.default_rng(0).normal(size=(30, 6))
TABLE = pd.DataFrame(ROWS, columns=SIGNALS).assign(beat=np.array(["slow", "fast"])[np.arange(30) % 2])


def test_a_row_is_read_by_its_names() -> None:
    """Its numbers were taken by their places, without a word, where the columns of the frame stood in another order."""
    predictor = predictor_of(Task.from_table(TABLE, label="beat", baselines=()))
    wanted, classes = predictor.predict_proba(TABLE), predictor.predict(TABLE)
    for other in (TABLE, TABLE[SIGNALS], TABLE[SIGNALS[::-1]], TABLE[SIGNALS[::-1]].assign(note="new")):
        assert np.array_equal(predictor.predict_proba(other.iloc[3]), wanted[3])
        assert np.array_equal(predictor.predict_proba([other.iloc[3], TABLE.iloc[4]]), wanted[3:5])
        assert predictor.predict(other.iloc[3]) == classes[3]
    right = float(classes[3] == TABLE["beat"][3])
    assert predictor.score(TABLE.iloc[3]) == predictor.score(TABLE[SIGNALS].iloc[3], TABLE["beat"][3]) == right
    assert predictor.score([TABLE.iloc[3]], [TABLE["beat"][3]]) == right
    assert np.array_equal(predictor.predict_proba(pd.Series(ROWS[3])), wanted[3])


def test_a_row_that_does_not_fit_is_refused() -> None:
    """As a frame is, by the name of the column."""
    predictor = predictor_of(Task.from_table(TABLE, label="beat", baselines=()))
    row = TABLE[SIGNALS].iloc[3]
    with pytest.raises(TaskError, match="was trained on 6 columns s0 to s5, of which s1 is missing here"):
        predictor.predict(row.drop("s1"))
    with pytest.raises(TaskError, match="column s1"):
        predictor.predict([row, row.drop("s1")])
    with pytest.raises(TaskError, match="column s2: 'high' is not a number"):
        predictor.predict(pd.Series({**row, "s2": "high"}))


def test_a_row_of_numbered_columns_is_read_by_their_numbers() -> None:
    """Other numbers of its cells are no names, as those of an array that pandas numbers."""
    table = pd.DataFrame(np.column_stack([np.arange(30) % 2, ROWS]))
    predictor = predictor_of(Task.from_table(table, label="0", baselines=()))
    wanted = predictor.predict_proba(table)[3]
    for row in (table.iloc[3], table[[6, 5, 4, 3, 2, 1]].iloc[3], pd.Series(ROWS[3]), pd.Series(ROWS[3], index=range(7, 13))):
        assert np.array_equal(predictor.predict_proba(row), wanted)
