"""Affordable: a trial is proposed only if it is predicted to fit into the time that one trial may take."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from math import inf
from random import Random
from statistics import median

from einspace.evaluation.cost_model import PRIOR, RECENT, CostModel, Load, Measured
from einspace.evaluation.outcome import Outcome
from einspace.limits import Limits
from einspace.quantities import duration
from einspace.space import Architecture
from einspace.strategies.base import History, Strategy
from einspace.tasks import Recipe
from einspace.tasks.changes import recipe_of
from einspace.trial import Costs, Proposal, Trial

LATEST = 20
"""Trials whose predicted seconds say what a trial typically takes."""

TRIES = 20
"""Proposals that a strategy is asked for until one fits."""

REFIT = 5
"""Trials after which the cost model is fitted again."""

ENDED = {Outcome.OK: True, Outcome.TIMEOUT: False, Outcome.NAN: False, Outcome.PRUNED: False}
"""Outcomes whose seconds say what a trial costs: all of it, or a part."""


@dataclass(frozen=True)
class Training:
    """The properties that all trainings of a search share: the recipe, the samples of an epoch, and the samples that are scored."""

    recipe: Recipe
    samples: int
    scored: int
    prior: tuple[float, ...] = PRIOR
    """Rates of the cost model before anything is measured."""

    def load(self, costs: Costs, changes: Mapping[str, float]) -> Load | None:
        """The computation that a trial needs, with its changes to the recipe; None for a trial whose costs were not stored."""
        if costs.operations is None or costs.flops is None or costs.activation_bytes is None:
            return None
        sizes = (costs.operations, costs.flops, costs.activation_bytes)
        recipe = recipe_of(self.recipe, changes)
        return Load(*sizes, self.samples, recipe.epochs_search, recipe.batch_size, self.scored)

    def seconds(self, architecture: Architecture, changes: Mapping[str, float]) -> float:
        """The seconds that it is predicted to take before anything is measured."""
        load = self.load(Proposal.of(architecture, "").costs, changes)
        return 0.0 if load is None else CostModel(self.prior).seconds(load)

    def step(self, architecture: Architecture, changes: Mapping[str, float]) -> float:
        """The same for one of its steps."""
        load = self.load(Proposal.of(architecture, "").costs, changes)
        return 0.0 if load is None else CostModel(self.prior).seconds(load) / load.steps

    def at_pace(self, steps: Iterable[tuple[Architecture, Mapping[str, float], float]]) -> "Training":
        """The same on a machine on which a step of these architectures, with their changes, takes so many seconds."""
        measured = []
        for architecture, changes, seconds in steps:
            load = self.load(Proposal.of(architecture, "").costs, changes)
            if load is not None:
                measured.append(Measured(replace(load, scored=0), self.prior[0] + load.steps * seconds))
        return replace(self, prior=CostModel.fit(measured, self.prior).rates)

    def measured(self, trials: Iterable[Trial]) -> list[Measured]:
        """The seconds of the latest trials that were evaluated, in their order, from all, the latest first."""
        return list(islice(self.ended(trials), RECENT))[::-1]

    def ended(self, trials: Iterable[Trial]) -> Iterator[Measured]:
        """The seconds of those trials that were evaluated, and that had an outcome which says what they cost."""
        known = (self._measured(trial) for trial in trials if trial.outcome in ENDED and trial.seconds > 0)
        return (found for found in known if found is not None)

    def _measured(self, trial: Trial) -> Measured | None:
        load = self.load(trial.proposal.costs, trial.proposal.changes)
        if load is None or trial.outcome is None:
            return None
        if trial.inherited or trial.stopped:
            load = replace(load, epochs=len(trial.losses))
        return Measured(load, trial.seconds, ENDED[trial.outcome] or trial.stopped is not None)

    def of_limits(self, limits: Limits) -> float:
        """The seconds that a trial as large as the limits that are not the default ones is predicted to take; 0 if all are."""
        default, nothing = Limits(), Load(0, 0, 0, self.samples, self.recipe.epochs_search, self.recipe.batch_size, self.scored)
        found = 0.0
        for name in ("operations", "flops", "activation_bytes"):
            limit = getattr(limits, name)
            if limit != getattr(default, name):
                found = max(found, inf if limit is None else CostModel(self.prior).seconds(replace(nothing, **{name: limit})))
        return found


@dataclass
class Affordable:
    """Asks a strategy for a proposal that is predicted to take at most `seconds`.

    Where `learns` is False, the prediction is `CostModel`'s before anything is measured, so that the same seed proposes the same on any
    machine. Otherwise it is fitted to the trials of the history, again after every `REFIT`.
    """

    training: Training
    seconds: float
    learns: bool
    first: float = inf
    """Seconds that an initial member may be predicted to take: a random one is there for variety, and need not be the largest."""
    latest: float = inf
    """Seconds after which a trial is given up that is no initial member."""
    _fitted: tuple[tuple[Measured, ...], CostModel] | None = field(default=None, init=False)

    def model(self, history: History) -> CostModel:
        """The cost model that predicts the next proposal."""
        if not self.learns:
            return CostModel(self.training.prior)
        known = history[: len(history) // REFIT * REFIT]
        measured = tuple(self.training.measured(reversed(known)))
        if self._fitted is None or measured != self._fitted[0]:
            self._fitted = measured, CostModel.fit(measured, self.training.prior)
        return self._fitted[1]

    def typical(self, history: History) -> float:
        """The seconds that the median of the latest trials is predicted to take; infinite where there are none."""
        model = self.model(history)
        loads = [each.load for each in islice(self.training.ended(reversed(history)), LATEST)]
        return median(map(model.seconds, loads)) if loads else inf

    def propose(self, strategy: Strategy, history: History, rng: Random, left: float = inf) -> Proposal | None:
        """The first of at most `TRIES` proposals that fits, into `left` seconds too, else the cheapest; None where the strategy waits."""
        model = self.model(history)
        cheapest: tuple[float, Proposal] | None = None
        for _ in range(TRIES):
            proposal = strategy.propose(history, rng)
            if proposal is None:
                return None
            load = self.training.load(proposal.costs, proposal.changes)
            seconds = 0.0 if load is None else model.seconds(load)
            most = min(self.seconds, left, self.first if proposal.is_initial else inf)
            if seconds <= most or (proposal.is_initial and cheapest is not None and proposal == cheapest[1]):  # it comes every time
                return proposal
            cheapest = (seconds, proposal) if cheapest is None or seconds < cheapest[0] else cheapest
            strategy.refuse(proposal, f"a training is predicted to take {duration(seconds)}, and has {duration(most)}")
        return None if cheapest is None else cheapest[1]
