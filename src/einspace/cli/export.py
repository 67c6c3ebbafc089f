"""Networks for use elsewhere: `export`."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from einspace.cli.options import AsJson, Seed, What, read_named, read_run
from einspace.cli.output import out, print_json, waiting
from einspace.errors import SettingError
from einspace.features import Feature
from einspace.space import Architecture

if TYPE_CHECKING:
    from einspace.networks import Head
    from einspace.result import Result


def export(
    what: What,
    format: Annotated[str, typer.Option("--format", help="source, torch, onnx or safetensors.")],
    output: Annotated[Path, typer.Option("-o", "--output", metavar="FILE", help="The file to write, whole or not at all.")],
    shape: Annotated[str | None, typer.Option("--shape", help="Input, C,H,W or S,D; 3,32,32 for a TEXT, the task's for a run.")] = None,
    classes: Annotated[int | None, typer.Option("--classes", help="Classes of the head; none: the backbone, or a run's task's.")] = None,
    weights: Annotated[Path | None, typer.Option("--weights", metavar="FILE", help="Weights in a safetensors file.")] = None,
    seed: Seed = 0,
    optimize: Annotated[bool, typer.Option("--optimize/--plain", help="Simplified and fused, or every operation as derived.")] = True,
    runs: Annotated[str, typer.Option("--runs", help="The folder of all runs.")] = "runs",
    as_json: AsJson = False,
) -> None:
    """Write a network as standalone source, a torch.export program, an ONNX model or weights."""
    from einspace.networks import Classification
    from einspace.networks.export import export_file

    result = read_run(what, runs)
    if result is None:
        architecture = read_named(what, Feature.parse(shape or "3,32,32"), runs)
        head: Head | None = None if classes is None else Classification(classes)
    else:
        architecture, head = _best(result, shape, classes)
        kept = result.run / "weights" / f"{architecture.key}.safetensors"
        weights = kept if weights is None and kept.is_file() else weights
    with waiting(f"writing {output}"):
        written = export_file(architecture, output, format, head, weights, seed, optimize)
    fresh = weights is None and format != "source"
    if as_json:
        figures = {**asdict(written), "path": str(output)}
        print_json({**figures, "architecture": str(architecture), "key": architecture.key, "fresh_weights": fresh})
        return
    out.print(f"{output}: {format}, {written.bytes:,} bytes, {written.parameters:,} parameters", highlight=False, soft_wrap=True)
    if fresh:
        told = f"The weights are freshly initialised, with seed {seed}: --weights takes trained ones"
        out.print(f"{told}, and a search with --keep-weights keeps its own.", soft_wrap=True)


def _best(result: "Result", shape: str | None, classes: int | None) -> "tuple[Architecture, Head]":
    """A run's best architecture at its task's input, and the task's head; what is asked for besides must agree."""
    from einspace.networks import Classification, check_fit
    from einspace.networks.heads.data import head_of

    task, inputs = result.settings["task"], Feature.of(result.settings["input"])
    if result.best is None:
        raise SettingError(f"the run {result.run.name} has no best architecture yet: no trial has ended well")
    if shape is not None and Feature.parse(shape) != inputs:
        raise SettingError(f"the run {result.run.name} is of inputs {inputs}, not {Feature.parse(shape)}")
    if "head" not in result.settings:
        raise SettingError(f"the run {result.run.name} is of an objective, which has no head: export the text with --classes")
    architecture, head = result.best.architecture, head_of(result.settings["head"])
    if classes is not None:
        check_fit(Classification(classes), architecture.output, head.output(inputs), task)
    return architecture, head
