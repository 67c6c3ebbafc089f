"""Repeating: the settings of a call that repeats it, for the file in its run's folder."""

import os
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from einspace.config import OF_A_STRATEGY, stored
from einspace.evaluation.compute import Compute
from einspace.grammar import COMPUTATION_PROBABILITY, Grammar
from einspace.quantities import budget_of
from einspace.run.settings import Settings
from einspace.study.subject import Subject


def repeating(subject: Subject, given: Mapping[str, Any], compute: Compute, options: Mapping[str, Any], **others: Any) -> dict[str, Any]:
    """The checked settings of a call of `study.search`: its arguments, with those in place that the call has derived.

    Args:
        subject: What is searched.
        given: All arguments of the call, by their names.
        compute: How networks are trained.
        options: Those of the strategy.
        others: More that was decided.

    Raises:
        SettingError: For what no setting can be, with a line for every mistake.
    """
    budget, probability, task = given["budget"], given["computation_probability"], subject.task
    made = {
        "task": subject.name if task is None else task.path or task.name,
        "own": {} if task is None else task.own,
        "budget": budget if budget is None or isinstance(budget, str) else budget_of(budget),
        "runs": os.fspath(given["runs"]),
        "grammar": subject.grammar if isinstance(subject.grammar, str) else None,
        "computation_probability": COMPUTATION_PROBABILITY if probability is None else probability,
        "recipe": {} if subject.recipe is None else asdict(subject.recipe),
        "limits": asdict(subject.space.limits),
        "compute": asdict(compute),
    }
    taken = {option: value for option, value in options.items() if option in OF_A_STRATEGY}
    return stored({**given, **made, **taken, **others})


def origin_of(subject: Subject, settings: Settings) -> dict[str, str]:
    """The entries of the file besides settings: the samples' fingerprint, and the arguments that only Python can give."""
    own = subject.grammar.fingerprint if isinstance(subject.grammar, Grammar) else None
    found = {"data": settings.get("data"), "own_grammar": own, "objective": None if subject.task is not None else subject.name}
    found["warm_start"] = ", ".join(subject.names[text] for text in settings.get("warm_start", ())) or None
    return {name: value for name, value in found.items() if value is not None}
