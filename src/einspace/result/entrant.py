"""Entrant: one of the networks that are compared at the end of a search, with its scores."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from einspace.grammar import Grammar
from einspace.space import Architecture, EinSpace
from einspace.tasks.metrics import Seeds, over_seeds
from einspace.trial import DECISION, RACE, Proposal, Trial


@dataclass(frozen=True)
class Entrant:
    """The best of a search, or a baseline: its score on validation, and the final trainings that scored it on test."""

    name: str
    """Its name in tables, such as "trial 12" or "resnet8"."""
    proposal: Proposal | None
    """The architecture; None for a baseline that does not exist at the input."""
    input: tuple[int, ...]
    """The shape of a sample, (C, H, W) or (S, D)."""
    trial: int | None
    """The number of its trial, if it was one of the search."""
    validation: float | None
    """The score of its trial in the search, which is biased upwards for the best of many."""
    finals: tuple[Trial | None, ...]
    """The final training from each seed; None for one that has not ended."""
    why: str = ""
    """The reason why there is no score, if that is known."""
    race: tuple[float | None, ...] = ()
    """The scores of its re-evaluations for the epochs of the search, by partition; None for one that failed or was not begun."""
    decision: tuple[float | None, ...] = ()
    """The scores of its re-evaluations in the decision, as in `race`."""
    grammar: Callable[[], Grammar | None] = field(default=lambda: None, compare=False, repr=False)
    """A function that reads the grammar of the run; it gives None for the paper's."""

    @property
    def text(self) -> str:
        """The architecture's text; empty where there is none."""
        return "" if self.proposal is None else self.proposal.text

    @property
    def key(self) -> str:
        """The canonical key; empty where there is no architecture."""
        return "" if self.proposal is None else self.proposal.key

    @property
    def parameters(self) -> int | None:
        """The parameters of the backbone; None where there is no architecture."""
        return None if self.proposal is None else self.proposal.costs.parameters

    @property
    def architecture(self) -> Architecture:
        """The architecture, in the grammar of the run.

        Raises:
            GrammarError: The module of the grammar's operations was not imported yet.
            RunError: The stored grammar is damaged.
        """
        return EinSpace(self.input, grammar=self.grammar()).parse(self.text)

    @property
    def tests(self) -> tuple[float | None, ...]:
        """The score on test from each seed."""
        return tuple(None if final is None else final.value for final in self.finals)

    @property
    def trained_again(self) -> bool:
        """Whether a re-evaluation of it has a score."""
        return any(score is not None for score in (*self.race, *self.decision))

    @property
    def reevaluated(self) -> float | None:
        """The mean of its last round of re-evaluations, the decision if it was in it and else the race; None where one has no score.

        Two networks may have it from trainings of different lengths: only their `means` of one round can be compared.
        """
        return self.means[DECISION if self.decision else RACE]

    @property
    def means(self) -> dict[str, float | None]:
        """The means of its re-evaluations by round, "race" and "decision"; None where it was not in it, or one has no score."""
        return {RACE: over_seeds(self.race).mean, DECISION: over_seeds(self.decision).mean}

    @cached_property
    def over_seeds(self) -> Seeds:
        """Mean and deviation on test; one seed without a score takes the mean away."""
        return over_seeds(self.tests)

    @property
    def test(self) -> float | None:
        """The score on test, over several seeds their mean."""
        return self.over_seeds.mean

    @property
    def reason(self) -> str:
        """The reason of a missing score, and other remarks on the final trainings; empty where all went well."""
        return self.why or next((final.reason for final in self.finals if final is not None and final.reason), "")

    def to_json(self) -> dict[str, Any]:
        """The figures, without those that say nothing."""
        figures: dict[str, Any] = {"name": self.name, "architecture": self.text, "key": self.key, "trial": self.trial}
        figures |= {"parameters": self.parameters, "validation": self.validation, "test": self.test}
        figures |= {"finals": self.tests}
        if self.race or self.decision:
            figures |= {"reevaluated": self.reevaluated, "race": self.race, "decision": self.decision}
        if len(self.finals) > 1:
            figures |= {"tests": self.tests, "test_deviation": self.over_seeds.deviation}
        changes = {} if self.proposal is None else dict(self.proposal.changes)
        return figures | ({"changes": changes} if changes else {}) | ({"reason": self.reason} if self.reason else {})


def rounds_of(rows: Iterable[Entrant]) -> list[str]:
    """The rounds of re-evaluations, "race" before "decision", of which one of these networks has a mean."""
    means = [row.means for row in rows]
    return [name for name in (RACE, DECISION) if any(found[name] is not None for found in means)]
