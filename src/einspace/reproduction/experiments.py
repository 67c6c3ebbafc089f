"""The experiments of the paper, each as an entry that can be read beside its table: rows, columns, and the search of each column.

Another experiment is another entry of `EXPERIMENTS`.
"""

from collections.abc import Mapping, Sequence

from einspace.config.protocol import OURS, PAPER
from einspace.errors import SettingError, UnknownNameError
from einspace.reproduction.described import Column, Experiment, Options, Selection, Summary
from einspace.reproduction.measured import FIGURE_4, FIGURE_7, STATISTICS, TABLE_4, figure_4, figure_7, table_4, table_6
from einspace.reproduction.scales import SCALES
from einspace.tasks.nasbench360 import NASBENCH360
from einspace.tasks.unseen import UNSEEN

UNSEEN_NAS = tuple(entry.name for entry in UNSEEN)
NAS_BENCH_360 = tuple(entry.name for entry in NASBENCH360)

RE: Options = {"strategy": "evolution", "population": 100, "tournament": 10}
"""Regularised evolution (section 4.1): 100 individuals, and the fittest of 10 of them is the parent."""

MIX = "resnet18,wrn16-4,vit,mlp-mixer"
"""The architectures that RE(Mix) starts from (section 4.4)."""

FOLLOW_UP = {"smoke": 0.01, "small": 1.0}
"""The scales of what is not in the paper: all of the trials, with small networks."""

FINDINGS = {"smoke": 0.004, "small": 0.1}
"""The scales of the comparison at equal trials, which the paper's searches are not."""

EQUAL: Options = {"trials": 600}
"""The trials of each search that is compared at equal trials."""

EXPERIMENTS: dict[str, Experiment] = {
    experiment.name: experiment
    for experiment in (
        Experiment(
            name="table1",
            title="Table 1: accuracy on Unseen NAS",
            rows=UNSEEN_NAS,
            columns=(
                Column("rn18", "RN18", {"init": "resnet18", "trials": 1}),
                Column("pc-darts", "PC-DARTS"),
                Column("drnas", "DrNAS"),
                Column("bonsai-net", "Bonsai-Net"),
                Column("re-rn18", "RE(RN18) einspace", {**RE, "init": "resnet18", "iterations": 500}),
                Column("re-mix", "RE(Mix) einspace", {**RE, "init": MIX, "iterations": 500}),
                Column("re-scratch", "RE(Scratch) einspace", {**RE, "init": "", "trials": 1000}),
                Column("random-search-darts", "Random search DARTS"),
                Column("random-search-bonsai", "Random search Bonsai"),
                Column("random-search", "Random search einspace", {"strategy": "random", "trials": 1000}),
                Column("random-sampling", "Random sampling einspace", {"strategy": "sampling", "trials": 1000}),
            ),
            summaries=(Summary("average accuracy", "mean"), Summary("average rank", "rank")),
        ),
        Experiment(
            name="table4",
            title="Table 4: hyperparameters",
            rows=(*UNSEEN_NAS, *NAS_BENCH_360),
            columns=tuple(Column(name, title) for name, title in TABLE_4.items()),
            measure=table_4,
        ),
        Experiment(
            name="table5",
            title="Table 5: errors on NAS-Bench-360",
            rows=NAS_BENCH_360,
            columns=(
                Column("wrn", "WRN", {"init": "wrn16-4", "trials": 1}),
                Column("darts-gaea", "DARTS (GAEA)"),
                Column("expert", "Expert"),
                Column("re-wrn", "RE(WRN) einspace", {**RE, "init": "wrn16-4", "iterations": 500}),
            ),
            summaries=(Summary("average rank", "rank"),),
        ),
        Experiment(
            name="table6",
            title="Table 6: sizes and branching factors of sampled architectures",
            columns=tuple(Column(name, name) for name in STATISTICS),
            measure=table_6,
        ),
        Experiment(
            name="figure4",
            title="Figure 4: the critical p(M -> C)",
            columns=tuple(Column(name, title) for name, title in FIGURE_4.items()),
            measure=figure_4,
        ),
        Experiment(
            name="figure7",
            title="Figure 7: how often each module and function is sampled",
            columns=tuple(Column(name, title) for name, title in FIGURE_7.items()),
            measure=figure_7,
        ),
        Experiment(
            name="follow-up",
            title="After the paper: a surrogate and crossover, against mutation alone",
            rows=UNSEEN_NAS,
            columns=(
                Column("mix", "mutation from the mix", {**RE, "init": MIX, "trials": 300}),
                Column("surrogate", "the same with a surrogate", {**RE, "init": MIX, "trials": 300, "surrogate": True}, "mix"),
                Column("scratch", "mutation from scratch", {**RE, "init": "", "trials": 1000}),
                Column("crossover", "the same with crossover", {**RE, "init": "", "trials": 1000, "crossover": 0.5}, "scratch"),
            ),
            shares=FOLLOW_UP,
            summaries=(Summary("average accuracy", "mean"),),
            beside="mutation",
        ),
        Experiment(
            name="findings",
            title="The findings of sections 4.2 to 4.4, at equal trials",
            rows=("adddigits", "multdigits", *UNSEEN_NAS),
            columns=(
                Column("resnet", "ResNet", {"init": "resnet18", "trials": 1}),
                Column("random-sampling", "random sampling", {"strategy": "sampling", "trials": 200}, "resnet"),
                Column("random-search", "random search", {"strategy": "random", **EQUAL}, "random-sampling"),
                Column("re-scratch", "RE(Scratch)", {**RE, "init": "", **EQUAL}, "random-search"),
                Column("re-resnet", "RE(ResNet)", {**RE, "init": "resnet18", **EQUAL}, "resnet"),
                Column("re-mix", "RE(Mix)", {**RE, "init": MIX, **EQUAL}, "re-resnet"),
                Column("ours", "our search from the mix", {"protocol": OURS, "init": MIX, **EQUAL}, "re-mix"),
            ),
            shares=FINDINGS,
            summaries=(Summary("average accuracy", "mean"), Summary("average rank", "rank")),
            beside="compared with",
        ),
    )
}
"""Every experiment by its name, in the order of the paper."""


def selected(experiment: str, scale: str | None = None, tasks: Sequence[str] = (), columns: Sequence[str] = ()) -> Selection:
    """The part of an experiment that is named; no task and no column stand for all of them.

    Without a scale it is that of the paper for an experiment that trains nothing, and else the smallest.

    Raises:
        UnknownNameError: There is no such experiment, scale, task or column.
        SettingError: The experiment has no tasks, or not this scale, or not this task at the scale.
    """
    if experiment not in EXPERIMENTS:
        raise UnknownNameError("experiment", experiment, EXPERIMENTS)
    found = EXPERIMENTS[experiment]
    if scale is None:
        scale = next(iter(SCALES)) if found.measure is None else PAPER
    if scale not in SCALES:
        raise UnknownNameError("scale", scale, SCALES)
    size = SCALES[scale]
    if scale not in found.shares:
        raise SettingError(f"{experiment} has no scale {scale}: it has {', '.join(found.shares)}")
    if tasks and not found.rows:
        raise SettingError(f"{experiment} trains nothing, so it has no task {tasks[0]!r}")
    for kind, wanted, known in (("task", tasks, found.rows), ("column", columns, [column.name for column in found.columns])):
        for name in wanted:
            if name not in known:
                raise UnknownNameError(f"{kind} of {experiment}", name, known)
    there = found.rows if found.measure is not None or size.stand_ins is None else _small(found.rows, size.stand_ins)
    for name in tasks:
        if name not in there:
            raise SettingError(f"{experiment} has no row {name} at the scale {scale}, only those with small data: {', '.join(there)}")
    rows = tuple(row for row in there if not tasks or row in tasks)
    return Selection(found, size, rows, tuple(column for column in found.columns if not columns or column.name in columns))


def _small(rows: Sequence[str], stand_ins: Mapping[str, str]) -> Sequence[str]:
    """The rows that have small data, each data once: the stand-ins themselves, and what has a stand-in that is no row."""
    return [row for row in rows if row in stand_ins.values() or (row in stand_ins and stand_ins[row] not in rows)]
