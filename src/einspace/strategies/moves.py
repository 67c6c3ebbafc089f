"""Moves: the kinds of change that make a child of its parent, drawn by how often each has made a child that is better."""

from collections import Counter
from collections.abc import Callable, Mapping
from itertools import islice
from random import Random

from einspace.strategies.base import History
from einspace.trial import Trial
from einspace.variation import EDITS

MUTATION, RECIPE, CROSSOVER = "mutation", "recipe", "crossover"
"""The moves beside the kinds of edits."""

PRIOR_GAINS, PRIOR_TRIES = 1.0, 4.0
"""Better children, and children, that each move is taken to have had before the search."""

RECENT = 200
"""The trials that are counted: what pays at the start of a search need not pay later."""

LEAST, MOST = 0.1, 2.0
"""The bounds of what a move's share is multiplied by: where a move gives nothing that fits, another one must be drawn soon."""


def shares(edits: float, recipe_changes: float) -> dict[str, float]:
    """The share of the children that each move has before anything is known, from the options of a strategy.

    >>> {move: round(share, 2) for move, share in shares(0.7, 0.3).items() if move in ("mutation", "recipe", "widen")}
    {'mutation': 0.21, 'recipe': 0.3, 'widen': 0.18}
    """
    total = sum(edit.weight for edit in EDITS.values())
    of_edits = {kind: (1 - recipe_changes) * edits * edit.weight / total for kind, edit in EDITS.items()}
    return {MUTATION: (1 - recipe_changes) * (1 - edits), RECIPE: recipe_changes, **of_edits}


def draw(prior: Mapping[str, float], history: History, rng: Random, better: Callable[[Trial, Trial], bool]) -> str:
    """The move of the next child.

    The share of a move is the one before anything is known, times the part of its children that were better than their first parents. A
    move that has had fewer children than its share is drawn more often, up to twice, and one that has had more less often, so that chance
    decides little in a short search. A child that inherited weights is not compared with a parent that did not, nor the other way round.

    Args:
        prior: The share of each move before anything is known.
        history: The trials of the search.
        rng: The only source of randomness.
        better: Whether a child that ended well is better than a parent that did.
    """
    tries: Counter[str] = Counter()
    ended: Counter[str] = Counter()
    gains: Counter[str] = Counter()
    for trial in islice(reversed(history), RECENT):
        move, parents = trial.proposal.move, trial.proposal.parents
        if move not in prior or not parents:
            continue
        tries[move] += 1
        parent = history[parents[0]]
        alike = trial.fitness is None or trial.inherited == parent.inherited
        if trial.evaluation is not None and parent.fitness is not None and alike:  # one that was stopped at a rung has no score to compare
            ended[move] += 1
            gains[move] += trial.fitness is not None and better(trial, parent)
    weights = {move: share * (PRIOR_GAINS + gains[move]) / (PRIOR_TRIES + ended[move]) for move, share in prior.items()}
    total, count = sum(weights.values()), 1 + tries.total()
    expected = {move: weight / total * count for move, weight in weights.items()}
    drawn = [expected[move] * min(MOST, max(LEAST, 1 + expected[move] - tries[move])) for move in prior]
    return rng.choices(list(prior), drawn)[0]
