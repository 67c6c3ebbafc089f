"""The benchmark of learned probabilities: what its landscapes reward, and that both searches are the same until learning begins."""

from statistics import fmean

import pytest
from benchmarks.learned import LANDSCAPES, Liked, Ordered, compared, main
from benchmarks.surrogate import SPACE, searched

from einspace.known import BEGIN
from einspace.operations import OPERATIONS

pytestmark = pytest.mark.slow


def test_in_an_order_no_operation_is_better_than_another() -> None:
    """The mean of the pairs that begin with it is 0, and so is that of the pairs that end with it; the pairs differ."""
    order = Ordered(0)
    for name in OPERATIONS:
        assert fmean(order.pair(name, other) for other in OPERATIONS) == pytest.approx(0, abs=1e-12)
        assert fmean(order.pair(other, name) for other in OPERATIONS) == pytest.approx(0, abs=1e-12)
    assert order.pair("relu", "norm") != order.pair("norm", "relu")


def test_where_operations_are_liked_their_order_is_not() -> None:
    """Two networks of the same operations are equally good."""
    liked, order = Liked(0), Ordered(0)
    one, other = (SPACE.parse(text).graph(optimize=False) for text in ("[relu [norm softmax]]", "[softmax [relu norm]]"))
    assert liked.good(one) == pytest.approx(liked.good(other))
    assert order.good(one) != pytest.approx(order.good(other))


def test_searches_are_equal_until_learning_begins() -> None:
    """The option changes no proposal before thirty trials have ended."""
    plain, learned = (searched(LANDSCAPES["pairs"](0), BEGIN, 0, learned=on, edits=0.0) for on in (False, True))
    assert plain.best == learned.best


def test_a_row_has_the_paired_difference(capsys: pytest.CaptureFixture[str]) -> None:
    """With fewer trials than are needed to learn from, nothing is gained; each option has its row."""
    rows = compared("operations", Liked(0), 6, 2, 0.0)
    assert [row[:4] for row in rows] == [["operations", "6", "0", option] for option in ("learned", "crossover 0.3")]
    assert (rows[0][4], rows[0][6]) == (rows[0][5], "+0.00 ± 0.00")
    main(["--trials", "6", "--seeds", "1", "--landscapes", "order", "--edits", "0.7"])
    assert "landscape: order; trials: 6; edits: 0.7; option: learned; regret without: " in capsys.readouterr().out
