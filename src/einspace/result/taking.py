"""Taking: the network of a run to export or to predict with: the recommended one, unless the user asks for another."""

from typing import TYPE_CHECKING

from einspace.errors import RunError, SettingError, UnknownNameError
from einspace.trial import BASELINE, SEARCH, Proposal, Trial

if TYPE_CHECKING:
    from einspace.result.entrant import Entrant
    from einspace.result.result import Result


def chosen(result: "Result", trial: int | None = None, baseline: str | None = None) -> "tuple[Trial, Entrant | None]":
    """The trial that scored a network on validation, and its final trainings if it has any.

    Args:
        result: The run.
        trial: The number of a trial of the search, in place of the recommended network.
        baseline: The name of a baseline, in its place.

    Raises:
        SettingError: Both are given.
        UnknownNameError, RunError: There is no such trial or baseline, or it has no score.
    """
    if trial is not None and baseline is not None:
        raise SettingError(f"take either a trial or a baseline, not both: {trial} and {baseline!r}")
    name = result.run.name
    if trial is not None:
        found = next((other for other in result.history if other.number == trial), None)
        if found is None:
            ended = [other.number for other in result.history]
            among = f"those that have ended are {min(ended)} to {max(ended)}" if ended else "none has ended yet"
            raise RunError(f"the run {name} has no trial {trial}: {among}")
        return found, result.entrant(found.proposal)
    if baseline is not None:
        row = next((row for row in result.baselines if row.name == baseline), None)
        if row is None:
            raise UnknownNameError(f"baseline of the run {name}", baseline, [row.name for row in result.baselines])
        found = None if row.proposal is None else _validated(result, row.proposal)
        if found is None:
            raise RunError(f"the baseline {baseline} of the run {name} has no score{f': {row.reason}' if row.reason else ''}")
        return found, row
    row = result.recommended
    found = None if row is None or row.proposal is None else _validated(result, row.proposal)
    if found is None:
        raise RunError(f"{unselected(result)}; --trial, or trial= in Python, takes any that has ended")
    return found, row


def unselected(result: "Result") -> str:
    """The reason why a run has no best architecture, in words."""
    if result.split == "test":
        return f"the run {result.run.name} selects no architecture, for its trials are scored on test"
    return f"the run {result.run.name} has no best architecture yet: no trial has ended well"


def _validated(result: "Result", proposal: Proposal) -> Trial | None:
    """The trial that scored a proposal on validation, one of the search if there is one."""
    tried = [trial for trial in (*result.history, *result.others) if trial.phase in (SEARCH, BASELINE) and trial.value is not None]
    return next((trial for trial in tried if trial.proposal.identity == proposal.identity), None)
