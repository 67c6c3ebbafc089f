"""Weights on disk: a network's state as safetensors, all of it or nothing."""

import os
from pathlib import Path

from torch import nn

from einspace.drafts import draft_of
from einspace.evaluation.outcome import first_line


def keep_weights(network: nn.Module, path: str | os.PathLike[str], text: str) -> str:
    """Write the weights to `path`, with the architecture's text in the header; "" or one line that says why it could not be done.

    The file appears whole or not at all, in a folder that is made if need be.
    """
    from safetensors.torch import save_file

    target = Path(path)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        tensors = {name: tensor.detach().to("cpu", copy=True).contiguous() for name, tensor in network.state_dict().items()}
        with draft_of(target) as draft:
            save_file(tensors, draft, {"text": text})
    except Exception as error:  # noqa: BLE001 - a full disk has many faces, and none of them is worth a score
        return f"the weights were not kept: {first_line(error)}"
    return ""
