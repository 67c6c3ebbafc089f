"""One architecture, as an outline in the terminal or as a picture: `show`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from einspace.cli.options import (
    AsJson,
    Modules,
    OfBaseline,
    OfTrial,
    Runs,
    Storage,
    What,
    import_modules,
    parse_shape,
    read_named,
    read_run,
    taken,
)
from einspace.cli.output import out, print_json, write
from einspace.cli.overdue import HOUR, limited
from einspace.errors import SettingError
from einspace.features import Feature
from einspace.pictures import Detail, Theme
from einspace.quantities import quantity
from einspace.reporting.tables import facts
from einspace.space import Architecture, EinSpace

if TYPE_CHECKING:
    from einspace.result import Result


@limited("show the architecture", HOUR)
def show(
    what: What,
    shape: Annotated[
        str | None,
        typer.Option(
            "--shape", help="Input without the batch axis, C,H,W or S,D; if not given, 3,32,32 for a TEXT and the task's input for a run."
        ),
    ] = None,
    trial: OfTrial = None,
    baseline: OfBaseline = None,
    tree: Annotated[bool, typer.Option("--tree", help="Show the derivation tree in place of the network.")] = False,
    detail: Annotated[Detail, typer.Option("--detail", help="Show each operation, or convolutions and attention as blocks.")] = "blocks",
    derived: Annotated[
        bool, typer.Option("--derived", help="Show every operation as derived, in place of the simplified network.")
    ] = False,
    svg: Annotated[Path | None, typer.Option("--svg", metavar="FILE", help="SVG file to draw the picture into.")] = None,
    png: Annotated[
        Path | None, typer.Option("--png", metavar="FILE", help="PNG file to draw the picture into; needs the extra png.")
    ] = None,
    theme: Annotated[Theme, typer.Option("--theme", help="Colours of the picture; auto follows the reader's system.")] = "light",
    modules: Modules = [],  # noqa: B006 - how typer takes an option that may be given several times
    runs: Runs = "runs",
    storage: Storage = None,
    as_json: AsJson = False,
) -> None:
    """Show what an architecture computes and what it costs, and draw it."""
    import_modules(modules)
    result = read_run(what, runs, storage)
    if result is None:
        for option, value in (("trial", trial), ("baseline", baseline)):
            if value is not None:
                raise SettingError(f"--{option} {value} needs a run, and {what!r} is an architecture")
        architecture, changed = read_named(what, parse_shape(shape or "3,32,32"), runs), None
    else:
        architecture, changed = _of_run(result, trial, baseline, shape)
    if svg is not None or png is not None:
        _draw(architecture, svg, png, tree=tree, detail=detail, derived=derived, theme=theme, changed=changed)
    if as_json:
        print_json(facts(architecture))
        return
    _print(architecture, tree, detail, derived)
    for file in (svg, png):
        if file is not None:
            out.print(f"drawn into {file}", markup=False, highlight=False, soft_wrap=True)


def _of_run(result: "Result", trial: int | None, baseline: str | None, shape: str | None) -> tuple[Architecture, tuple[int, ...] | None]:
    """The recommended architecture of a run, or the one asked for, and where a mutation changed it; raises what `chosen` raises."""
    from einspace.result.taking import chosen
    from einspace.run.attachments import grammar_of_run
    from einspace.run.settings import making_sense

    name = result.run.name
    with making_sense(name):
        inputs = Feature.of(result.settings["input"])
    if shape is not None and Feature.parse(shape) != inputs:
        raise SettingError(f"the run {name} has inputs of {inputs}, not {Feature.parse(shape)}")
    found, _ = chosen(result, *taken(result, trial, baseline))
    changed = None if trial is None else found.proposal.place
    return EinSpace(inputs, grammar=grammar_of_run(result.run, result.settings)).parse(found.text), changed


def _draw(
    architecture: Architecture,
    svg: Path | None,
    png: Path | None,
    *,
    tree: bool,
    detail: Detail,
    derived: bool,
    theme: Theme,
    changed: tuple[int, ...] | None,
) -> None:
    from einspace.pictures import network_svg, tree_svg
    from einspace.pictures import png as as_png

    picture = tree_svg(architecture, theme, changed) if tree else network_svg(architecture, detail, theme, derived)
    if svg is not None:
        write(svg, picture)
    if png is not None:
        write(png, as_png(picture))


def _print(architecture: Architecture, tree: bool, detail: Detail, derived: bool) -> None:
    from einspace.pictures import chain_of
    from einspace.reporting.outline import network_outline, tree_outline

    if tree:
        out.print(tree_outline(architecture.node))
    else:
        out.print(network_outline(chain_of(architecture, detail, derived), architecture.input, architecture.output))
    out.print(str(architecture), markup=False, highlight=False, soft_wrap=True, style="dim")
    out.print(
        f"{architecture.parameters:,} parameters, {quantity(architecture.flops)}FLOPs, "
        f"{quantity(architecture.activation_bytes)}B written and "
        f"{quantity(architecture.saved_bytes)}B kept for the backward pass per sample; key {architecture.key}",
        soft_wrap=True,
    )
