"""The replay of verdicts, where the right answer is known."""

from random import Random

import pytest
from benchmarks.replay import synthetic
from benchmarks.verdicts import WAYS, Judged, baselines, judged, noise_of, shares

pytestmark = pytest.mark.slow


def test_shares_count_what_is_false_and_what_is_grossly_false() -> None:
    """Two tables: in one the winner is truly better in all searches, in the other it is worse by more and by less than an error."""
    better = [Judged(0.5, 0.1, 0.5)] * 3 + [Judged(0.1, 0.1, 0.5)]
    worse = [Judged(0.5, 0.1, -0.05), Judged(0.5, 0.1, -0.2), Judged(-0.5, 0.1, -0.2), Judged(0.0, 0.1, -0.2)]
    assert shares([better, worse], 1.5) == pytest.approx((0.5, 0.25, 0.25, 0.75))


@pytest.mark.parametrize("name", WAYS)
def test_a_race_measures_what_is_true(name: str) -> None:
    """Where noise is small beside the differences, the measured difference is the true one, within a few of its standard errors."""
    landscape = synthetic(0.2)
    noise = noise_of(landscape)
    assert noise == pytest.approx(0.2, rel=0.1)
    for number in range(5):
        found = judged(landscape, baselines(landscape)[0], WAYS[name], 40, Random(number), noise)
        assert abs(found.difference - found.truth) < 6 * max(found.error, noise)
        assert found.error < 5 * noise
