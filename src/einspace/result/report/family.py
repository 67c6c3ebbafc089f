"""Family: the ancestors of the best architecture, and what each mutation or edit replaced."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from einspace.derivation import Node, parse, text
from einspace.errors import NotationError
from einspace.grammar import einspace_grammar
from einspace.result.result import Result
from einspace.trial import Trial

LONGEST = 160
"""Characters of a subtree's text."""


@dataclass(frozen=True)
class Step:
    """One ancestor, or the best itself."""

    trial: Trial
    gain: float | None
    """How much better than its first parent it is; None where it has none, or one of them has no score."""
    before: str = ""
    """The subtree of the first parent that was replaced."""
    after: str = ""
    """The subtree in its place."""
    recipe: str = ""
    """The changes of recipe and head, where they are not the first parent's."""


def family(result: Result) -> list[Step]:
    """The ancestors of the best, oldest first and itself last; alone where it has no parents, and empty where there is no best."""
    by_number = {trial.number: trial for trial in result.history}
    best = None if result.best is None or result.best.trial is None else by_number.get(result.best.trial)
    found: dict[int, Trial] = {}
    waiting = [] if best is None else [best]
    while waiting:
        trial = waiting.pop()
        if trial.number not in found:
            found[trial.number] = trial
            waiting.extend(by_number[parent] for parent in trial.parents if parent in by_number)
    return [_step(trial, [by_number[parent] for parent in trial.parents if parent in by_number]) for _, trial in sorted(found.items())]


def _step(trial: Trial, parents: Sequence[Trial]) -> Step:
    parent = parents[0] if parents else None
    if parent is None:
        return Step(trial, None)
    gain = None if trial.fitness is None or parent.fitness is None else trial.fitness - parent.fitness
    place = trial.proposal.place
    before, after = ("", "") if place is None else (_at(parent, place), _at(trial, place))
    changes = trial.proposal.changes
    return Step(trial, gain, before, after, "" if changes == parent.proposal.changes else json.dumps(dict(changes)))


def _at(trial: Trial, place: tuple[int, ...]) -> str:
    """The text of a subtree; empty for a text of another grammar, or a place that is not in it."""
    try:
        node: Node = parse(trial.text, einspace_grammar()).at(place)
    except (NotationError, IndexError, AttributeError):
        return ""
    said = text(node)
    return said if len(said) <= LONGEST else said[: LONGEST - 1] + "…"
