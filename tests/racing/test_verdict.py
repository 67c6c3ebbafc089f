"""The error of a verdict against a known answer: networks of equal worth, scored on partitions of one pool."""

from statistics import fmean

import numpy as np

from einspace.racing.verdict import FACTOR, sampling_error, standard_error, total_error

POOL, VALID, PAIRS, REPETITIONS = 1_000, 250, 8, 500
PARTS = 8


def test_the_error_of_a_difference_covers_the_truth() -> None:
    """Two networks that are equally good differ by less than two errors in about 95 of 100 races; by the error of the pairs alone, which
    takes each new validation split for new samples, in about 74.
    """
    rng = np.random.default_rng(0)
    alone = whole = 0
    for _ in range(REPETITIONS):
        likely = rng.uniform(0.05, 0.95, POOL)
        right = rng.random((2, POOL)) < likely
        parts = np.empty((2, PAIRS, PARTS))
        scores = np.empty((2, PAIRS))
        for pair in range(PAIRS):
            valid = rng.permutation(POOL)[:VALID]
            trained = right[:, valid] ^ (rng.random((2, VALID)) < 0.05)  # another training is right about other samples
            scores[:, pair] = trained.mean(axis=1)
            parts[:, pair] = np.stack([trained[:, first::PARTS].mean(axis=1) for first in range(PARTS)], axis=1)
        error = standard_error([{"one": scores[0].tolist(), "other": scores[1].tolist()}], PAIRS)
        assert error is not None
        difference = abs(fmean(scores[0]) - fmean(scores[1]))
        alone += difference <= FACTOR * error
        sampling = sampling_error(parts[0].tolist(), parts[1].tolist(), fixed=False)
        whole += difference <= FACTOR * total_error(error, sampling, VALID / POOL)
    assert 0.65 < alone / REPETITIONS < 0.82
    assert 0.93 < whole / REPETITIONS < 0.99
