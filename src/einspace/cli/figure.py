"""The paper's figures: `figure`."""

from pathlib import Path
from typing import Annotated

import typer

from einspace.cli.options import Probability, Runs, Seed, Shape, Storage, read_run
from einspace.cli.output import out, progress, write
from einspace.errors import SettingError
from einspace.features import Feature
from einspace.pictures import Detail, Theme
from einspace.quantities import decimal
from einspace.space import Architecture

FOUND = (5, 6, 8)
"""Figures of architectures that searches found."""


def figure(
    number: Annotated[int, typer.Argument(min=1, max=8, metavar="NUMBER", help="Number of the figure in the paper, 1 to 8.")],
    named: Annotated[
        list[str] | None, typer.Argument(metavar="RUN", help="Names or folders of the runs that figures 5, 6 and 8 show.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="SVG file to write; figure-NUMBER.svg if not given.")
    ] = None,
    theme: Annotated[Theme, typer.Option("--theme", help="Colours of the picture; auto follows the reader's system.")] = "light",
    detail: Annotated[
        Detail, typer.Option("--detail", help="Show each operation of a network, or convolutions and attention as blocks.")
    ] = "blocks",
    shape: Shape = "3,64,64",
    probability: Probability = 0.32,
    samples: Annotated[int, typer.Option("-n", "--samples", min=1, help="Architectures that figure 7 counts.")] = 8_000,
    seed: Seed = 0,
    runs: Runs = "runs",
    storage: Storage = None,
) -> None:
    """Draw a figure of the paper from our own data; figures 5, 6 and 8 need the names of runs."""
    from einspace.reporting import figures

    if bool(named) != (number in FOUND):
        need = f"needs runs, such as `einspace figure {number} NAME`" if number in FOUND else "takes no runs: only figures 5, 6 and 8 do"
        raise SettingError(f"figure {number} {need}")
    if number == 1:
        picture = figures.figure_1(Feature.parse(shape), detail, theme)
    elif number == 2:
        picture = figures.figure_2(theme)
    elif number == 3:
        picture = figures.figure_3(theme)
    elif number == 4:
        picture = figures.figure_4(theme)
    elif number == 7:
        picture = _sampled(probability, samples, Feature.parse(shape), seed, theme)
    else:
        picture = figures.found(number, [_best(name, runs, storage) for name in named or ()], detail, theme)
    file = output or Path(f"figure-{number}.svg")
    write(file, picture)
    out.print(f"figure {number} is drawn into {file}", markup=False, highlight=False, soft_wrap=True)


def _sampled(probability: float, samples: int, inputs: Feature, seed: int, theme: Theme) -> str:
    from einspace.reporting.complexity import take_each
    from einspace.reporting.figures import figure_7

    with progress(transient=True) as bar:
        line = bar.add_task("sample", total=samples, best="")
        counted = take_each([probability], inputs, samples, seed, lambda _, done: bar.update(line, completed=done))
    return figure_7(counted[probability], probability, theme)


def _best(name: str, runs: str, storage: str | None) -> tuple[str, str, Architecture]:
    """A run's task, the score of its best, and that architecture; raises SettingError where there is none."""
    from einspace.result.taking import unselected

    result = read_run(name, runs, storage)
    if result is None:
        raise SettingError(f"there is no run {name!r} in {runs}")
    if result.best is None:
        raise SettingError(unselected(result))
    best = result.best
    scores = {"validation": best.validation, "test": best.test}
    facts = ", ".join(f"{split} {decimal(value)}" for split, value in scores.items() if value is not None)
    return f"{result.settings['task']} ({result.run.name})", f"{result.metric}: {facts}", best.architecture
