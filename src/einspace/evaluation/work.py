"""Work: everything that a worker needs for its evaluations."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from einspace.evaluation.outcome import Context, Evaluation, Objective
from einspace.features import Feature
from einspace.grammar import Grammar
from einspace.space import EinSpace


@dataclass(frozen=True)
class Work:
    """An objective, and the space whose texts it evaluates.

    Args:
        objective: Function of a module, or an object of a module's class, so that it can be sent to a worker.
        input: Feature of one sample.
        grammar: Grammar of the texts, the paper's if None.
    """

    objective: Objective
    input: Feature
    grammar: Grammar | None = None

    def __call__(self, text: str, context: Context) -> Evaluation | float | Mapping[str, Any]:
        """Read the text and call the objective; raises what they raise."""
        return self.objective(EinSpace(self.input, grammar=self.grammar).parse(text), context)
