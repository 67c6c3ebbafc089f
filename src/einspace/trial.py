"""Trial: the one record of a run. The database stores it, strategies and callbacks get it, results list it, reports read it."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from math import isfinite
from typing import Annotated, Any, ClassVar, Self

from pydantic import AfterValidator, ConfigDict, SerializerFunctionWrapHandler, TypeAdapter, ValidationError, model_serializer
from pydantic_core import PydanticCustomError

from einspace.evaluation.outcome import INHERITED, RUNGS, Bounds, Evaluation, Outcome, settled
from einspace.quantities import decimal
from einspace.space import Architecture
from einspace.variation.changes import fitting

SEARCH, BASELINE, RACE, DECISION, FINAL = "search", "baseline", "race", "decision", "final"
"""Phases of a run: proposals of the strategy, baselines beside them, re-evaluations of the best, more of them of the best two, and
trainings for the test split."""

PHASES: Mapping[str, str] = {
    SEARCH: "search",
    BASELINE: "train baselines",
    RACE: "train the best again",
    DECISION: "train the finalists again",
    FINAL: "train for test",
}
"""The work of each phase, in words for people."""


class UnknownFieldError(ValueError):
    """A record with a field or a phase that this version does not know: a newer one may have written it, and to drop it would change it."""


@dataclass(frozen=True)
class Costs:
    """Figures of a backbone for one sample; None where they are not known."""

    parameters: int
    flops: int | None = None
    activation_bytes: int | None = None
    """Bytes that one forward pass writes."""
    operations: int | None = None


@dataclass(frozen=True)
class Prediction:
    """The prediction of a surrogate for a proposal before it was trained (see `einspace.surrogate`)."""

    percentile: float
    """The predicted place of the fitness among those that were known, from 0 for the worst to 1."""
    among: int = 1
    """Children among which the proposal was chosen by their predictions; 1 where the strategy proposed it by itself."""


INITIAL = "seed "
"""The first letters of the origin of an initial member."""


@dataclass(frozen=True)
class Proposal:
    """A candidate to train next: an architecture, its origin in a few words, and the numbers of the trials it descends from."""

    text: str
    """The text of the architecture."""
    key: str
    """The canonical key of the architecture."""
    costs: Costs
    """The costs of the backbone."""
    origin: str
    """Its origin in a few words, such as "seed resnet8"."""
    parents: tuple[int, ...] = ()
    """The numbers of the trials that it descends from."""
    place: tuple[int, ...] | None = None
    """Child positions from the root to the node of the first parent that was replaced; None where nothing was."""
    changes: Mapping[str, float] = field(default_factory=dict, hash=False)
    """Changes to recipe and head for this trial alone, such as `{"learning_rate_factor": 0.5, "grid": 2.0}`; see `tasks.changes`."""
    prediction: Prediction | None = None
    """The prediction of a surrogate; None where it predicted nothing."""
    move: str = ""
    """The kind of change that made it of its parents (see `strategies.moves`); empty for an initial member and a sample."""
    inherits: int | None = None
    """The number of the trial of the search with whose weights its training begins; None for fresh weights. The search decides it."""
    rungs: Bounds | None = None
    """The epochs at which it is scored early, and the fitness that it must reach there, None for any; None in a search without rungs. The
    search decides it."""

    @classmethod
    def of(
        cls,
        architecture: Architecture,
        origin: str,
        parents: tuple[int, ...] = (),
        place: tuple[int, ...] | None = None,
        changes: Mapping[str, float] | None = None,
        move: str = "",
    ) -> Self:
        """Propose an architecture, with changes that fit its output.

        Args:
            architecture: The architecture.
            origin: Its origin in a few words.
            parents: The numbers of the trials that it descends from.
            place: Child positions from the root to the node of the first parent that was replaced; None where nothing was.
            changes: Changes to recipe and head for this trial alone; those that do not fit the output of the architecture are left out.
            move: The kind of change that made it of its parents (see `strategies.moves`).
        """
        costs = Costs(architecture.parameters, architecture.flops, architecture.activation_bytes, architecture.terminals)
        fitted = fitting(changes or {}, architecture.output)
        return cls(str(architecture), architecture.key, costs, origin, parents, place, fitted, move=move)

    @cached_property
    def identity(self) -> str:
        """The canonical key with the changes to recipe and head, equal for two proposals that are trained alike from fresh weights."""
        if not self.changes:
            return self.key
        numbers = {name: float(value) if isinstance(value, int) else value for name, value in self.changes.items()}
        return self.key + json.dumps(numbers, sort_keys=True)  # 2 comes back from a database as 2.0

    @model_serializer(mode="wrap")
    def _written(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        found: dict[str, Any] = write(self)
        later = ("inherits", "rungs")  # fields of later versions, left out where empty, so that records stay as they were
        return {name: value for name, value in found.items() if value is not None or name not in later}

    @property
    def is_initial(self) -> bool:
        """True for an initial member of an evolving strategy."""
        return self.origin.startswith(INITIAL)

    @property
    def stem(self) -> str:
        """The stem of the file of its weights: the canonical key, and a hash of the changes where there are any."""
        return self.key + (f"-{hashlib.sha256(self.identity.encode()).hexdigest()[:8]}" if self.changes else "")


_PHASE = "unknown_phase"

_NEWER = (_PHASE, "unexpected_keyword_argument")
"""Kinds of pydantic's errors for a record that a newer version may have written."""


def _known(phase: str) -> str:
    if phase not in PHASES:
        raise PydanticCustomError(_PHASE, "there is no such phase")
    return phase


@dataclass(frozen=True)
class Trial:
    """One architecture of a run, from its proposal to its end. Immutable: an end makes another record of the same trial."""

    number: int
    """The number of trials of its phase that were begun before it."""
    proposal: Proposal
    """The architecture, and where it comes from."""
    phase: Annotated[str, AfterValidator(_known)] = SEARCH
    """The phase of the run, one of `PHASES`."""
    seed: int = 0
    """The seed, which decides the weights at the start and the order of the samples."""
    evaluation: Evaluation | None = None
    """The evaluation; None for a trial that runs, or whose driver ended before it."""
    fitness: float | None = None
    """The score, turned so that more is better; None unless the outcome is ok."""
    reused: int | None = None
    """The number of the trial of the same phase whose evaluation this is: both are trained alike."""
    proposing: float = 0.0
    """Seconds that the strategy took."""
    started: float = 0.0
    """The moment at which it began, in seconds since 1970."""
    ended: float | None = None
    """The moment at which it ended, in seconds since 1970; None for a trial that runs."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")  # for the records in it too

    @property
    def identity(self) -> str:
        """A text that is equal for two trials of a phase whose evaluations would be the same."""
        inherits = self.proposal.inherits
        return f"{self.seed}:{self.proposal.identity}" + ("" if inherits is None else f":{inherits}")

    @property
    def title(self) -> str:
        """Its title, such as `trial 7` of the search or `final 0`."""
        return f"{'trial' if self.phase == SEARCH else self.phase} {self.number}"

    @property
    def text(self) -> str:
        """The architecture's text; this property and the next ones are those of the proposal."""
        return self.proposal.text

    @property
    def key(self) -> str:  # noqa: D102
        return self.proposal.key

    @property
    def origin(self) -> str:  # noqa: D102
        return self.proposal.origin

    @property
    def parents(self) -> tuple[int, ...]:  # noqa: D102
        return self.proposal.parents

    @property
    def parameters(self) -> int:  # noqa: D102
        return self.proposal.costs.parameters

    @property
    def outcome(self) -> Outcome | None:
        """The outcome of the evaluation; None for a trial that has not ended."""
        return None if self.evaluation is None else self.evaluation.outcome

    @property
    def value(self) -> float | None:
        """The score in the units of the metric; None unless the outcome is ok."""
        return None if self.evaluation is None else self.evaluation.value

    @property
    def seconds(self) -> float:
        """Seconds of building, training and scoring; 0 where an evaluation was reused."""
        return 0.0 if self.evaluation is None or self.reused is not None else self.evaluation.seconds.total

    @property
    def inherited(self) -> bool:
        """True if the training began with weights of another trial, and so had half of the epochs."""
        return self.proposal.inherits is not None and self.evaluation is not None and INHERITED in self.evaluation.extra

    @cached_property
    def rungs(self) -> Mapping[int, float]:
        """Its scores at rungs, turned so that more is better, by the epochs; without those that were no number.

        Empty in a search without rungs, where an objective may call anything of its own so.
        """
        found = {} if self.evaluation is None or self.proposal.rungs is None else dict(self.evaluation.extra.get(RUNGS, ()))
        return {epoch: score for epoch, score in found.items() if score is not None}

    @property
    def stopped(self) -> int | None:
        """The rung that it was stopped at, in epochs; None if it was not stopped at one."""
        return len(self.losses) if self.outcome is Outcome.PRUNED and self.proposal.rungs else None

    @property
    def losses(self) -> tuple[float | None, ...]:
        """The mean training loss of each epoch."""
        return () if self.evaluation is None else self.evaluation.losses

    @property
    def reason(self) -> str:
        """One line on what went wrong."""
        return "" if self.evaluation is None else self.evaluation.reason

    @property
    def latency(self) -> float | None:
        """Seconds of the trained network for one sample, where it was measured."""
        return None if self.evaluation is None else self.evaluation.latency

    def cost(self, name: str) -> float | None:
        """A cost by its name: `parameters`, `flops` or `activation_bytes` of the backbone, or the measured `latency`."""
        return self.latency if name == "latency" else getattr(self.proposal.costs, name)

    def end(self, evaluation: Evaluation, sign: float, ended: float, reused: int | None = None) -> Self:
        """Give the record of the same trial with its evaluation.

        Args:
            evaluation: The evaluation.
            sign: 1, or -1 where lower scores are better.
            ended: The moment at which it ended, in seconds since 1970.
            reused: The number of the trial of the same phase whose evaluation this is; None for its own.
        """
        evaluation = settled(evaluation)
        kept = replace(
            evaluation,
            losses=tuple(map(_finite, evaluation.losses)),
            scores=tuple(map(_finite, evaluation.scores)),
        )
        fitness = None if kept.value is None else sign * kept.value
        return replace(self, evaluation=kept, fitness=fitness, reused=reused, ended=ended)

    def _repr_html_(self) -> str:
        """The HTML of a notebook: the derivation tree, with the subtree marked that the mutation replaced; a trial has no input."""
        from einspace.pictures import tree_html

        ended = "has not ended" if self.outcome is None else self.outcome.value
        score = "" if self.value is None else f", score {decimal(self.value)}"
        facts = f"Trial {self.number} ({self.origin}): {ended}{score}, {self.parameters:,} parameters"
        return tree_html(self.text, self.proposal.place, facts)

    def to_json(self) -> dict[str, Any]:
        """The record as JSON can hold it; what is not finite is null."""
        found: dict[str, Any] = _ADAPTER.dump_python(self, mode="json")
        return found

    @classmethod
    def from_json(cls, data: object) -> "Trial":
        """Read the record of a trial.

        Args:
            data: The object that `to_json` gave.

        Raises:
            ValueError: The object is not such a record.
            UnknownFieldError: The record is one of a newer version.
        """
        try:
            return _ADAPTER.validate_python(data)
        except ValidationError as error:
            raise misfit(error) from None


def misfit(error: ValidationError) -> ValueError:
    """The fault of a record, in one line: the first place that makes no sense, or else the first that this version does not know."""
    found = error.errors(include_url=False, include_context=False)
    newer = all(one["type"] in _NEWER for one in found)
    first = next(one for one in found if newer or one["type"] not in _NEWER)
    place = ".".join(map(str, first["loc"]))
    if not newer:
        return ValueError(f"{f'{place}: ' if place else ''}{first['msg']}")
    what = f"the phase {first['input']!r:.80}" if first["type"] == _PHASE else f"the field {place[:80]!r}"
    return UnknownFieldError(f"this version does not know {what} of a trial, which a newer one may have written")


def _finite(value: float | None) -> float | None:
    return value if value is not None and isfinite(value) else None


_ADAPTER = TypeAdapter(Trial)
