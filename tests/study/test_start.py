"""What a search starts with, by its protocol, its bounds and the settings of its run."""

from collections.abc import Mapping
from dataclasses import replace
from math import inf
from typing import Any

import numpy as np
import pytest

from einspace import baselines
from einspace.config import SearchSettings
from einspace.config.protocol import Protocol
from einspace.errors import SettingError, UnknownNameError
from einspace.features import Feature
from einspace.limits import UNLIMITED, Limits
from einspace.phases.finals import MARGIN
from einspace.phases.race import SHARE
from einspace.space import Architecture, EinSpace
from einspace.strategies.affordable import Training
from einspace.study import conduct
from einspace.study.small_baselines import Step
from einspace.study.start import LATE, LEAST_SHARE, ROOM, TIME_LIMIT, UNKNOWN, Call, Start
from einspace.tasks import Recipe, Task
from einspace.tasks.metrics import ACCURACY
from einspace.tasks.options import small_baselines
from einspace.tasks.split import Split

RECIPE = Recipe(8, 24, 64, 0.05, 5e-4)
OPTIONS: dict[str, Any] = {"population": None, "tournament": None, "crossover": None, "cost": None, "edits": None}
SMALL = ("resnet8", "resnet8-wide", "vit-tiny", "mixer-tiny")
QUICK, USUAL = ("resnet8", "vit-tiny", "mixer-tiny"), ("resnet8-wide", "vit-tiny", "mixer-tiny")
"""The small baselines that a short budget has room for, and those of any other search."""


def task(shape: tuple[int, ...] = (1, 8, 8), samples: int = 1_000, baselines: tuple[str, ...] = SMALL) -> Task:
    """Samples of two classes."""
    split = Split(np.zeros((samples, *shape), np.float32), np.arange(samples) % 2)
    return Task(
        name="zeros",
        input=Feature(shape),
        target=2,
        train=split,
        valid=split,
        test=split,
        metric=ACCURACY,
        recipe=RECIPE,
        baselines=baselines,
    )


def start(subject: Task | None = None, limits: Limits | None = None, **given: Any) -> Start:
    """The start of a search for 100 trials by evolution."""
    subject = subject or task()
    call = Call("evolution", EinSpace(subject.input, limits=limits), (subject, RECIPE), None, OPTIONS, 100, None, 2, None, None, None)
    return Start.of(replace(call, **given))


@pytest.mark.parametrize(
    ("trials", "workers", "population", "tournament"),
    [(16, 2, 10, 5), (50, 2, 10, 5), (100, 2, 20, 10), (130, 1, 26, 13), (10_000, 2, 50, 25), (None, 2, 20, 10), (None, 8, 50, 25)],
)
def test_the_population_follows_from_the_trials(trials: int | None, workers: int, population: int, tournament: int) -> None:
    """It is a fifth of them, from 10 to 50, and a tournament is half of it; a worker counts as 50 trials where only time bounds."""
    found = start(trials=trials, seconds=None if trials else 1e6, workers=workers)
    assert (found.options["population"], found.options["tournament"]) == (population, tournament)
    assert found.initial == (*USUAL, *("random",) * (population // 10))


def test_the_paper_s_protocol_is_the_paper_s() -> None:
    """100 members, tournaments of 10, from scratch, with neither edits, nor a race, nor a look at what a trial costs."""
    found = start(protocol="paper")
    assert (found.options["population"], found.options["tournament"], found.options["edits"]) == (100, 10, 0.0)
    assert (found.initial, found.affordable, found.time_limit, found.protocol.race) == ((), None, TIME_LIMIT, False)
    assert (found.beside, start(protocol="paper", initial=("resnet8",)).beside) == (SMALL, ())
    with pytest.raises(UnknownNameError, match="papers"):
        start(protocol="papers")


def test_what_is_given_wins() -> None:
    """Options, initial members and a limit of time stand under either protocol; half of a given population is a tournament."""
    given = OPTIONS | {"population": 7, "edits": 0.0}
    for protocol in ("einspace", "paper"):
        found = start(protocol=protocol, options=given, initial=("random",), time_limit=12.5)
        assert (found.options["population"], found.options["edits"], found.initial, found.time_limit) == (7, 0.0, ("random",), 12.5)
    assert start(options=given).options["tournament"] == 3
    assert start(initial=()).initial == ()
    for wrong in (0, -1.0, "long", True):
        if wrong is not True:
            with pytest.raises(SettingError, match="time_limit must be a number over 0, or None, not"):
                start(time_limit=wrong)


def test_a_recipe_that_is_given_wins() -> None:
    """What the user has otherwise than the task is what every network starts with; all else starts as our protocol says."""
    assert start(task()).changes == {"batch_size": 16, "warmup": 0.1, "grid": 2}
    for batch in (32, 128):
        given = RECIPE.override(batch_size=batch, warmup=0.3)
        assert start(trained=(task(), given)).changes == {"grid": 2}
        assert "batch_size" not in start(trials=None, seconds=600.0, trained=(task(samples=100_000), given)).changes
    series = replace(task((16, 8)), recipe=RECIPE.override(optimizer="adamw"))
    assert "adamw" not in start(series, trained=(series, RECIPE.override(optimizer="sgd"))).changes


def test_a_run_goes_on_as_it_was_started() -> None:
    """Population, edits and initial members are those of its settings whatever the bounds are now; an old run had the paper's.

    It has none of the options that are younger than it.
    """
    stored = {"protocol": "einspace", "population": 20, "tournament": 10, "edits": 0.5, "init": ["resnet8", "random"]}
    found = start(trials=1_000, stored=stored)
    assert (found.options["population"], found.initial, found.protocol.name) == (20, ("resnet8", "random"), "einspace")
    old = start(stored={"population": 100, "tournament": 10, "init": []})
    assert (old.protocol, old.initial, old.affordable, old.options["edits"]) == (Protocol(), (), None, None)
    with_elite = start(stored=stored | {"elite": 3})
    assert (found.options["elite"], with_elite.options["elite"], start().options["elite"]) == (None, 3, 5)


def test_a_search_starts_from_the_small_baselines_that_fit() -> None:
    """Large ones are compared and do not seed; those that the input, the head, the limits or the budget exclude are left out."""
    assert start(task(baselines=("resnet18",))).initial[:3] == USUAL
    assert start(task(baselines=("resnet18",))).beside == ("resnet18",)
    assert start(task((16, 8))).initial[:2] == ("vit-tiny", "mixer-tiny")
    tight = start(limits=Limits(parameters=20_000))
    assert [name for name in tight.initial if name != "random"] == ["mixer-tiny"]
    short = start(task(samples=200_000), trials=None, seconds=120.0)
    assert (set(short.initial), short.beside, set(short.left_out)) == ({"random"}, (), set(SMALL))
    assert "is predicted to take" in short.left_out["resnet8"]


def test_of_two_widths_the_one_that_can_be_compared_at_final_epochs_takes_part() -> None:
    """From the budget on in which three pairs and 25 trials of a worker fit, resnet8-wide is in resnet8's place.

    With less, the run says what it needs. So it is beside initial members that the user has named. A trial may take so long that a pair
    with it fits as often. Baselines that the user has chosen stay, and limits that exclude the wide one leave the narrow one. Targets for
    each pixel have none: both give away the resolution.
    """
    images = task(samples=3_000)
    first = start(images, trials=None, seconds=1e4, workers=1)
    assert first.affordable is not None
    seconds = first.affordable.training.seconds(baselines.get("resnet8-wide", (1, 8, 8)), first.changes)
    pairs = seconds * MARGIN * 3 * 2 * RECIPE.epochs_final / RECIPE.epochs_search / SHARE
    for workers, enough in ((1, pairs), (2, 25 * seconds / 0.5)):
        budgets: list[dict[str, Any]] = [{"trials": None, "seconds": part * enough, "workers": workers} for part in (1.01, 0.99)]
        roomy, short = (start(images, **budget) for budget in budgets)
        assert roomy.changes == short.changes == first.changes
        assert ([name for name in roomy.initial if name != "random"], roomy.beside, roomy.left_out) == (list(USUAL), (), {})
        assert ([name for name in short.initial if name != "random"], short.beside) == (list(QUICK), ())
        assert "and for comparisons at final epochs" in short.left_out["resnet8-wide"]
        assert roomy.affordable is not None
        assert roomy.affordable.seconds <= 1.001 * (2 * 1.01 * enough * workers / pairs - 1) * seconds
        named = [start(images, **budget, initial=("mixer-tiny",)) for budget in budgets]
        assert [found.beside for found in named] == [("resnet8-wide", "vit-tiny"), ("resnet8", "vit-tiny")]
        went_on = start(images, **budgets[1], initial=USUAL)  # from a larger budget
        assert (went_on.beside, went_on.left_out) == ((), {})
    pooled = replace(images, one_pool=True)  # half of it is valid, and a fifth in a decision, which trains on 1.6 times the samples
    assert start(pooled, trials=None, seconds=1.01 * pairs, workers=1).initial[:3] == QUICK
    assert start(pooled, trials=None, seconds=1.6 * 1.01 * pairs, workers=1).initial[:3] == USUAL
    chosen = start(task(baselines=("resnet8", "resnet18")))
    assert (chosen.initial[:3], chosen.beside) == (USUAL, ("resnet8", "resnet18"))
    assert start(limits=Limits(parameters=200_000)).initial[:3] == QUICK
    assert "resnet8-wide" not in small_baselines("dense", Feature((1, 8, 8)))


def test_children_of_a_slow_member_fit_beside_the_wide_baseline() -> None:
    """A trial may take what the slowest member that the user has named takes, however short a pair with resnet8-wide has to be."""
    images = task(samples=3_000)
    for seconds in (600.0, 1_200.0, 2_400.0):
        found = start(images, trials=None, seconds=seconds, initial=("resnet18",))
        assert found.beside == ("resnet8-wide", "vit-tiny", "mixer-tiny")
        assert found.affordable is not None
        assert found.affordable.seconds >= found.affordable.training.seconds(baselines.get("resnet18", (1, 8, 8)), found.changes)


def test_without_a_budget_what_fits_follows_from_the_baselines() -> None:
    """A trial may cost four times the largest small baseline with the changes that all start with, and nothing was measured."""
    one = start(task(samples=10_000))
    assert one.affordable is not None
    training = Training(RECIPE, 10_000, 10_000)
    assert one.affordable.seconds == pytest.approx(4 * max(training.seconds(baselines.get(name, (1, 8, 8)), one.changes) for name in USUAL))
    assert (one.affordable.learns, one.time_limit) == (False, TIME_LIMIT)


def test_a_gpu_is_predicted_to_be_fast() -> None:
    """Else resnet18 would be left out of hours on a GPU, for the days that it takes on a core; without a budget a seed is one search."""
    images = replace(task((3, 64, 64), samples=45_000), baselines=("resnet18",))
    slow, fast = (start(images, trials=None, seconds=8 * 3_600.0, accelerated=accelerated) for accelerated in (False, True))
    assert set(slow.left_out) == {"resnet18"}
    assert (fast.left_out, fast.beside) == ({}, ("resnet18",))
    assert start(images).affordable == start(images, accelerated=True).affordable


@pytest.mark.parametrize(
    ("given", "accelerated", "workers"),
    [
        ({}, False, 2),
        ({"devices": "cuda:0,cuda:1,cuda:2"}, True, 3),
        ({"devices": "cuda:0,cuda:1,cuda:2", "workers": 2}, True, 2),
        ({"executor": "ray"}, False, 2),
        ({"executor": "ray", "gpus_per_trial": 0.0}, False, 2),
        ({"executor": "ray", "gpus_per_trial": 0.5}, True, 2),
    ],
)
def test_a_search_knows_whether_it_trains_on_gpus(
    given: dict[str, Any], accelerated: bool, workers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The devices of processes say it, and on Ray the GPUs of a trial do; steps are measured for processors of this machine alone.

    Each device of processes has a worker, unless there is a number of them.
    """
    calls = []

    def of(call: Call) -> Start:
        calls.append(call)
        raise SettingError("seen")

    monkeypatch.setattr(Start, "of", of)
    with pytest.raises(SettingError, match="seen"):
        conduct(SearchSettings(task="digits", budget="8h", **given), task())
    assert [(call.accelerated, call.step is None, call.workers) for call in calls] == [(accelerated, bool(given), workers)]


def test_a_short_budget_keeps_large_batches() -> None:
    """Small batches mean more steps: they are halved as long as one of the small baselines is predicted to fit, slow ones or not."""
    short, middle, long = (start(task(samples=3_000), trials=None, seconds=seconds) for seconds in (20.0, 200.0, 6_000.0))
    assert "batch_size" not in short.changes
    assert middle.changes["batch_size"] == 32
    assert set(middle.initial) > set(QUICK)
    assert long.changes["batch_size"] == 32
    assert short.options["start"] == short.changes


def test_a_budget_that_is_too_short_for_the_small_baselines_has_fewer_epochs(caplog: pytest.LogCaptureFixture) -> None:
    """A quarter at the least, in the search and in the end alike, and one line says so; epochs that the user has changed stay."""
    wanted, images = RECIPE.epochs_search, task((1, 28, 28), samples=3_000)
    usual = start(images, trials=None, seconds=3_000.0)
    assert "epochs_search" not in usual.changes
    assert not caplog.text
    short, shortest = (start(images, trials=None, seconds=seconds) for seconds in (250.0, 5.0))
    assert wanted / 4 < short.changes["epochs_search"] < wanted
    assert set(short.initial) > set(QUICK)
    assert short.changes["epochs_final"] == round(RECIPE.epochs_final / wanted * short.changes["epochs_search"])
    assert (shortest.changes["epochs_search"], short.options["start"]) == (wanted / 4, short.changes)
    assert f"in place of {wanted} and {RECIPE.epochs_final}" in caplog.text
    mine = start(trained=(images, RECIPE.override(epochs_search=2 * wanted)), space=EinSpace(images.input), trials=None, seconds=250.0)
    assert "epochs_search" not in mine.changes


def test_epochs_follow_from_the_speed_of_the_machine() -> None:
    """A budget in which the usual rates have room for fewer epochs keeps all of them on a machine of a third of their seconds.

    It is the other way round on a slow one. Nothing is measured without a budget of time, where a seed is one search on any machine, nor
    networks whose steps would take a budget's larger part; a step that cannot be measured leaves the usual rates.
    """
    images, asked = task((1, 28, 28), samples=3_000), list[str]()
    training = Training(RECIPE, 3_000, 3_000)

    def step(factor: float | None) -> Step:
        def measured(architecture: Architecture, changes: Mapping[str, float], seconds: float) -> float | None:
            asked.append(str(architecture))
            return None if factor is None else factor * training.step(architecture, changes)

        return measured

    unknown, fast, slow, failed = (
        start(images, trials=None, seconds=250.0, step=pace) for pace in (None, step(1 / 3), step(3.0), step(None))
    )
    assert "epochs_search" not in fast.changes
    assert slow.changes["epochs_search"] < unknown.changes["epochs_search"] < RECIPE.epochs_search
    assert failed == unknown
    assert fast.affordable is not None
    architecture = baselines.get("resnet8", (1, 28, 28))
    assert fast.affordable.training.seconds(architecture, {}) == pytest.approx(training.seconds(architecture, {}) / 3, rel=0.2)
    asked.clear()
    start(images, step=step(1.0))
    start(images, trials=None, seconds=1.0, step=step(1.0))
    assert not asked


def test_a_trial_leaves_time_for_its_race_and_its_final_training() -> None:
    """What is kept for them has room for both: more workers race faster, more seeds take longer in the end, and no seeds nothing."""
    images, found = task((1, 28, 28), samples=3_000), {}
    for workers, final_seeds in ((1, 1), (2, 1), (2, 4), (2, 0)):
        affordable = start(images, trials=None, seconds=600.0, workers=workers, final_seeds=final_seeds).affordable
        assert affordable is not None
        found[workers, final_seeds] = affordable.seconds
        longer = 3 * 2 * max(1, final_seeds / workers) if final_seeds else 0
        pairs = 5 / workers  # trainings of that length: three pairs with a baseline of two thirds of it
        assert affordable.seconds * (MARGIN * longer + pairs) <= ROOM * 600 * 1.001
        assert affordable.seconds * MARGIN * pairs <= SHARE * 600 * 1.001
    assert found[2, 4] < found[1, 1] < found[2, 1] < found[2, 0]


def test_a_budget_has_room_for_25_trials_of_each_worker() -> None:
    """Of its search's share; the time limit is a part of the budget, at least ten seconds, and never above the budget."""
    long = start(trials=None, seconds=25_000.0)
    assert long.affordable is not None
    assert (long.affordable.seconds, long.affordable.learns) == (25_000 * 0.5 / 25, True)
    assert long.time_limit == LEAST_SHARE * 25_000.0
    assert long.affordable.latest == LATE * long.affordable.seconds < long.time_limit
    given = start(trials=None, seconds=25_000.0, time_limit=4_000.0).affordable
    assert given is not None
    assert given.latest == inf
    assert start(trials=None, seconds=30.0).time_limit == 10.0
    assert start(trials=None, seconds=5.0).time_limit == 5.0


def test_limits_that_are_given_win() -> None:
    """A limit that is not the default one says what is wanted, so that a trial of that size fits; no limit at all lets everything fit."""
    usual, wide, open_ = (start(limits=limits).affordable for limits in (None, Limits(flops=50 * 10**9), UNLIMITED))
    assert usual is not None
    assert wide is not None
    assert open_ is not None
    assert wide.seconds > 100 * usual.seconds
    assert open_.seconds == float("inf")
    assert start(limits=Limits(flops=1_000)).affordable == usual


def test_an_initial_member_that_is_given_fits() -> None:
    """A trial may take what it takes, however short the budget is: its mutants are of its size."""
    named = start(initial=("resnet18",), trials=None, seconds=60.0)
    assert named.affordable is not None
    assert named.affordable.seconds == pytest.approx(
        Training(RECIPE, 1_000, 1_000).seconds(baselines.get("resnet18", (1, 8, 8)), named.changes)
    )


def test_an_objective_has_a_population_and_no_costs() -> None:
    """Nothing is known of its trainings, so it starts from scratch."""
    found = start(trained=None)
    assert (found.options["population"], found.initial, found.affordable, found.time_limit) == (20, (), None, TIME_LIMIT)
    assert (found.options["edits"], found.options["recipe_changes"]) == (0.7, 0.0)
    assert UNKNOWN == 10
