"""Start: the initial members of a search and the limits of its trials, from its protocol, its options and its run's settings."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil, inf
from typing import Any

from einspace import strategies
from einspace.config.protocol import OURS, PAPER, Protocol
from einspace.errors import SettingError
from einspace.evaluation.cost_model import ACCELERATED, PRIOR
from einspace.features import Feature
from einspace.grammar import COMPUTATION_PROBABILITY, GRAMMARS, PAPER_GRAMMAR, named_grammar, usual_grammar
from einspace.phases.finals import MARGIN, longer_in_the_end
from einspace.phases.race import SHARE, more_samples
from einspace.quantities import duration
from einspace.racing.contest import ENOUGH
from einspace.space import EinSpace
from einspace.strategies import Strategy
from einspace.strategies.affordable import Affordable, Training
from einspace.strategies.initial import RANDOM, member
from einspace.study.small_baselines import SmallBaselines, Step
from einspace.tasks import Recipe, Task
from einspace.tasks.changes import ADAMW, choices, ours
from einspace.tasks.options import WIDE

TIME_LIMIT = 3600.0
"""Seconds that one trial may take, where neither a limit nor a budget of time says otherwise."""

LATE = 3.0
"""The time limit, as a multiple of what a trial may be predicted to take: a prediction is off by more in one trial of a hundred or two."""

GROWTH, LARGEST = 4.0, 0.2
"""Bounds of a trial's predicted time: a multiple of the largest initial member's, and a part of the search's own time."""

ROOM = 0.6
"""The part of a budget of time in which the race and the final training of a trial are predicted to fit; more is kept for them."""

REEVALUATED = 5
"""The smallest comparison, in trainings of the candidate: three pairs with a baseline that takes two thirds as long."""

UNSURE = 1.5
"""The bound for a baseline that is an initial member, as a multiple of that part: nothing is measured by then."""

SHORTEST = 4
"""Epochs may be divided by so much, where a budget is too short for the small baselines."""

LEAST_LIMIT = 10.0
"""Seconds of a derived time limit, at least: the first trial of a worker waits for PyTorch."""

LEAST_SHARE = 0.15
"""The part of a budget of time that an initial member gets, at least, before it is given up: without it, nothing can be compared.

The predictions of others follow from trials that have been measured by then."""

LEAST = 1.0
"""Seconds that a trial may take, at least, however short a budget is."""

UNKNOWN = 10.0
"""Seconds that a trial may take, as predicted before anything is measured, where no small baseline takes the input."""

_LOG = logging.getLogger("einspace")


@dataclass(frozen=True)
class Call:
    """The arguments of a search, and the settings that its run has stored.

    Args:
        strategy: By name, or as an object, which has its options and its initial members already.
        space: Its limits are those that were given, or the default ones.
        trained: The task and its recipe; None for an objective of the user's, whose trials take what nobody can predict.
        initial: Initial members, None where none were given.
        options: Those of the strategy, each None where it was not given.
        trials: How many, None where only time bounds the search.
        seconds: The budget of time, or None.
        workers: Evaluations at a time.
        time_limit: Seconds of a trial, or None.
        protocol: Its name, or None.
        stored: The settings of a run that is continued, which stand in the place of defaults; None for a new one.
        final_seeds: Of the final trainings; 0 for none.
        warm: Whether initial members bring weights, which are of the head as the task has it: recipe and head then start as they are.
        accelerated: Whether the trainings are on devices that compute faster than a CPU.
        step: Measures a training; None where trials are not trained on the CPU of this machine.
    """

    strategy: str | Strategy
    space: EinSpace
    trained: tuple[Task, Recipe] | None
    initial: tuple[str, ...] | None
    options: Mapping[str, Any]
    trials: int | None
    seconds: float | None
    workers: int
    time_limit: float | None
    protocol: str | None
    stored: Mapping[str, Any] | None
    final_seeds: int = 1
    warm: bool = False
    accelerated: bool = False
    step: Step | None = None


@dataclass(frozen=True)
class Start:
    """The decisions that follow from a call.

    Args:
        protocol: Where the defaults are from.
        initial: Initial members.
        options: Those of the strategy, None for a default of its own.
        affordable: Proposes what fits; None where a trial may take whatever the limits allow.
        time_limit: Seconds of a trial.
        beside: Baselines that are compared, beside the initial members.
        left_out: Why other baselines are not, by their names.
        changes: Of recipe and head, with which baselines and initial members start.
    """

    protocol: Protocol
    initial: tuple[str, ...]
    options: Mapping[str, Any]
    affordable: Affordable | None
    time_limit: float
    beside: tuple[str, ...]
    left_out: Mapping[str, str]
    changes: Mapping[str, float]

    @classmethod
    def of(cls, call: Call) -> "Start":
        """Decide what was not given; raises UnknownNameError, SettingError, and what a wrong initial member raises."""
        if call.time_limit is not None and not (isinstance(call.time_limit, int | float) and call.time_limit > 0):
            raise SettingError(f"time_limit must be a number over 0, or None, not {call.time_limit!r}")
        protocol = Protocol.of(protocol_of(call.protocol, call.stored), call.trials, call.workers, call.options.get("population"))
        options = _options(call, protocol)
        changes: Mapping[str, float] = options.get("start") or {}
        initial = tuple((call.stored or {}).get("init", ())) if call.initial is None else call.initial
        if call.trained is None or protocol.multiple is None:
            beside = call.trained[0].baselines if call.trained is not None and set(initial) <= {RANDOM} else ()
            return cls(protocol, initial, options, None, call.time_limit or TIME_LIMIT, beside, {}, changes)
        task, recipe = call.trained
        known = SmallBaselines.of(task, call.space, _training(task, recipe, call))
        known = known if call.seconds is None or call.step is None else known.at_pace(call.step, changes, call.seconds)
        more = more_samples(task)
        most = _most(call.seconds, call.workers, call.final_seeds, protocol, longer_in_the_end(task, recipe), more)
        if call.seconds is not None and call.stored is None and "start" in options:
            options["start"] = changes = _in_time(changes, task, known, most)
        wide = _for_long_pairs(call.seconds, call.workers, recipe, more)
        usual = inf if call.seconds is None else call.seconds * protocol.share / protocol.least_trials
        known = known.with_wide(min(wide, usual, UNSURE * most), changes, call.space.limits)
        if call.initial is None and call.stored is None and "population" in _taken(call.strategy):
            seeds = known.within(min(known.largest(changes), UNSURE * most), changes, call.space.limits)
            initial = (*seeds, *(RANDOM,) * (protocol.samples if seeds else protocol.population // 2))
        members = [member(call.space, name) for name in initial if name != RANDOM]
        named = max((known.training.seconds(architecture, changes) for architecture in members), default=0.0)
        fits = _fits(call, protocol, named, known.largest(changes), most)
        if known.is_wide:  # a pair with that baseline fits at final epochs; children of the slowest member fit in any case
            fits = min(fits, max(named, 2 * wide - known.seconds(WIDE, changes)))
        fits = min(max(fits, known.training.of_limits(call.space.limits)), call.time_limit or inf)
        limit = call.time_limit or (
            TIME_LIMIT if call.seconds is None else min(call.seconds, max(LEAST_LIMIT, LATE * fits, LEAST_SHARE * call.seconds))
        )
        others = known.compared(task, initial)
        left_out = {} if call.seconds is None else known.left_out(others, changes, limit, by_time=call.time_limit is None)
        first = inf if call.seconds is None else named or inf
        latest = inf if call.seconds is None or call.time_limit is not None else min(limit, max(LEAST_LIMIT, LATE * fits))
        affordable = Affordable(known.training, fits, call.seconds is not None, first, latest)
        beside = tuple(name for name in others if name not in left_out)
        return cls(protocol, initial, options, affordable, limit, beside, left_out, changes)


def protocol_of(given: str | None, stored: Mapping[str, Any] | None) -> str:
    """The name of a search's protocol, from what was given and its run's settings; runs from before there were several had the paper's."""
    return given or (OURS if stored is None else str(stored.get("protocol", PAPER)))


def grammar_for(inputs: Feature, protocol: str, stored: Mapping[str, Any] | None = None, probability: float | None = None) -> str:
    """The default grammar of a search, by name.

    It is that of sequences for series, and the paper's for images and by the paper's protocol. A run that is continued keeps the grammar
    that its settings `stored`, at the `probability` of a computation.

    >>> grammar_for(Feature((24, 6)), "einspace"), grammar_for(Feature((24, 6)), "paper"), grammar_for(Feature((3, 8, 8)), "einspace")
    ('sequences', 'paper', 'paper')
    """
    p, before = COMPUTATION_PROBABILITY if probability is None else probability, (stored or {}).get("grammar")
    for name in GRAMMARS if before is not None else ():
        if named_grammar(name, p).fingerprint == before:
            return name
    return PAPER_GRAMMAR if protocol == PAPER else usual_grammar(inputs)


def _taken(strategy: str | Strategy) -> tuple[str, ...]:
    """The options whose defaults a protocol decides: those of a strategy of einspace's; the user's own have their defaults."""
    return strategies.options(strategy) if isinstance(strategy, str) and strategy in strategies.STRATEGIES else ()


def _of_the_task(call: Call, protocol: Protocol) -> dict[str, Any]:
    """The options of an evolving strategy that follow from the task: what changes in recipe and head, and how they start."""
    if call.trained is None:  # an objective has neither a recipe nor a head
        return {"recipe_changes": 0.0}
    task, recipe = call.trained
    found: dict[str, Any] = {}
    if protocol.name != PAPER and not call.warm:
        start = ours(recipe, task.head, task.input, len(task.train))
        found["start"] = {name: value for name, value in start.items() if not _is_given(recipe, task.recipe, name)}
    if protocol.recipe_changes or call.options.get("recipe_changes"):
        found["choices"] = choices(recipe, task.head, task.input, len(task.train))
    return found


def _is_given(recipe: Recipe, usual: Recipe, change: str) -> bool:
    """Whether the user has another value of the recipe in the place of a change's than the task has, which then stays."""
    field = "optimizer" if change == ADAMW else change
    return getattr(recipe, field, None) != getattr(usual, field, None)


def _options(call: Call, protocol: Protocol) -> dict[str, Any]:
    """The options of the strategy: as given, else as its run has them, else as the protocol and the task say."""
    taken = _taken(call.strategy)
    defaults = protocol.options | _of_the_task(call, protocol) if call.stored is None else {name: call.stored.get(name) for name in taken}
    given = {name: call.options.get(name) for name in (*call.options, *defaults) if name in call.options or name in taken}
    return {name: defaults.get(name) if value is None and name in taken else value for name, value in given.items()}


def _fits(call: Call, protocol: Protocol, named: float, small: float, most: float) -> float:
    """The seconds that a proposal may be predicted to take, from those of the slowest initial member and of the slowest small baseline."""
    if call.seconds is None:
        return (protocol.multiple or 0.0) * max(small, named) or UNKNOWN
    return max(LEAST, call.seconds * protocol.share / protocol.least_trials, named, min(GROWTH * named, most))


def _most(seconds: float | None, workers: int, final_seeds: int, protocol: Protocol, longer: float, more: float) -> float:
    """The seconds of a trial that leave room for trials beside it, and, in what is kept for them, for its race and its final training."""
    if seconds is None:
        return inf
    final = MARGIN * longer * max(1.0, final_seeds / workers) if final_seeds else 0.0
    race = MARGIN * REEVALUATED * more / workers
    return min(LARGEST * protocol.share * seconds, ROOM * seconds / (final + race), SHARE * seconds / race)


def _for_long_pairs(seconds: float | None, workers: int, recipe: Recipe, more: float) -> float:
    """The mean seconds that two networks may take in the search, so that a decision of `ENOUGH` pairs of them at final epochs fits."""
    pairs = 2 * ENOUGH * MARGIN * more * recipe.epochs_final / recipe.epochs_search
    return inf if seconds is None else SHARE * seconds * workers / pairs


def _in_time(changes: Mapping[str, float], task: Task, known: SmallBaselines, most: float) -> dict[str, float]:
    """The starting changes in which the small baselines are predicted to take at most so many seconds, if there are any.

    Batches get larger, up to the recipe's, until one of the baselines fits: a slow one does not decide for the others. Then epochs get
    fewer until all of them fit, but for those that the user has changed.
    """
    training, small = known.training, known.small_ones()
    found, recipe = dict(changes), training.recipe
    while small and "batch_size" in found and min(training.seconds(architecture, found) for architecture in small) > most:
        batch = 2 * found.pop("batch_size")
        if batch < recipe.batch_size:
            found["batch_size"] = batch
    slowest = max((training.seconds(architecture, found) for architecture in small), default=0.0)
    before = recipe.epochs_search, recipe.epochs_final
    fewer = max(ceil(before[0] / SHORTEST), int(before[0] * most / slowest)) if slowest > most else before[0]
    if fewer < before[0] and before == (task.recipe.epochs_search, task.recipe.epochs_final):
        found |= {"epochs_search": fewer, "epochs_final": max(fewer, round(before[1] * fewer / before[0]))}
        _LOG.warning(
            "trainings have %d epochs in the search and %d in the end, in place of %d and %d: a small baseline is predicted to take %s, "
            "and the budget has %s for a trial; a longer budget keeps all of them, and epochs that you set stay",
            *(found["epochs_search"], found["epochs_final"], *before, duration(slowest), duration(most)),
        )
    return found


def _training(task: Task, recipe: Recipe, call: Call) -> Training:
    """The training of a trial: a strategy whose trials are final ones trains for longer, and on more samples."""
    strategy = call.strategy
    prior = ACCELERATED if call.accelerated and call.seconds is not None else PRIOR  # without a budget, the same seed is the same search
    final = strategy.final if isinstance(strategy, Strategy) else strategies.class_of(strategy).final
    if final:
        return Training(recipe.override(epochs_search=recipe.epochs_final), len(task.train) + len(task.valid), len(task.test), prior)
    return Training(recipe, len(task.train), len(task.valid), prior)
