"""Features: a proposal as numbers by name, all of them by arithmetic: no network is built, and nothing is trained.

Zero-cost measures, such as the gradients of the first batch, are left out: they would need the network, the data and a worker.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from math import log, log1p, nan

from einspace.space import Architecture
from einspace.surrogate.structure import Structures
from einspace.trial import INITIAL, Proposal, Trial

KEPT = 20_000
"""Architectures, and changes of them, whose features are kept."""

LARGEST = 10**30
"""The largest count: without limits, a short derivation stands for more operations than a number of the forest can say."""

Row = dict[str, float | str]
"""Features by name; a word stands for a category. A count that is missing is 0."""


class Features:
    """The features of proposals.

    Args:
        read: Gives the architecture of a text of the search's space.
        standing: The values of recipe and head that a proposal has without a change, by name.
    """

    def __init__(self, read: Callable[[str], Architecture], standing: Mapping[str, float]) -> None:
        self._read, self._standing, self._structures = read, dict(standing), Structures()
        self._of_text = lru_cache(KEPT)(self._architecture)
        self._of_change = lru_cache(KEPT)(self._change)

    def of(self, proposal: Proposal, history: Sequence[Trial]) -> Row:
        """The features of a proposal whose parents are trials of the history."""
        parent = history[proposal.parents[0]] if proposal.parents else None
        row: Row = {**self._of_text(proposal.text), **_costs(proposal)}
        row |= {f"change {name}": value for name, value in {**self._standing, **proposal.changes}.items()}
        row |= {"origin": _kind(proposal.origin), "parents": len(proposal.parents)}
        score = nan if parent is None or parent.fitness is None else parent.fitness
        inherited = parent is not None and parent.inherited
        row["score of the parent"], row["score of the parent that inherited"] = (nan, score) if inherited else (score, nan)
        if parent is not None and proposal.place is not None:
            row |= self._of_change(proposal.text, parent.text, proposal.place)
        return row

    def _architecture(self, text: str) -> dict[str, float]:
        """The features that follow from an architecture alone."""
        architecture = self._read(text)
        found = self._structures.of(architecture.node)
        terminals = architecture.terminals
        row: dict[str, float] = {f"number {name}": min(count, LARGEST) for name, count in found.total.items()}
        for word, counts in (("least", found.least), ("most", found.most), ("reads", found.readers), ("makes", found.makers)):
            row |= {f"{word} {name}": min(count, LARGEST) for name, count in counts.items()}
        sizes = {"terminals": terminals, "non-terminals": architecture.nonterminals, "depth": architecture.depth}
        sizes |= {"shortest path": found.shortest, "longest path": found.longest}
        row |= {name: min(size, LARGEST) for name, size in sizes.items()} | {"paths": log(found.paths)}
        row["edges of an operation"] = (terminals + found.forks) / terminals  # the mean in-degree, and the mean out-degree
        shape = architecture.output.shape
        return row | {f"output axis {axis}": float(size) for axis, size in enumerate(shape)} | {"output axes": float(len(shape))}

    def _change(self, text: str, parent: str, path: tuple[int, ...]) -> dict[str, float]:
        """Where the parent was changed, and how large the parts are that were replaced and put in.

        The edit distance itself costs more than all other features together where a large part is replaced.
        """
        before, after = (self._read(each).node.at(path).size for each in (parent, text))
        return {"depth of the place": len(path), "nodes replaced": before, "nodes put in": after, "nodes more": after - before}


def _costs(proposal: Proposal) -> dict[str, float]:
    costs = proposal.costs
    known = {"parameters": costs.parameters, "FLOPs": costs.flops, "activation bytes": costs.activation_bytes}
    return {name: nan if value is None else log1p(value) for name, value in known.items()}


def _kind(origin: str) -> str:
    """The kind of change in a proposal's origin, without its numbers.

    >>> _kind("all widths x 2"), _kind("seed resnet8"), _kind("mutation, recipe")
    ('all widths x', 'seed', 'mutation recipe')
    """
    if origin.startswith(INITIAL):
        return "seed"
    return " ".join(word for word in origin.replace(",", " ").split() if word.replace("-", "").isalpha())
