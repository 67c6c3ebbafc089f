"""The benchmark of the surrogate: both searches are the same until the surrogate begins, and a row says what they found."""

import pytest
from benchmarks.replay import synthetic
from benchmarks.surrogate import SPACE, Objective, Searched, compared, main, replayed, searched

from einspace import baselines
from einspace.known import BEGIN


def test_a_landscape_is_drawn_once() -> None:
    """The same number is the same function, another one another."""
    network = baselines.get("resnet8", SPACE.input)
    one, same, other = (Objective(number)(network) for number in (0, 0, 1))
    assert one == same != other


@pytest.mark.slow
def test_both_searches_are_equal_until_it_begins() -> None:
    """The surrogate changes no proposal before thirty trials have ended, in the space as on a table."""
    plain, guided = (searched(Objective(0), 12, 0, surrogate=surrogate) for surrogate in (False, True))
    assert (plain.best, guided.agreement) == (guided.best, None)
    plain, guided = (replayed(synthetic(), BEGIN + 12, 0, surrogate) for surrogate in (False, True))
    assert plain.best[:BEGIN] == guided.best[:BEGIN]
    assert plain.agreement is None
    assert guided.agreement is not None
    assert guided.agreement.predictions == 12


@pytest.mark.slow
def test_a_row_has_the_paired_difference(capsys: pytest.CaptureFixture[str]) -> None:
    """Of both regrets, which are of the best that either search has found where nothing better is known."""
    row = compared("a table", lambda seed, surrogate: replayed(synthetic(), 8, seed, surrogate), None, 8, 2)
    assert row[:2] == ["a table", "8"]
    assert (row[2], row[4]) == (row[3], "+0.00 ± 0.00")
    main(["--trials", "6", "--seeds", "1", "--landscapes", "1"])
    assert "landscape 0; trials: 6; regret without: " in capsys.readouterr().out


def test_a_row_says_what_part_of_a_trial_a_proposal_is() -> None:
    """So it is seen whether the surrogate costs more than trials of so many seconds are worth."""
    row = compared("a table", lambda seed, surrogate: Searched([0.5], None, 30.0 if surrogate else 10.0), None, 1, 2, 2.0)
    assert row[-2:] == ["10 / 30", "1.5%"]
