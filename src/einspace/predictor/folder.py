"""Folder: a predictor on the disk, as safetensors and JSON with checksums. Nothing in it is executed when it is read."""

import hashlib
import json
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.numpy

from einspace.disk.drafts import draft_of
from einspace.disk.regular import read_json, read_whole
from einspace.errors import RunError
from einspace.networks.export.weights import weights
from einspace.networks.raw import RawNetwork
from einspace.predictor.about import About

RECORD, WEIGHTS, TENSORS = "predictor.json", "weights.safetensors", "preprocessing.safetensors"
"""The files of a predictor; the last one only where a mean is a field."""

FORMAT = 1
"""The format of the folder; a folder of another format is refused."""


def save(network: RawNetwork, about: About, target: Path) -> None:
    """Write a predictor's folder; see `Predictor.save`. All files are written before one takes its place, the record last."""
    files = {WEIGHTS: weights(network.flat_state(), _notes(about))}
    tensors = about.preprocessing.tensors()
    if tensors:
        files[TENSORS] = safetensors.numpy.save({name: np.ascontiguousarray(array) for name, array in tensors.items()})
    record = {"format": FORMAT, "about": about.to_json(), "sha256": {name: _sha256(data) for name, data in files.items()}}
    text = json.dumps({**record, "checksum": _checksum(record)}, indent=2) + "\n"
    files[RECORD] = text.encode()
    try:
        _check(target)
        target.mkdir(parents=True, exist_ok=True)
        with ExitStack() as drafts:  # the first is closed last, so the record is
            for name, data in reversed(files.items()):
                drafts.enter_context(draft_of(target / name)).write_bytes(data)
        if TENSORS not in files:
            (target / TENSORS).unlink(missing_ok=True)
    except OSError as error:
        raise RunError(f"the predictor cannot be written to {target}: {error.strerror}") from None


def _check(target: Path) -> None:
    """Raise RunError where something else than a predictor lies; without a record, its files or their drafts are left of a killed save."""
    if target.exists() and not target.is_dir():
        raise RunError(f"{target} is a file: a predictor is saved to a folder")
    ours = (RECORD, WEIGHTS, TENSORS)
    if target.is_dir() and not (target / RECORD).is_file() and not all(file.name.lstrip(".").startswith(ours) for file in target.iterdir()):
        raise RunError(f"the folder {target} holds other things: save the predictor to a new one")


def stored(folder: Path) -> tuple[dict[str, Any], dict[str, bytes]]:
    """The record of a predictor's folder and its other files by name, all held to their checksums; raises RunError where they differ."""
    record = _record(folder)
    names = [name for name in (WEIGHTS, TENSORS) if name in record["sha256"] or name == WEIGHTS]
    return record, {name: _file(folder, name, record["sha256"]) for name in names}


def _notes(about: About) -> dict[str, Any]:
    """The header of the weights, for those who load them elsewhere."""
    inputs = about.preprocessing.facts(about.feature)
    known = {"architecture": about.text, "head": str(about.head), "task": about.task, "classes": list(about.labels), "key": about.key}
    return {**known, "input": inputs}


def _record(folder: Path) -> dict[str, Any]:
    try:
        record = read_json(folder / RECORD)
    except (FileNotFoundError, NotADirectoryError):
        raise RunError(f"{folder} is not the folder of a predictor: it has no {RECORD}") from None
    except (OSError, ValueError) as error:
        raise RunError(f"{folder / RECORD} is damaged: {str(error).splitlines()[0]}") from None
    if not isinstance(record, dict) or not isinstance(record.get("sha256"), dict) or not isinstance(record.get("about"), dict):
        raise RunError(f"{folder / RECORD} is not the record of a predictor")
    if record.get("format") != FORMAT:
        raise RunError(f"{folder} is of the format {record.get('format')!r}, and this version reads {FORMAT}")
    checksum = record.pop("checksum", None)
    if checksum != _checksum(record):
        raise RunError(f"{folder / RECORD} is damaged or was changed: its checksum is another one")
    return record


def _file(folder: Path, name: str, known: dict[str, str]) -> bytes:
    try:
        data = read_whole(folder / name)
    except OSError as error:
        raise RunError(f"{folder / name} cannot be read: {error.strerror}") from None
    if _sha256(data) != known.get(name):
        raise RunError(f"{folder / name} is damaged or was exchanged: its checksum is another one than {RECORD} says")
    return data


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _checksum(record: dict[str, Any]) -> str:
    return _sha256(json.dumps(record, sort_keys=True).encode())
