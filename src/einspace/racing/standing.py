"""Standing: the best of the search beside the best baseline so far, in one line that claims no more than was measured."""

from collections.abc import Sequence
from statistics import fmean

from einspace.quantities import decimal
from einspace.racing.contest import Contest
from einspace.storage import StudyStore
from einspace.trial import BASELINE, DECISION, FINAL, RACE, SEARCH, Proposal, Trial


class Standing:
    """Gives the line when it is called. A call reads only the trials that have ended since the last one.

    Args:
        store: The study.
        baselines: Those that the best is compared with, whether they are initial members or trained beside the search. Without any the line
            is empty.
        raced: Whether there is to be a race, which measures how much of a difference is chance.
    """

    def __init__(self, store: StudyStore, baselines: Sequence[Proposal], raced: bool) -> None:
        self._store = store
        self._names = {proposal.identity: proposal.origin for proposal in baselines}
        self._raced = raced
        self._known: tuple[tuple[int, ...], str] = ((), "")
        self._read = {BASELINE: 0, SEARCH: 0}
        self._unfinished: dict[str, list[int]] = {BASELINE: [], SEARCH: []}
        self._baseline: Trial | None = None
        self._found: Trial | None = None

    def __call__(self) -> str:
        """The line; empty where there is nothing to compare."""
        ended = (*(self._store.phase(phase).ended for phase in (SEARCH, BASELINE, RACE, DECISION)), len(self._store.phase(FINAL).trials))
        if ended != self._known[0]:
            self._look()
            contest = Contest.of(self._store) if self._raced and any(ended[2:]) else None
            if contest is None or not contest.plan.candidates:
                self._known = ended, self._claims(self._raced and (contest is None or not contest.plan.reason))
            else:
                self._known = ended, self._race(contest)
        return self._known[1]

    def _look(self) -> None:
        """Keep the best baseline and the best of the search, of the trials that have ended since the last time too."""
        for phase in (BASELINE, SEARCH):
            trials = self._store.phase(phase).trials
            news = [trials[number] for number in (*self._unfinished[phase], *range(self._read[phase], len(trials)))]
            self._read[phase], self._unfinished[phase] = len(trials), [trial.number for trial in news if trial.evaluation is None]
            for trial in news:
                if trial.proposal.identity in self._names:
                    self._baseline = _fitter(self._baseline, trial)
                elif phase == SEARCH:
                    self._found = _fitter(self._found, trial)

    def _claims(self, raced: bool) -> str:
        """The scores of the trials, before anything was trained again, and whether a race is still to come."""
        baseline, found = self._baseline, self._found
        if baseline is None or found is None or baseline.value is None or found.value is None:
            return ""
        gain = (found.fitness or 0.0) - (baseline.fitness or 0.0)
        how, by = _gap(gain)
        named = self._names[baseline.proposal.identity]
        doubt = "the race will measure how much of that is chance" if raced else "without a race nothing says how much of that is chance"
        return f"{found.title} ({decimal(found.value)}) is {how} the best baseline, {named} ({decimal(baseline.value)}){by}; {doubt}"

    def _race(self, contest: Contest) -> str:
        """The verdict, of the race until the decision is over, or the differences so far of those that are trained again."""
        plan = contest.plan
        phase, decided = RACE if plan.race else DECISION, contest.is_over(DECISION)
        if contest.is_over(phase):
            verdict, _ = (contest if decided else contest.of_race()).verdict()
            if verdict is None or decided:
                return "" if verdict is None else _uncapitalised(verdict.sentence)
            return f"by the race alone, {_uncapitalised(verdict.sentence)}"
        pairs = {name: self._differences(contest, phase, name) for name in plan.candidates}
        name = max((name for name, found in pairs.items() if found), key=lambda name: (len(pairs[name]), fmean(pairs[name])), default=None)
        if not plan.baseline or name is None:
            return ""
        title, gain = contest.claimed[name].title, fmean(pairs[name])
        partitions = plan.race or plan.decision
        how, by = _gap(gain)
        return (
            f"trained again on {len(pairs[name])} of {len(partitions)} partitions, {title} is {how} the best baseline, "
            f"{plan.baseline_name}{by}; how much of that is chance is not measured yet"
        )

    def _differences(self, contest: Contest, phase: str, name: str) -> list[float]:
        """A candidate's score minus the baseline's, turned so that more is better, on each partition where both are known."""
        both = zip(contest.values(phase, name), contest.values(phase, contest.plan.baseline), strict=False)
        return [self._store.sign * (mine - other) for mine, other in both if mine is not None and other is not None]


def _gap(gain: float) -> tuple[str, str]:
    """The place of the best beside the best baseline, and the gap, in words.

    >>> _gap(0.25), _gap(-0.5), _gap(0.0)
    (('ahead of', ', by 0.2500'), ('behind', ', by 0.5000'), ('level with', ''))
    """
    how = "ahead of" if gain > 0 else "behind" if gain < 0 else "level with"
    return how, f", by {decimal(abs(gain))}" if gain else ""


def _uncapitalised(sentence: str) -> str:
    return sentence[0].lower() + sentence[1:]


def _fitter(best: Trial | None, trial: Trial) -> Trial | None:
    """The one with the better score, the earlier of equals, and of those that were trained beside the search before one of it."""
    if trial.fitness is None:
        return best
    both = [trial] if best is None else [best, trial]
    return max(both, key=lambda one: (one.fitness or 0.0, one.phase == BASELINE, -one.number))
