"""Shown: the trials that a page holds. Of a long run it holds a part, since no browser would open a page with all."""

from collections.abc import Sequence
from math import ceil

from einspace.result.report.charts import COSTS
from einspace.result.report.family import Step
from einspace.result.result import Result
from einspace.trial import Trial

SHOWN = 2_000
"""The number of trials on a page, at most."""


def shown(result: Result, steps: Sequence[Step]) -> list[Trial]:
    """The trials of the search on the page, by number: all of them where they are few.

    Of many: those that the page names elsewhere, the best half, the latest, an even sample of all, and those of Pareto fronts.

    Args:
        result: What the run found.
        steps: The ancestors that the page shows.
    """
    history = result.history
    if len(history) <= SHOWN:
        return list(history)
    by_number = {trial.number: trial for trial in history}
    named = [step.trial.number for step in steps] + [row.trial for row in result.entrants if row.trial is not None]
    scored = [trial for trial in history if trial.fitness is not None]
    best = sorted(scored, key=lambda trial: -(trial.fitness or 0.0))[: SHOWN // 2]
    even, latest = history[:: ceil(len(history) / (SHOWN // 5))], history[-(SHOWN // 5) :]
    fronts = [trial for cost in COSTS for trial in result.pareto(cost)]
    wanted = dict.fromkeys([*named, *(trial.number for trial in (*best, *latest, *even, *fronts))])
    return [by_number[number] for number in sorted(list(wanted)[:SHOWN])]
