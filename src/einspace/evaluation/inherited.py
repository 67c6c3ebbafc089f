"""Inherited weights: a network starts with the weights that it shares with a parent's trained network, shrunken and perturbed.

The modules of both are aligned in the order of their derivations, and the overlapping slice of each tensor is taken over.
`benchmarks/inheritance.py` measures how well the scores of such trainings order architectures.
"""

import os
import re
from collections.abc import Mapping
from difflib import SequenceMatcher
from math import inf

from torch import Tensor, nn

from einspace.errors import ExportError
from einspace.networks.export.weights import read_state
from einspace.networks.raw import without_constants

SHRINK, FRESH = 0.4, 0.1
"""The part of an inherited weight that is left, and the part of a fresh one that is added."""

AS_THEY_ARE = ("norm", "batchnorm", "scan")
"""Modules whose tensors are copied without a change: statistics and factors of norms, and the memories of scans."""

State = Mapping[str, Tensor]


def halved(epochs: int) -> int:
    """The epochs of a training from inherited weights: half of those from fresh weights, rounded up.

    >>> halved(8), halved(3), halved(1)
    (4, 2, 1)
    """
    return (epochs + 1) // 2


def take_over(network: nn.Module, path: str | os.PathLike[str]) -> tuple[float, str]:
    """Start a network with the weights that it shares with those in a file.

    Returns:
        The share of its parameters that were taken over, from 0 to 1; and where that is 0, one line on why all of them are fresh.
    """
    try:
        parent = without_constants(read_state(path))
    except ExportError as error:
        return 0.0, f"trained from fresh weights: {error}"
    fresh = network.state_dict()
    state, taken = inherited(fresh, parent)
    names = {name for name, _ in network.named_parameters()}
    share = sum(taken.get(name, 0) for name in names) / max(1, sum(fresh[name].numel() for name in names))
    if not share:
        return 0.0, "trained from fresh weights: it shares none with its parent"
    network.load_state_dict(state)
    return share, ""


def inherited(fresh: State, parent: State) -> tuple[dict[str, Tensor], dict[str, int]]:
    """The state of a child, with the overlapping slices of the parent's tensors; and the number of these elements in each tensor."""
    mine, theirs = modules(fresh), modules(parent)
    found = {name: value.clone() for name, value in fresh.items()}
    taken: dict[str, int] = {}
    kinds = [[_kind(name, state) for name in names] for names, state in ((mine, fresh), (theirs, parent))]
    for block in SequenceMatcher(a=kinds[0], b=kinds[1], autojunk=False).get_matching_blocks():
        pairs = zip(list(mine)[block.a : block.a + block.size], list(theirs)[block.b : block.b + block.size], strict=True)
        for own, other in pairs:
            for part in mine[own]:
                taken[f"{own}.{part}"] = _take(found[f"{own}.{part}"], parent.get(f"{other}.{part}"), own)
    return found, taken


def modules(state: State) -> dict[str, list[str]]:
    """The modules that have weights, each with the names of its tensors, in the order of the derivation: files keep none.

    >>> import torch
    >>> modules(dict.fromkeys(("head.bias", "linear_12.bias", "linear_12.weight", "norm_3.weight"), torch.zeros(1)))
    {'norm_3': ['weight'], 'linear_12': ['bias', 'weight'], 'head': ['bias']}
    """
    found: dict[str, list[str]] = {}
    for name in state:
        module, _, part = name.rpartition(".")
        found.setdefault(module, []).append(part)
    return {module: sorted(found[module]) for module in sorted(found, key=_place)}


def _place(module: str) -> tuple[float, str]:
    """The number of a module's operation in the derivation; the head, which has none, comes last."""
    number = re.search(r"_(\d+)(?:\.|$)", module)
    return inf if number is None else float(number[1]), module


def _kind(module: str, state: State) -> tuple[str, tuple[int, ...]]:
    """The kind of a module, equal for two that may be aligned: the operation, and the size of the kernel."""
    weight = state.get(f"{module}.weight")
    return re.sub(r"_\d+(?=\.|$)", "", module), () if weight is None else tuple(weight.shape[2:])


def _take(own: Tensor, other: Tensor | None, module: str) -> int:
    """Take over the slice of a tensor that two modules share; returns its elements."""
    if other is None or own.ndim != other.ndim:
        return 0
    shared = tuple(slice(min(sizes)) for sizes in zip(own.shape, other.shape, strict=True))
    as_it_is = module.startswith(AS_THEY_ARE) or not own.is_floating_point()
    own[shared] = other[shared] if as_it_is else SHRINK * other[shared] + FRESH * own[shared]
    return own[shared].numel()
