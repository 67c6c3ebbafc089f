"""Standing: what is known by now of the best beside the best baseline, in one line that says no more than was measured."""

from collections.abc import Sequence
from dataclasses import replace
from statistics import fmean

from einspace.racing.contest import Contest
from einspace.storage import StudyStore
from einspace.trial import BASELINE, DECISION, RACE, SEARCH, Proposal, Trial


class Standing:
    """Gives the line when it is called; the words are made again only if something has ended since.

    Args:
        store: The study.
        baselines: Those that the best is compared with, whether they are initial members or trained beside the search. Without any there
            is nothing to say.
        raced: Whether there is to be a race, which measures how much of a difference is chance.
    """

    def __init__(self, store: StudyStore, baselines: Sequence[Proposal], raced: bool) -> None:
        self._store = store
        self._names = {proposal.identity: proposal.origin for proposal in baselines}
        self._raced = raced
        self._known: tuple[tuple[int, ...], str] = ((), "")

    def __call__(self) -> str:
        """The line; empty where there is nothing to compare."""
        ended = tuple(self._store.phase(phase).ended for phase in (SEARCH, BASELINE, RACE, DECISION))
        if ended != self._known[0]:
            contest = Contest.of(self._store) if self._raced and ended[2] else None
            self._known = ended, self._claims() if contest is None or not contest.plan.race else self._race(contest)
        return self._known[1]

    def _claims(self) -> str:
        """The scores of the trials, before anything was trained again."""
        scored = [trial for phase in (BASELINE, SEARCH) for trial in self._store.phase(phase).trials if trial.fitness is not None]
        baseline = _fittest([trial for trial in scored if trial.proposal.identity in self._names])
        found = _fittest([trial for trial in scored if trial.phase == SEARCH and trial.proposal.identity not in self._names])
        if baseline is None or found is None or baseline.value is None or found.value is None:
            return ""
        gain = (found.fitness or 0.0) - (baseline.fitness or 0.0)
        how = "ahead of" if gain > 0 else "behind" if gain < 0 else "level with"
        by = f", by {abs(gain):.4f}" if gain else ""
        named = self._names[baseline.proposal.identity]
        doubt = (
            "how much of that is chance, the race will measure" if self._raced else "without a race nothing says how much of that is chance"
        )
        return f"{found.title} ({found.value:.4f}) is {how} the best baseline, {named} ({baseline.value:.4f}){by}; {doubt}"

    def _race(self, contest: Contest) -> str:
        """The verdict, of the race until the decision is over, or the differences so far of those that are trained again."""
        plan = contest.plan
        if contest.is_over(RACE):
            decided = contest.is_over(DECISION)
            verdict, _ = (contest if decided else Contest(self._store, replace(plan, finalists=(), decision=()))).verdict()
            return "" if verdict is None else f"{'' if decided else 'by the race alone: '}{verdict.sentence}"
        pairs = {name: self._differences(contest, name) for name in plan.candidates}
        name = max((name for name, found in pairs.items() if found), key=lambda name: (len(pairs[name]), fmean(pairs[name])), default=None)
        if not plan.baseline or name is None:
            return ""
        title, gain = contest.claimed[name].title, fmean(pairs[name])
        return (
            f"trained again on {len(pairs[name])} of {len(plan.race)} partitions, {title} is at {gain:+.4f} against the best baseline, "
            f"{plan.baseline_name}; the noise of that is not measured yet"
        )

    def _differences(self, contest: Contest, name: str) -> list[float]:
        """A candidate's score minus the baseline's, turned so that more is better, on each partition where both are known."""
        both = zip(contest.values(RACE, name), contest.values(RACE, contest.plan.baseline), strict=False)
        return [self._store.sign * (mine - other) for mine, other in both if mine is not None and other is not None]


def _fittest(trials: Sequence[Trial]) -> Trial | None:
    """The one with the best score, the earliest of equals."""
    return max(trials, key=lambda trial: trial.fitness or 0.0, default=None)
