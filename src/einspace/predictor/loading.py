"""Loading: a predictor from its folder, or from the weights of a network."""

import os
from pathlib import Path

import safetensors.numpy
import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import nn

from einspace.errors import DAMAGE, EinspaceError, NetworkError, RunError, in_one_line
from einspace.memory import is_memory_error
from einspace.networks import build
from einspace.networks.emit import parameters_of
from einspace.networks.raw import without_constants
from einspace.networks.state import fill_state
from einspace.predictor.about import About
from einspace.predictor.folder import TENSORS, WEIGHTS, stored
from einspace.predictor.predictor import Predictor
from einspace.space import EinSpace


def load_predictor(folder: str | os.PathLike[str]) -> Predictor:
    """Read a predictor from the folder that `Predictor.save` wrote; nothing in it is executed.

    Raises RunError for a folder that is not a predictor's, for a file that is damaged or was exchanged, and where the module of the user's
    own operations or head was not imported yet.
    """
    target = Path(folder)
    record, data = stored(target)
    try:
        tensors = safetensors.numpy.load(data[TENSORS]) if TENSORS in data else {}
        about = About.from_json(record["about"], tensors)
        return made(about, safetensors.torch.load(data[WEIGHTS]))
    except (*DAMAGE, EinspaceError, SafetensorError, MemoryError, RuntimeError) as error:
        if isinstance(error, RuntimeError) and not is_memory_error(error):
            raise
        reason = f"it lacks {error}" if isinstance(error, KeyError) else in_one_line(error)
        raise RunError(f"the folder {target} is not a predictor that can be used here: {reason}") from None


def made(about: About, state: dict[str, torch.Tensor]) -> Predictor:
    """The predictor of some weights, with or without the constants of a normalisation; raises what checking, parsing and filling raise."""
    architecture = EinSpace(about.feature, grammar=about.grammar).parse(about.text)
    needed, have = parameters_of(architecture, about.head), sum(value.numel() for value in state.values())
    if needed > have:  # a text of a few letters may ask for any memory, and a head for as many names of classes
        raise NetworkError(f"the weights are of another architecture: {have:,} numbers in place of {needed:,} parameters")
    about.check()
    network: nn.Module = build(architecture, about.head)
    fill_state(network, without_constants(state))
    return Predictor(about.preprocessing.around(network), about)
