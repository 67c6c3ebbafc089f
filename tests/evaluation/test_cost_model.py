"""The cost model, on trials whose seconds follow from rates that are known."""

from dataclasses import replace
from random import Random

import numpy as np
import pytest

from einspace.evaluation.cost_model import PRIOR, CostModel, Load, Measured

RATES = (0.4, 1e-4, 4e-10, 1e-10)
"""Of a device that is not that of the prior: its bytes are cheap and its operations dear."""


def loads(count: int, seed: int) -> list[Load]:
    """Architectures of 5 to 300 operations whose FLOPs and bytes span four orders of magnitude."""
    rng = Random(seed)
    return [
        Load(rng.randint(5, 300), int(10 ** rng.uniform(4, 8)), int(10 ** rng.uniform(3, 7)), 3_000, 8, rng.choice((16, 32, 64)), 2_000)
        for _ in range(count)
    ]


def truth(load: Load) -> float:
    """The seconds on that device."""
    return float(np.dot(RATES, load.amounts))


def measured(count: int, seed: int, noise: float = 0.0) -> list[Measured]:
    """Trials with noise of this deviation in the logarithm."""
    rng = Random(seed)
    return [Measured(load, truth(load) * float(np.exp(rng.gauss(0, noise)))) for load in loads(count, seed)]


def off(model: CostModel, seed: int = 99) -> float:
    """The median relative error on fifty other trials."""
    return float(np.median([abs(np.log(model.seconds(load) / truth(load))) for load in loads(50, seed)]))


def test_the_amounts_of_a_trial_are_counted_in_forward_passes() -> None:
    """Two epochs of 3 batches of 10 samples, each as much as three passes, and one pass of a batch of 5 that are scored."""
    load = Load(operations=7, flops=100, activation_bytes=40, samples=30, epochs=2, batch_size=10, scored=5)
    assert list(load.amounts) == [1, 7 * (3 * 2 * 3 + 1), 100 * (3 * 2 * 30 + 5), 40 * (3 * 2 * 30 + 5)]
    assert replace(load, samples=31).amounts[1] == 7 * (3 * 2 * 4 + 1)


def test_rates_are_recovered_from_exact_seconds() -> None:
    """Sixty trials without noise predict other trials within a few percent, and the model says so."""
    model = CostModel.fit(measured(60, 0))
    assert off(model) < 0.05
    assert model.error is not None
    assert model.error.typical < 0.1
    assert model.error.trials == 60


def test_one_trial_says_how_fast_the_device_is() -> None:
    """A device that is seven times as slow in everything is known by its first trial."""
    load, other = loads(2, 3)
    slow = CostModel(tuple(7 * rate for rate in PRIOR))
    model = CostModel.fit([Measured(load, slow.seconds(load))])
    assert model.seconds(other) == pytest.approx(slow.seconds(other), rel=0.01)
    assert model.error is None


def test_more_trials_predict_better() -> None:
    """With noise of a fifth, over ten draws of trials."""
    few, many = ([off(CostModel.fit(measured(count, seed, 0.2))) for seed in range(10)] for count in (3, 60))
    assert np.mean(many) < np.mean(few)


def test_the_error_is_that_of_trials_that_were_not_fitted() -> None:
    """Seconds with noise of a fifth cannot be predicted to less than the noise: its median is 0.67 deviations, its ninth decile 1.28."""
    error = CostModel.fit(measured(200, 1, 0.2)).error
    assert error is not None
    assert error.typical == pytest.approx(np.exp(0.67 * 0.2) - 1, abs=0.06)
    assert error.factor == pytest.approx(np.exp(1.28 * 0.2), abs=0.15)


def test_a_trial_that_was_given_up_took_longer() -> None:
    """It raises a prediction that is below its seconds, and leaves one that is above as it is.

    What ended well has few FLOPs, so that their rate is known from the trial that was given up alone.
    """
    small = [replace(load, flops=10_000, activation_bytes=1_000) for load in loads(20, 2)]
    known = [Measured(load, truth(load)) for load in small]
    big = Load(50, 10**8, 10**4, 3_000, 8, 32, 2_000)
    before = CostModel.fit(known).seconds(big)
    late = Measured(big, 4 * before, ended=False)
    assert CostModel.fit([*known, late]).seconds(big) > 2 * before
    early = Measured(big, before / 4, ended=False)
    assert CostModel.fit([*known, early]).seconds(big) == pytest.approx(before, rel=0.01)


def test_one_trial_that_was_disturbed_changes_little() -> None:
    """A trial that took a hundred times as long, because the machine slept, does not double the predictions."""
    known = measured(40, 4)
    disturbed = [*known, replace(known[0], seconds=100 * known[0].seconds)]
    assert off(CostModel.fit(disturbed)) < 0.2


def test_more_work_never_takes_less_time() -> None:
    """All rates are positive, however few and odd the trials are."""
    odd = [Measured(load, seconds) for load, seconds in zip(loads(4, 5), (10.0, 0.0, 1e4, 3.0), strict=True)]
    model = CostModel.fit(odd)
    base = loads(1, 6)[0]
    for change in ({"operations": 600}, {"flops": 10**10}, {"activation_bytes": 10**9}, {"epochs": 80}, {"samples": 30_000}):
        assert model.seconds(replace(base, **change)) > model.seconds(base) > 0


def test_only_recent_trials_count() -> None:
    """After as many trials on a machine that became three times as slow, all predictions are."""
    old = measured(200, 7)
    new = [Measured(trial.load, 3 * trial.seconds) for trial in measured(200, 8)]
    load = loads(1, 9)[0]
    assert CostModel.fit([*old, *new]) == CostModel.fit(new)
    assert CostModel.fit(new).seconds(load) == pytest.approx(3 * CostModel.fit(measured(200, 8)).seconds(load), rel=0.05)


def test_without_trials_there_is_a_prediction_but_no_error() -> None:
    """The prior's, of which nothing is known."""
    model = CostModel.fit([])
    assert model.rates == PRIOR
    assert model.error is None
