"""Imported: the user's networks among the initial members of a search, their names, and the warnings about them."""

import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

from einspace import baselines
from einspace.errors import GrammarError, NetworkError, SettingError, ShapeError
from einspace.evaluation.warm import WarmStarts
from einspace.networks import Imported
from einspace.space import EinSpace
from einspace.strategies.initial import RANDOM, member
from einspace.tasks import Task

_LOG = logging.getLogger("einspace")


def named(imported: Sequence[Imported]) -> dict[str, str]:
    """The name of each in tables, by the text of its architecture: the class of its module, numbered where several have the same class."""
    names: dict[str, str] = {}
    for spec in imported:
        same = sum(name.split(" ")[0] == spec.name for name in names.values())
        name = names.setdefault(str(spec.architecture), f"{spec.name} {same + 1}" if same else spec.name)
        for note in spec.notes:
            _LOG.warning("%s is not equal to the architecture that was read from it, but close: %s", name, note)
    return names


def same_as_warm(
    space: EinSpace, imported: Sequence[Imported], initial: Sequence[str], beside: Sequence[str], names: Mapping[str, str]
) -> dict[str, str]:
    """Reasons, by name, why baselines are not compared: a network of the same architecture starts from weights of the user's own.

    Two trials of one architecture count as trained alike, so that the score of one would stand for the other. Raises SettingError where
    initial members are one architecture, and one of them keeps its weights.
    """
    warm = {spec.architecture.key: names[str(spec.architecture)] for spec in imported if spec.warm_start}
    if not warm:
        return {}
    texts = {str(spec.architecture) for spec in imported}
    keys = [spec.architecture.key for spec in imported]
    keys += [member(space, name).key for name in initial if name != RANDOM and name not in texts]
    for key, name in warm.items():
        if keys.count(key) > 1:
            raise SettingError(
                f"{name} starts from weights of your own, and another initial member is the same architecture: the search trains each "
                "architecture once, so leave out one of the two"
            )
    found = {}
    for name in beside:
        with suppress(NetworkError, ShapeError, GrammarError):  # one that is not at this input or in this grammar is like none
            if (other := warm.get(baselines.within(space, name).key)) is not None:
                found[name] = f"it is the architecture of {other}, which starts from weights of your own"
    return found


def kept_apart(task: Task, warm: WarmStarts, names: Mapping[str, str]) -> Task:
    """The task, whose train and valid are not drawn anew where networks start from weights of their own.

    These weights may have seen train: in a new partition, samples of it would be in valid.
    """
    if not warm.states:
        return task
    _LOG.warning(
        "%s starts from weights that were trained before, so its scores are fair only on samples that this training did not see: "
        "valid=(x, y) and test=(x, y) give such samples, and the race draws no others",
        " and ".join(names[text] for text in warm.states),
    )
    return replace(task, one_pool=False, remade=None)
