"""Predictions of a trained network for new data: `predict`."""

import csv
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from einspace.cli.options import AsJson, Modules, OfBaseline, OfTrial, Runs, Storage, import_modules, read_run, run_names, taken
from einspace.cli.output import err, out, print_json, progress, waiting
from einspace.cli.overdue import limited
from einspace.disk.drafts import draft_of
from einspace.echo import escaped
from einspace.errors import EinspaceError, SettingError
from einspace.memory import bounded

if TYPE_CHECKING:
    from einspace.predictor import Predictor
    from einspace.predictor.samples import Samples

What = Annotated[str, typer.Argument(metavar="RUN|FOLDER", help="A run's name or folder, or the folder of a saved predictor.")]
New = Annotated[str, typer.Argument(metavar="DATA", help="A folder or a file of images, a table, or a .npz or .npy file.")]


@limited("predict", None)
def predict(
    what: What,
    data: New,
    output: Annotated[Path, typer.Option("-o", "--output", metavar="FILE", help="File to write: .csv, or .npy for predictions of pixels.")],
    trial: OfTrial = None,
    baseline: OfBaseline = None,
    probabilities: Annotated[bool, typer.Option("--probabilities", help="Write the probability of each class too.")] = False,
    split: Annotated[
        str | None, typer.Option("--split", help="Split to predict, of a file that holds several: train, valid or test.")
    ] = None,
    batch_size: Annotated[int, typer.Option("--batch-size", min=1, help="Number of samples that are in memory at a time.")] = 256,
    device: Annotated[str, typer.Option("--device", help="Device that the network runs on, such as cuda:0.")] = "cpu",
    modules: Modules = [],  # noqa: B006 - how typer takes an option that may be given several times
    runs: Runs = "runs",
    storage: Storage = None,
    as_json: AsJson = False,
) -> None:
    """Predict labels or numbers for new data with a trained network."""
    from einspace.reading.targets import OF_PIXELS

    import_modules(modules)
    predictor = _predictor(what, trial, baseline, runs, storage).to(device)
    pixels = predictor.about.kind in OF_PIXELS
    suffix = ".npy" if pixels else ".csv"
    if output.suffix.lower() != suffix:
        raise SettingError(f"predictions of the kind {predictor.about.kind} are written to a {suffix} file, not to {output}")
    if probabilities and (pixels or predictor.about.kind == "regression"):
        raise SettingError(f"--probabilities are of classes and labels, not of {predictor.about.kind}")
    if output.exists() and os.path.exists(data) and os.path.samefile(output, data):
        raise SettingError(f"{output} holds the samples: write the predictions to another file")
    with waiting(f"looking at {data}"), bounded(f"read {escaped(str(data), keep='')}"):
        samples = predictor.samples(data, split)
    try:
        with draft_of(output) as draft:
            (_pixels if pixels else _table)(predictor, samples, draft, batch_size, probabilities)
    except OSError as error:
        raise EinspaceError(f"cannot write {output}: {error.strerror}") from None
    if as_json:
        about = predictor.about
        print_json({"file": str(output), "samples": samples.count, "kind": about.kind, "task": about.task, "key": about.key})
        return
    out.print(f"{output}: {samples.count:,} predictions by {predictor!r}", markup=False, highlight=False, soft_wrap=True)


def _predictor(what: str, trial: int | None, baseline: str | None, runs: str, storage: str | None) -> "Predictor":
    """A saved predictor, or that of a run."""
    from einspace.predictor import load_predictor
    from einspace.predictor.folder import RECORD

    if (Path(what) / RECORD).is_file():
        for option, value in (("trial", trial), ("baseline", baseline), ("storage", storage)):
            if value is not None:
                raise SettingError(f"--{option} is for runs, and {what} is one saved predictor")
        return load_predictor(what)
    result = read_run(what, runs, storage)
    if result is None:
        found = ", ".join(run_names(runs)) or "none"
        raise SettingError(f"{what} is neither a run nor the folder of a predictor; the runs in {runs} are: {found}")
    trial, baseline = taken(result, trial, baseline)
    return result.predictor(trial, baseline=baseline)


def _table(predictor: "Predictor", samples: "Samples", file: Path, batch_size: int, probabilities: bool) -> None:
    """A row for each sample: its name or number, the prediction, and the chances."""
    from einspace.predictor.outputs import chances, decided

    about = predictor.about
    names = [str(name) for name in about.classes] if about.kind in ("classification", "multi-label") else []
    several = names if about.kind == "multi-label" else [f"prediction {number}" for number in range(about.outputs)]
    single = about.kind == "classification" or about.outputs == 1
    head = ["sample", *(["prediction"] if single else several), *(f"p({name})" for name in names if probabilities)]
    with file.open("w", newline="", encoding="utf-8", errors="backslashreplace") as stream, progress() as bar:
        line, rows, number = bar.add_task("predicting", total=samples.count, best=""), csv.writer(stream), 0
        rows.writerow(head)
        for outputs in predictor.outputs(samples, batch_size):
            predictions = decided(outputs, about).reshape(len(outputs), -1).tolist()
            shares: list[list[Any]] = chances(outputs, about).tolist() if probabilities else [[]] * len(outputs)
            for row, share in zip(predictions, shares, strict=True):
                rows.writerow([number if samples.names is None else samples.names[number], *row, *share])
                number += 1
            bar.update(line, completed=number)


def _pixels(predictor: "Predictor", samples: "Samples", file: Path, batch_size: int, _: bool) -> None:
    """One array of all predictions, written batch by batch, in the order of the samples."""
    import numpy as np

    from einspace.predictor.outputs import decided

    array, number = None, 0
    with progress() as bar:
        line = bar.add_task("predicting", total=samples.count, best="")
        for outputs in predictor.outputs(samples, batch_size):
            found = decided(outputs, predictor.about)
            if array is None:
                array = np.lib.format.open_memmap(file, "w+", found.dtype, (samples.count, *found.shape[1:]))
            array[number : number + len(found)] = found
            number += len(found)
            bar.update(line, completed=number)
    if array is not None:
        array.flush()
    if samples.names is not None:
        err.print("the predictions are in the order of the files by name", markup=False, highlight=False)
