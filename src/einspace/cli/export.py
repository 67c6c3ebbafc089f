"""Networks for use elsewhere: `export`."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from einspace.cli.options import (
    AsJson,
    Modules,
    OfBaseline,
    OfTrial,
    Runs,
    Seed,
    Storage,
    What,
    import_modules,
    parse_shape,
    read_named,
    read_run,
    taken,
)
from einspace.cli.output import out, print_json, waiting
from einspace.cli.overdue import HOUR, limited
from einspace.errors import ExportError, LimitError, RunError, SettingError, UnknownNameError
from einspace.features import Feature

if TYPE_CHECKING:
    from einspace.networks import Head
    from einspace.networks.export import Exported
    from einspace.predictor import Trained
    from einspace.result import Result

Formats = Annotated[
    list[str], typer.Option("--format", help="Format to write: source, torch, onnx or safetensors; may be given several times.")
]
Output = Annotated[
    Path,
    typer.Option(
        "-o", "--output", metavar="FILE|FOLDER", help="File to write, whole or not at all; a folder where there are several formats."
    ),
]


@limited("export the network", HOUR)
def export(
    what: What,
    formats: Formats,
    output: Output,
    shape: Annotated[
        str | None,
        typer.Option(
            "--shape", help="Input without the batch axis, C,H,W or S,D; if not given, 3,32,32 for a TEXT and the task's input for a run."
        ),
    ] = None,
    classes: Annotated[
        int | None,
        typer.Option("--classes", help="Number of classes of the head; if not given, the backbone alone for a TEXT and the head of a run."),
    ] = None,
    trial: OfTrial = None,
    baseline: OfBaseline = None,
    weights: Annotated[Path | None, typer.Option("--weights", metavar="FILE", help="Safetensors file of the network's weights.")] = None,
    seed: Seed = 0,
    optimize: Annotated[
        bool, typer.Option("--optimize/--plain", help="Write the simplified and fused network, or every operation as derived.")
    ] = True,
    normalised: Annotated[
        bool, typer.Option("--normalised-input", help="Leave the normalisation out: the network takes normalised samples.")
    ] = False,
    untrained: Annotated[
        bool, typer.Option("--untrained", help="Write a network of a run with fresh weights where the run holds no trained ones.")
    ] = False,
    modules: Modules = [],  # noqa: B006 - how typer takes an option that may be given several times
    runs: Runs = "runs",
    storage: Storage = None,
    as_json: AsJson = False,
) -> None:
    """Write a network as standalone source, a torch.export program, an ONNX model or weights.

    The network of a run takes raw samples, not normalised, as (C, H, W) or (S, D), even if your data had the channels last.
    The model card beside it names the axes.
    """
    from einspace.evaluation.room import lacking
    from einspace.networks import Classification
    from einspace.networks.export import FORMATS, export_file
    from einspace.networks.export.export import BATCHES

    import_modules(modules)
    for format in formats:
        if format not in FORMATS:
            raise UnknownNameError("format", format, FORMATS)
    targets = _targets(output, list(dict.fromkeys(formats)))
    if weights is not None and list(targets) == ["source"]:
        raise SettingError("a source file holds no weights: write them with the format safetensors, and load them into its Network")
    result = read_run(what, runs, storage)
    options: dict[str, Any] = {}
    found = None
    if result is None:
        if trial is not None or baseline is not None or normalised or untrained:
            raise SettingError(f"--trial, --baseline, --untrained and --normalised-input are for a run, which {what!r} is not")
        architecture = read_named(what, parse_shape(shape or "3,32,32"), runs)
        head: Head | None = None if classes is None else Classification(classes)
    else:
        from einspace.predictor.trained import check_raw

        found = _found(result, trial, baseline, shape, classes)
        architecture, head = found.architecture, found.head
        weights = found.weights if weights is None else weights
        around = None if normalised else check_raw(found, result.run.name).around
        if weights is None and not untrained and list(targets) != ["source"]:
            unkept = found.unkept(result.run.name)
            raise RunError(f"{unkept}; --untrained writes fresh ones, and the format source needs none")
        options = {"around": around, "facts": found.described(around is not None, weights is not None)}
        _check_card(list(targets.values()))
    lacks = lacking(architecture, max(BATCHES), "export", head)
    if lacks:
        raise LimitError(f"out-of-memory: {lacks}")
    written = []
    for format, path in targets.items():
        with waiting(f"writing {path}"):
            taken = None if format == "source" else weights
            written.append(export_file(architecture, path, format, head=head, weights_from=taken, seed=seed, optimize=optimize, **options))
    fresh = weights is None and list(targets) != ["source"]
    card = None if result is None or found is None else _card(result, found, written, not normalised, weights is None)
    if as_json:
        figures = [{**asdict(file), "path": str(file.path)} for file in written]
        report = {"architecture": str(architecture), "key": architecture.key, "fresh_weights": fresh}
        report |= {} if card is None else {"card": str(card)}
        print_json({**figures[0], **report} if len(figures) == 1 else {"files": figures, **report})
        return
    for file in written:
        line = f"{file.path}: {file.format}, {file.bytes:,} bytes, {file.parameters:,} parameters"
        out.print(line, highlight=False, soft_wrap=True)
    if card is not None:
        out.print(f"{card}: what the network is for, its scores, and how it is loaded", highlight=False, soft_wrap=True)
    if fresh:
        told = f"The weights are freshly initialised, with seed {seed}: --weights takes trained ones"
        out.print(f"{told}, and a search with --keep-weights keeps its own.", soft_wrap=True)


def _targets(output: Path, formats: list[str]) -> dict[str, Path]:
    """The file of each format: `output` itself, or files in it where there are several formats."""
    from einspace.networks.export import SUFFIXES

    if len(formats) == 1:
        return {formats[0]: output}
    if output.exists() and not output.is_dir():
        raise ExportError(f"cannot write {output}: several formats go into a folder, and this is a file")
    try:
        output.mkdir(exist_ok=True)
    except OSError as error:
        raise ExportError(f"cannot write {output}: {error.strerror}") from None
    return {format: output / f"network{SUFFIXES[format]}" for format in formats}


def _check_card(files: list[Path]) -> None:
    """Raise ExportError, before any work, where the model card or its picture would replace a file of the user's or another file's card."""
    from einspace.networks.export import SUFFIXES
    from einspace.reporting.card import is_card, places

    card, picture = places(files)
    if not is_card(card) or (picture.exists() and not card.exists()):
        taken = card if card.exists() else picture
        raise ExportError(f"cannot write {taken}: it belongs to no model card of this program; move it, or export into another folder")
    others = {card.with_name(f"network{suffix}") for suffix in SUFFIXES.values()} - set(files) if len(files) > 1 else set()
    if card.exists() and (kept := sorted(path.name for path in others if path.exists())):
        raise ExportError(f"cannot write {card}: it is the card of {' and '.join(kept)} too, which stays; export into another folder")


def _card(result: "Result", found: "Trained", files: "list[Exported]", raw: bool, fresh: bool) -> Path:
    from einspace.networks.export.files import write_file
    from einspace.pictures import network_svg
    from einspace.reporting.card import card, places

    path, drawing = places([file.path for file in files])
    picture: Path | None = drawing
    try:
        write_file(drawing, network_svg(found.architecture).encode())
    except LimitError:  # it is nested too deep to be drawn
        picture = None
    write_file(path, card(result, found, files, raw, fresh, picture).encode())
    return path


def _found(result: "Result", trial: int | None, baseline: str | None, shape: str | None, classes: int | None) -> "Trained":
    """An architecture of a run with its head; a shape and a number of classes that are given must agree with it."""
    from einspace.networks import Classification, check_fit

    found = result.trained(*taken(result, trial, baseline))
    inputs = found.architecture.input
    if shape is not None and Feature.parse(shape) != inputs:
        raise SettingError(f"the run {result.run.name} has inputs of {inputs}, not {Feature.parse(shape)}")
    if classes is not None:
        check_fit(Classification(classes), found.architecture.output, found.head.output(inputs), result.settings["task"])
    return found
