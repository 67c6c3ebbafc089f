"""Benchmarks that run a part of the tests name files that are there."""

import pytest

from benchmarks import lowest, pythons


@pytest.mark.parametrize(
    "name", sorted({name for name in (*lowest.TESTS, *pythons.TESTS, *pythons.WITHOUT_TORCH) if name.startswith("tests/")})
)
def test_the_tests_that_a_benchmark_names_are_there(name: str) -> None:
    """A file that moved would end the benchmark after minutes of installing."""
    assert (lowest.ROOT / name).exists()
