"""Warm starts: weights of the user's own with which the trainings of an architecture begin, in place of fresh ones."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from torch import Tensor, nn

from einspace.networks import Head, Imported
from einspace.networks.emit import HEAD
from einspace.networks.state import fill_state
from einspace.space import Architecture


@dataclass(frozen=True)
class WarmStarts:
    """State dicts of networks as `build` makes them, by the text of their architecture, each with the head's weights or without."""

    states: Mapping[str, Mapping[str, Tensor]] = field(default_factory=dict)

    @classmethod
    def of(cls, given: Iterable[object], head: Head) -> Self:
        """The weights of the imported networks among initial members that are to keep them.

        The weights of a module's own head are kept where the task's head is the same; else the task's head starts afresh.
        """
        states = {}
        for imported in given:
            if isinstance(imported, Imported) and imported.warm_start:
                state = imported.network().state_dict()
                whole = imported.head == head
                own = {name: value.detach().to("cpu", copy=True) for name, value in state.items()}
                states[str(imported.architecture)] = {n: value for n, value in own.items() if whole or not n.startswith(f"{HEAD}.")}
        return cls(states)

    def fill(self, architecture: Architecture, network: nn.Module) -> None:
        """Give a network with fresh weights those of its architecture, if there are any; raises NetworkError where they do not fit.

        A head whose weights have other shapes, because a trial changes its grid, starts afresh.
        """
        state = self.states.get(str(architecture))
        if state is not None:
            fresh = {name: value for name, value in network.state_dict().items() if name.startswith(f"{HEAD}.")}
            kept = all(name not in state or state[name].shape == value.shape for name, value in fresh.items())
            fill_state(network, {**fresh, **(state if kept else {n: value for n, value in state.items() if n not in fresh})})

    def said(self) -> dict[str, Any]:
        """The record of them in a run's settings: a hash of the weights of each text; nothing where there are none."""
        return {"warm_start": {text: _hash(state) for text, state in self.states.items()}} if self.states else {}


def _hash(state: Mapping[str, Tensor]) -> str:
    digest = hashlib.sha256()
    for name, value in sorted(state.items()):
        digest.update(f"{name}{tuple(value.shape)}".encode())
        digest.update(value.contiguous().numpy().tobytes())
    return digest.hexdigest()[:16]
