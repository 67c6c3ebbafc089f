"""The description of the experiments beside the paper's text: which searches a cell stands for, at each scale."""

import re
from functools import cache
from typing import Any, get_args

import pytest

from einspace import baselines
from einspace.cli import reproduce as cli
from einspace.config import load
from einspace.config.protocol import PAPER, Protocol
from einspace.errors import SettingError, UnknownNameError
from einspace.features import Feature
from einspace.limits import Limits
from einspace.reporting.published import TABLE_4
from einspace.reproduction import EXPERIMENTS, SCALES, selected
from einspace.reproduction.cells import Cell, wanted
from einspace.run.folder import Run
from einspace.space import Architecture
from einspace.strategies.initial import parse_initial
from einspace.tasks import TASKS, load_task
from einspace.tasks.published import NASBENCH_METHODS, PUBLISHED, UNSEEN_METHODS

MIX = "resnet18,wrn16-4,vit,mlp-mixer"

SEARCHES: dict[tuple[str, str], dict[str, Any]] = {
    ("table1", "rn18"): {"init": "resnet18", "trials": 1},
    ("table1", "re-rn18"): {"init": "resnet18", "iterations": 500},
    ("table1", "re-mix"): {"init": MIX, "iterations": 500},
    ("table1", "re-scratch"): {"init": "", "trials": 1000},
    ("table1", "random-search"): {"strategy": "random", "trials": 1000},
    ("table1", "random-sampling"): {"strategy": "sampling", "trials": 1000},
    ("table5", "wrn"): {"init": "wrn16-4", "trials": 1},
    ("table5", "re-wrn"): {"init": "wrn16-4", "iterations": 500},
}
"""What sections 4.2 to 4.4 and C.1 say of each column that is searched here."""


def cells(experiment: str, scale: str) -> list[Cell]:
    """Every cell with a search."""
    found = selected(experiment, scale)
    return [Cell(found, row, column, 0) for row in found.rows for column in found.columns if column.settings is not None]


def searched(scale: str) -> list[Cell]:
    """Every cell with a search, of all experiments that have the scale."""
    return [one for name, known in EXPERIMENTS.items() if known.measure is None and scale in known.shares for one in cells(name, scale)]


def cell(experiment: str, scale: str, row: str, column: str) -> Cell:
    return next(one for one in cells(experiment, scale) if (one.row, one.column.name) == (row, column))


@cache
def built(name: str, shape: Feature) -> Architecture:
    return baselines.get(name, shape)


def test_every_column_of_the_paper_is_searched_or_taken_from_others() -> None:
    """The columns of tables 1 and 5 are the paper's, in its order; those that are searched are those of `einspace` and its baselines."""
    assert tuple(column.title for column in EXPERIMENTS["table1"].columns) == UNSEEN_METHODS
    assert tuple(column.title for column in EXPERIMENTS["table5"].columns) == NASBENCH_METHODS
    for name in ("table1", "table5"):
        searched = {(name, column.name) for column in EXPERIMENTS[name].columns if column.settings is not None}
        assert searched == {place for place in SEARCHES if place[0] == name}
    assert (len(EXPERIMENTS["table1"].rows), len(EXPERIMENTS["table5"].rows)) == (8, 5)


@pytest.mark.parametrize(("experiment", "column"), list(SEARCHES))
def test_a_cell_of_the_paper_s_scale_is_the_paper_s_protocol(experiment: str, column: str) -> None:
    """Its settings are those of `--protocol paper` with the counts of the paper and the recipe of table 4, on every task.

    On Cosmic, WRN16-4 itself is over the default limit of bytes, so a network may write twice as much as it.
    """
    paper = Protocol.of(PAPER, None, 1)
    for row in EXPERIMENTS[experiment].rows:
        settings = cell(experiment, "paper", row, column).settings({})
        same, _ = load(None, {"task": row, "protocol": PAPER, **SEARCHES[experiment, column]})
        apart = {"run", "recipe", "limits", "population", "tournament"}
        assert settings.model_dump(exclude=apart) == same.model_dump(exclude=apart)
        assert (settings.population, settings.tournament) in ((None, None), (paper.population, paper.tournament))
        assert settings.limits == (Limits(activation_bytes=676_462_592) if row == "cosmic" else Limits())
        recipe, table = TASKS[row].recipe.override(**settings.recipe.model_dump()), TABLE_4[row]
        figures = (recipe.epochs_search, recipe.epochs_final, recipe.batch_size, recipe.learning_rate, recipe.weight_decay, recipe.momentum)
        assert figures == table[2:]
        assert not recipe.options


def test_the_scales_have_their_parts() -> None:
    """A tenth of the trials and a quarter of the epochs at `small`, a few of one epoch at `smoke`; the small networks in both."""
    small = cell("table1", "small", "language", "re-scratch").settings({})
    assert (small.trials, small.population, small.tournament) == (100, 10, 5)
    assert (small.recipe.epochs_search, small.recipe.epochs_final) == (2, 16)
    mix = cell("table1", "small", "language", "re-mix")
    assert (mix.settings({}).init, mix.settings({}).iterations) == ("resnet8,resnet14-flat,vit-tiny,mixer-tiny", 50)
    assert wanted(mix.settings({})) == 54
    smoke = cell("table1", "smoke", "addnist", "re-scratch")
    settings = smoke.settings({})
    assert (smoke.task, settings.trials, settings.population, settings.tournament) == ("adddigits", 4, 2, 1)
    assert (settings.recipe.epochs_search, settings.recipe.epochs_final) == (1, 1)
    assert cell("table5", "small", "cosmic", "re-wrn").settings({}).recipe.epochs_final == 50


def test_the_follow_up_has_its_own_counts() -> None:
    """300 trials with a surrogate, 1,000 with crossover in a population of 100, each against the same search by mutation alone."""
    surrogate = cell("follow-up", "small", "addnist", "surrogate").settings({})
    crossover = cell("follow-up", "small", "addnist", "crossover").settings({})
    assert (surrogate.trials, surrogate.surrogate) == (300, True)
    assert (crossover.trials, crossover.population, crossover.tournament, crossover.crossover) == (1000, 100, 10, 0.5)
    for column, other, option in (("surrogate", "mix", "surrogate"), ("crossover", "scratch", "crossover")):
        apart = {"run", option}
        one, two = (cell("follow-up", "small", "addnist", name).settings({}).model_dump(exclude=apart) for name in (column, other))
        assert one == two


def test_the_findings_are_compared_at_equal_trials() -> None:
    """60 trials of each search at `small`, on whatever data, and 20 random samples; the paper's protocol but for our own column."""
    found = {one.column.name: one.settings({}) for one in cells("findings", "small") if one.row == "adddigits"}
    assert {name: settings.trials for name, settings in found.items()} == {
        "resnet": 1,
        "random-sampling": 20,
        **dict.fromkeys(("random-search", "re-scratch", "re-resnet", "re-mix", "ours"), 60),
    }
    assert {name for name, settings in found.items() if settings.protocol != PAPER} == {"ours"}
    assert found["ours"].init == found["re-mix"].init
    assert len({(settings.recipe.epochs_search, settings.recipe.epochs_final) for settings in found.values()}) == 1
    assert len({settings.limits for settings in found.values()}) == 1


def test_rows_that_need_no_files_are_there_at_every_scale() -> None:
    """AddDigits and MultDigits are rows of the findings as they are, and no second row has the same data."""
    assert selected("findings").rows == ("adddigits", "multdigits")
    assert selected("findings", "smoke", ["adddigits"]).rows == selected("findings", "small", ["adddigits"]).rows == ("adddigits",)
    assert selected("findings", "small").rows == EXPERIMENTS["findings"].rows


@pytest.mark.parametrize("scale", list(SCALES))
def test_every_cell_can_be_searched(scale: str) -> None:
    """The settings of all cells make sense, no two runs have one name, and no baseline is over the limits of its own cell."""
    found = searched(scale)
    names = [one.name for one in found]
    assert len(found) > 10 * (scale != "smoke")
    assert len(set(names)) == len(names)
    for one in found:
        Run("runs", one.name)
        settings, shape = one.settings({"workers": 3}), TASKS[one.task].input
        assert settings.workers == 3
        assert wanted(settings) >= 1
        members = [built(name, shape) for name in parse_initial(settings.init or "")]
        assert [settings.limits.objection(member.cost) for member in members] == [None] * len(members)


@pytest.mark.parametrize("scale", list(SCALES))
def test_every_search_is_scored_with_the_metric_of_its_row(scale: str) -> None:
    """The scores of digits in place of CIFAR100 are errors, which stand beside the paper's and are ranked like them, the lowest first."""
    for one in {(one.row, one.task): one for one in searched(scale)}.values():
        metric, own = TASKS[one.row].metric, one.settings({}).own
        assert (own.metric or TASKS[one.task].metric.name) == metric.name
        if own.said():
            assert load_task(one.task, None, own).metric == metric


def test_published_scores_have_columns() -> None:
    """Each column of tables 1 and 5 finds its published number on each of its tasks."""
    for name in ("table1", "table5"):
        for row in EXPERIMENTS[name].rows:
            assert set(PUBLISHED[row]) == {column.title for column in EXPERIMENTS[name].columns}


def test_the_scale_of_a_call_without_one() -> None:
    """What trains has the smallest, so that nobody begins months of training unawares; what trains nothing has the paper's."""
    assert {name: selected(name).scale.name for name in ("table1", "follow-up", "table4", "figure7")} == {
        "table1": "smoke",
        "follow-up": "smoke",
        "table4": "paper",
        "figure7": "paper",
    }


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (("table2", "smoke"), UnknownNameError, "unknown experiment 'table2'"),
        (("table1", "large"), UnknownNameError, "unknown scale 'large'"),
        (("table1", "paper", ["adnist"]), UnknownNameError, "did you mean addnist"),
        (("table1", "paper", ["cifar100"]), UnknownNameError, "unknown task of table1 'cifar100'"),
        (("table5", "paper", [], ["re-mix"]), UnknownNameError, "unknown column of table5 're-mix'"),
        (("table6", "paper", ["addnist"]), SettingError, "table6 trains nothing, so it has no task 'addnist'"),
        (("follow-up", "paper"), SettingError, "follow-up has no scale paper: it has smoke, small"),
        (("findings", "paper"), SettingError, "findings has no scale paper: it has smoke, small"),
        (
            ("table1", "smoke", ["isabella"]),
            SettingError,
            "table1 has no row isabella at the scale smoke, only those with small data: addnist, multnist",
        ),
        (
            ("findings", "smoke", ["addnist"]),
            SettingError,
            "findings has no row addnist at the scale smoke, .* data: adddigits, multdigits",
        ),
    ],
)
def test_wrong_names_are_named(arguments: tuple[Any, ...], error: type[Exception], message: str) -> None:
    """One line says what is wrong, and what there is."""
    with pytest.raises(error, match=message):
        selected(*arguments)


def test_the_help_names_every_experiment_and_scale() -> None:
    """The command line has their names without importing what draws and counts, so it could fall behind."""
    for annotated, known in ((cli.Named, EXPERIMENTS), (cli.Size, SCALES)):
        words = re.findall(r"[\w-]+", get_args(annotated)[1].help)
        assert set(known) <= set(words)
