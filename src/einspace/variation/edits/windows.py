"""Kernels and strides, changed in place: an im2col, or another operation with settings k, s and p, becomes another one of the grammar."""

from collections.abc import Iterator
from contextlib import suppress
from random import Random
from typing import NamedTuple

from einspace.derivation import Derivation
from einspace.errors import ShapeError
from einspace.features import Feature
from einspace.operations import Operation
from einspace.variation.child import Path
from einspace.variation.edits.site import Candidate, Site, exchanged, paths


class _Window(NamedTuple):
    """An operation that cuts windows: the path and the symbol of its node, its kernel and its stride."""

    path: Path
    symbol: str
    operation: Operation
    k: int
    s: int


def change_kernel(site: Site, rng: Random) -> Iterator[Candidate]:
    """Another kernel at the same stride that keeps the shape, or patches of another size, in a random order."""
    found: list[tuple[Path, Operation, str]] = []
    for window in _windows(site.node):
        reaching = site.reaching(window.path)
        for option in _others(site, window):
            if option.k != window.k and option.s == window.s:
                with suppress(ShapeError):
                    if _rows(option.operation.infer(reaching)[0]) == _rows(window.operation.infer(reaching)[0]):
                        found.append((window.path, option.operation, f"kernel {window.k} to {option.k}"))
            elif option.k == option.s != 1 and window.k == window.s != 1:
                found.append((window.path, option.operation, f"patches {window.k} to {option.k}"))
    for path, operation, words in rng.sample(found, len(found)):
        yield Candidate(*exchanged(site.node, {path: operation}), words)


def change_stride(site: Site, rng: Random) -> Iterator[Candidate]:
    """Another stride at the same kernel, in a random order.

    A window changes alone or with those of the other branches, so that a residual block and its shortcut stay alike: the first window of
    each branch gets a stride, or all windows of a branching module lose theirs.
    """
    windows = _windows(site.node)
    strides = {window.path: [other for other in _others(site, window) if other.k == window.k] for window in windows}
    found = [({window.path: other}, window.s) for window in windows for other in strides[window.path]]
    for path, node in paths(site.node):
        if node.branching is None:
            continue
        inside = [window for window in windows if window.path[: len(path)] == path]
        without = _without_strides(site, inside)
        found.append((without, max((window.s for window in inside if window.path in without), default=1)))
        first = {window.path[len(path)]: window for window in reversed(inside)}
        strided = [other for window in first.values() for other in strides[window.path][:1] if other.s > window.s]
        if len(strided) == len(node.children) - 2:
            found.append(({window.path: window for window in strided}, 1))
    for changed, before in rng.sample(found, len(found)):
        if changed:
            after = max(window.s for window in changed.values())
            terminals = {path: window.operation for path, window in changed.items()}
            yield Candidate(*exchanged(site.node, terminals), f"stride {before} to {after}")


def without_strides(site: Site, node: Derivation) -> Derivation:
    """A derivation whose windows have a stride of 1 wherever the grammar has such a window with the same kernel."""
    changed = _without_strides(site, _windows(node))
    return exchanged(node, {path: window.operation for path, window in changed.items()})[0] if changed else node


def _without_strides(site: Site, windows: list[_Window]) -> dict[Path, _Window]:
    return {w.path: other for w in windows if w.s > 1 for other in _others(site, w) if (other.k, other.s) == (w.k, 1)}


def _windows(root: Derivation) -> list[_Window]:
    """All operations that cut windows, from left to right."""
    found = (None if node.terminal is None else _window(path, node.symbol, node.terminal) for path, node in paths(root))
    return [window for window in found if window is not None]


def _window(path: Path, symbol: str, operation: Operation) -> _Window | None:
    settings = dict(operation.settings)
    k, s = settings.get("k"), settings.get("s")
    return _Window(path, symbol, operation, k, s) if isinstance(k, int) and isinstance(s, int) and "p" in settings else None


def _others(site: Site, window: _Window) -> list[_Window]:
    """The other windows that the grammar has in the same place."""
    options = (_window(window.path, window.symbol, option) for option in site.options(window.symbol, window.operation))
    return [option for option in options if option is not None]


def _rows(feature: Feature) -> tuple[tuple[int, ...], tuple[int, int] | None]:
    """The number of windows that were cut, and their grid."""
    return feature.shape[:-1], feature.grid
