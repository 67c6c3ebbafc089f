"""The widths of the whole network or of a module, doubled or halved: one decision for people, a dozen linear layers for the grammar."""

from collections.abc import Iterator
from dataclasses import replace
from random import Random

from einspace.operations import Linear, Operation
from einspace.variation.child import Path
from einspace.variation.edits.groups import WidthGroup, width_groups
from einspace.variation.edits.site import Candidate, Site, common, exchanged

WHOLE = 0.75
"""The probability that the whole network is tried first."""


def widen(site: Site, rng: Random) -> Iterator[Candidate]:
    """The whole network or a module with all its widths doubled, in a random order; see `_scale`."""
    return _scale(site, rng, doubled=True)


def narrow(site: Site, rng: Random) -> Iterator[Candidate]:
    """The whole network or a module with all its widths halved, in a random order; see `_scale`."""
    return _scale(site, rng, doubled=False)


def doubled(site: Site) -> Candidate | None:
    """The whole network with all its widths doubled; None where the grammar has no such layers."""
    modules = _modules(width_groups(site.node, site.inputs))
    return _scaled_module(site, modules[0], True, "all ") if modules else None


def _scale(site: Site, rng: Random, doubled: bool) -> Iterator[Candidate]:
    """The whole network or a module with all its widths doubled or halved, in a random order.

    The widths of channels change, and those of pixels and tokens only in a part that has no others. A width stays where it must fit the
    input or, in a module, the network around it, and where the grammar has no linear layer of the other width.
    """
    modules = _modules(width_groups(site.node, site.inputs))
    order = rng.sample(range(len(modules)), len(modules))
    if order and rng.random() < WHOLE:
        order.remove(0)
        order.insert(0, 0)
    for i in order:
        if (candidate := _scaled_module(site, modules[i], doubled, "all " if i == 0 else "")) is not None:
            yield candidate


def _scaled_module(site: Site, module: list[WidthGroup], doubled: bool, which: str) -> Candidate | None:
    """The network with the groups of a module doubled or halved, those of them that can be; None where none can."""
    terminals = {path: layer for group in module for path, layer in _scaled(site, group, doubled).items()}
    return Candidate(*exchanged(site.node, terminals), f"{which}widths {'x' if doubled else '/'} 2") if terminals else None


def _modules(groups: list[WidthGroup]) -> list[list[WidthGroup]]:
    """The groups that lie inside of each module, the whole network first; modules with the same groups are one."""
    paths = [common(group.paths) for group in groups]
    found: dict[tuple[int, ...], list[WidthGroup]] = {}
    for module in sorted({path[:length] for path in paths for length in range(len(path) + 1)}):
        inside = [i for i, path in enumerate(paths) if path[: len(module)] == module]
        channels = [i for i in inside if groups[i].channels]
        found.setdefault(tuple(channels or inside), [groups[i] for i in channels or inside])
    return list(found.values())


def _scaled(site: Site, group: WidthGroup, doubled: bool) -> dict[Path, Operation]:
    """The other layers of a group, or none if the grammar lacks one of them."""
    found: dict[Path, Operation] = {}
    for path in group.paths:
        node = site.node.at(path)
        layer = node.terminal
        assert isinstance(layer, Linear)
        if layer.d % 2 and not doubled:
            return {}
        other = replace(layer, d=layer.d * 2 if doubled else layer.d // 2)
        if not site.derives(node.symbol, other):
            return {}
        found[path] = other
    return found
