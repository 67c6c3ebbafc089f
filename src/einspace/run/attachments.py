"""Attachments: the files of a run's folder, beside `run.json`, that are needed to build its networks again for raw samples."""

import json
from pathlib import Path

from safetensors import SafetensorError
from safetensors.numpy import load, save_file

from einspace.disk.drafts import draft_of, write_text
from einspace.disk.regular import read_json, read_whole
from einspace.errors import RunError, TaskError
from einspace.grammar import Grammar, grammar_data, grammar_of
from einspace.run.settings import Settings
from einspace.tasks.preprocessing import Preprocessing

GRAMMAR = "grammar.json"
"""The file that holds a grammar of the user's."""

PREPROCESSING = "preprocessing.safetensors"
"""The file that holds the numbers of a normalisation that are too many for `run.json`."""


def attach(run: Path, preprocessing: Preprocessing | None, grammar: Grammar | None) -> None:
    """Write a preprocessing and a grammar into the folder of a run; raises RunError where it cannot be written."""
    try:
        if grammar is not None:
            write_text(run / GRAMMAR, json.dumps(grammar_data(grammar)) + "\n")
        if preprocessing is not None and preprocessing.tensors():
            with draft_of(run / PREPROCESSING) as draft:
                save_file(preprocessing.tensors(), draft)
    except OSError as error:
        raise RunError(f"{run} cannot be written: {error.strerror}") from None


def grammar_of_run(run: Path, settings: Settings) -> Grammar | None:
    """The grammar that a run was given, None for the paper's; raises RunError for one that is damaged or another one.

    GrammarError where its operations are not defined here.
    """
    path = run / GRAMMAR
    try:
        data = read_json(path)
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise RunError(f"{path} cannot be read: {error}") from None
    grammar = grammar_of(data)
    if grammar.fingerprint != settings.get("grammar"):
        raise RunError(f"{path} holds another grammar than the run was started with")
    return grammar


def modules_of_run(run: Path) -> list[str]:
    """The modules that define the user's own operations in the grammar of a run; none where there is no grammar that can be read."""
    try:
        places = read_json(run / GRAMMAR)["operations"].values()
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return []
    return sorted({module for place in places if (module := str(place).partition(":")[0]).partition(".")[0] != "einspace"})


def preprocessing_of_run(run: Path, settings: Settings) -> Preprocessing | None:
    """The preprocessing between raw data and a network of a run; None for a run that was made before this was kept.

    Raises RunError where it is damaged.
    """
    if "preprocessing" not in settings:
        return None
    path = run / PREPROCESSING
    try:
        return Preprocessing.from_json(settings["preprocessing"], load(read_whole(path)) if path.exists() else {})
    except (OSError, SafetensorError, TaskError) as error:
        raise RunError(f"{path} cannot be used: {error}") from None
