"""Prepare: the data sets that can be built, their sources, and the one function that builds them."""

from collections.abc import Callable
from pathlib import Path

from einspace.builders.building import Built, OnWritten, Plan, Sizes, build, check_target
from einspace.builders.chesseract import chesseract
from einspace.builders.cifartile import cifartile
from einspace.builders.darcyflow import darcyflow, no_source
from einspace.builders.gutenberg import gutenberg
from einspace.builders.language import language
from einspace.builders.spherical import spherical
from einspace.builders.stacked import addnist, multnist
from einspace.errors import DataError, SettingError, UnknownNameError
from einspace.quantities import check_whole
from einspace.tasks import TASKS

BUILDERS: dict[str, Callable[[Path, int, Sizes], Plan] | None] = {
    "addnist": addnist,
    "language": language,
    "multnist": multnist,
    "cifartile": cifartile,
    "gutenberg": gutenberg,
    "chesseract": chesseract,
    "spherical": spherical,
    "darcyflow": None,
}
"""The function from a source, a seed and the sizes of every task that can be built; None for one that needs no source.

What the source is, and the sizes of the paper, stand in the task's entry.
"""


def target_of(name: str, data: Path | None = None) -> Path:
    """The folder that a data set is built into; raises UnknownNameError for one that cannot be built."""
    if name not in BUILDERS:
        raise UnknownNameError("data set to build", name, BUILDERS)
    return TASKS[name].folder(data)


def plan(name: str, source: Path | None, seed: int = 0, sizes: Sizes | None = None, resolution: int | None = None) -> Plan:
    """Read the source and plan the files; `resolution` is Darcy Flow's.

    Raises UnknownNameError, SettingError for senseless options and DataError for a source that is missing or of another kind.
    """
    if name not in BUILDERS:
        raise UnknownNameError("data set to build", name, BUILDERS)
    check_whole("a seed", seed, 0)
    builder, entry = BUILDERS[name], TASKS[name]
    sizes = sizes or Sizes(*entry.sizes)
    if builder is None:
        no_source(source)
        return darcyflow(seed, sizes) if resolution is None else darcyflow(seed, sizes, resolution)
    if resolution is not None:
        raise SettingError(f"a resolution is Darcy Flow's, {name} has none")
    if source is None:
        raise DataError(f"{name} is built from {entry.built_from}: --from says where that is")
    if not source.exists():
        raise DataError(f"there is no {source}: {name} is built from {entry.built_from}")
    return builder(source, seed, sizes)


def prepare(
    name: str,
    source: Path | None = None,
    data: Path | None = None,
    *,
    seed: int = 0,
    sizes: Sizes | None = None,
    resolution: int | None = None,
    force: bool = False,
    on_written: OnWritten = lambda count: None,
) -> Built:
    """Build one data set into the folder of its name below `data` (`$EINSPACE_DATA`, or data); same seed, same bytes.

    The folder is there whole or not at all. Raises as `plan` does, and DataError for a target that exists, without `force`, and for a disk
    that is full.
    """
    target = target_of(name, data)
    check_target(target, force)
    return build(name, target, plan(name, source, seed, sizes, resolution), seed, on_written)
