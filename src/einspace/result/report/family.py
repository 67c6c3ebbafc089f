"""Family: the ancestors of the best architecture, and the subtree that each mutation or edit replaced."""

import json
from dataclasses import dataclass
from functools import cached_property

from einspace.derivation import Derivation, parse, text
from einspace.errors import NotationError
from einspace.grammar import WIDEST_GRAMMAR, named_grammar
from einspace.result.result import Result
from einspace.trial import Trial

LONGEST = 160
"""Characters of a subtree's text that are shown."""

AROUND = 24
"""Characters before the first difference that are shown of two long subtrees."""


@dataclass(frozen=True)
class Step:
    """An ancestor of the best architecture, or this architecture itself."""

    trial: Trial
    parent: Trial | None
    """The first parent, None where there is none."""

    @property
    def gain(self) -> float | None:
        """The fitness above that of the first parent; None without a parent, or where one of the two has no score."""
        if self.parent is None or self.trial.fitness is None or self.parent.fitness is None:
            return None
        return self.trial.fitness - self.parent.fitness

    @cached_property
    def before(self) -> str:
        """The subtree of the first parent that was replaced, a long one from its first difference on; empty where none was."""
        return _shown(*self._replaced)

    @cached_property
    def after(self) -> str:
        """The subtree that replaced it, from the same character on."""
        return _shown(*reversed(self._replaced))

    @cached_property
    def _replaced(self) -> tuple[str, str]:
        """Both subtrees in full."""
        place = self.trial.proposal.place
        return ("", "") if self.parent is None else (_at(self.parent, place), _at(self.trial, place))

    @property
    def recipe(self) -> str:
        """The changes of recipe and head, where they are not the first parent's."""
        changes = self.trial.proposal.changes
        return "" if self.parent is None or changes == self.parent.proposal.changes else json.dumps(dict(changes))


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
    return [
        Step(trial, next((by_number[number] for number in trial.parents if number in by_number), None))
        for _, trial in sorted(found.items())
    ]


def _at(trial: Trial | None, path: tuple[int, ...] | None) -> str:
    """The text of a subtree; empty where there is none, for a text of another grammar, and for a path that is not in it."""
    if trial is None or path is None:
        return ""
    try:
        node: Derivation = parse(trial.text, named_grammar(WIDEST_GRAMMAR)).at(path)
    except (NotationError, IndexError, AttributeError):
        return ""
    return text(node)


def _shown(said: str, other: str) -> str:
    """A text, of a long one the part from its first difference to another text.

    >>> _shown("relu", "norm"), _shown("[" + 200 * "relu " + "norm]", "[" + 200 * "relu " + "identity]")
    ('relu', '… relu relu relu relu norm]')
    """
    if len(said) <= LONGEST:
        return said
    same = next((i for i, (one, two) in enumerate(zip(said, other, strict=False)) if one != two), min(len(said), len(other)))
    start = max(0, same - AROUND)
    start = max(start, said.find(" ", start, same)) if start else 0
    part = said[start : start + LONGEST - 1]
    return ("…" if start else "") + part + ("…" if start + len(part) < len(said) else "")
