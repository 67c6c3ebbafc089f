"""Race: the phases between a search and its final trainings, which re-evaluate the best candidates beside the best baseline."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import islice
from math import inf
from typing import NamedTuple

from einspace.errors import SettingError
from einspace.phases.budget import RESERVED, Budget, makespan, measured, outside
from einspace.phases.finals import MARGIN, Finals
from einspace.phases.reevaluations import Pairs, Reevaluations
from einspace.racing.contest import ENOUGH, NO_TIME, NOTE, UNDECIDED, Contest, Plan, candidates
from einspace.storage import StudyStore
from einspace.strategies import Strategy
from einspace.tasks import Recipe, Task
from einspace.trial import BASELINE, DECISION, RACE, SEARCH, Proposal

LEAST, MOST = 5, 10
"""Candidates of a race: a tenth of the trials, within these bounds, unless the time is short."""


class Round(NamedTuple):
    """A round of re-evaluations: how many finalists beside the baseline, how often each of them at least, and whether for final epochs."""

    finalists: int = 0
    times: int = 0
    long: bool = False


TWICE = Round(times=2)
"""The race: two re-evaluations of each, at the epochs of the search."""

PAIRS = 8
"""Partitions of a decision, at most."""

USUAL = (Round(2, 3, True),)
"""The decision where no budget of time says what there is room for."""

IN_TIME = tuple(
    Round(n, times, long) for long in (True, False) for n, least in ((2, 5), (1, 3 - long)) for times in range(PAIRS, least - 1, -1)
)
"""The decisions of a budget of time, the better ones first (decision 022).

At final epochs, since fast learners need not be the best in the end; of two, which may change places, or of one, which in the same time has
more pairs. A decision of one finalist runs beside the final trainings, which are those of the finalist and of the baseline in any case: it
has all the time that is left.
"""

SHARE = 1 / 3
"""The part of a budget of time that is kept for race and decision while the search goes on, at most."""

APART = 1_000
"""How far the seeds of race and decisions are from the run's, and from each other: no final training has one of them.

Those of a race follow after one such step, those of a decision at the epochs of the search after five, and those of one at final epochs
after six: a run that goes on with more time has the other decision, and no training of one may stand for a training of the other. They
followed after two to four steps in earlier versions, whose partitions had other sizes, and whose runs may go on.
"""

DECISIVE = 0.2
"""The part of the pool that is one validation split of a decision, at most.

A final training has all of the pool, and what more samples are worth differs between networks: a decision on the 60% that a task trains on
may say nothing of it (decision 022).
"""


FEWEST = 10
"""Trials below which no search has a race unless it is asked for: it would take longer than the search."""


def raced(race: bool | None, task: Task | None, strategy: Strategy, trials: int | None) -> bool:
    """Whether a search has a race: as it is asked for, or else where one makes sense. Raises SettingError where there can be none."""
    possible = task is not None and not strategy.final
    if race and not possible:
        raise SettingError("a race needs a task, and a strategy whose trials are not scored on test")
    return possible and (race if race is not None else trials is None or trials >= FEWEST)


def decisive_share(task: Task) -> float | None:
    """The part of a task's pool that is one validation split of a decision; None where it is that of the task."""
    return DECISIVE if task.is_redrawn and _valid_share(task) > DECISIVE else None


def more_samples(task: Task) -> float:
    """The samples that a decision trains on, as a multiple of those of the search."""
    share = decisive_share(task)
    return 1.0 if share is None else (1 - share) / (1 - _valid_share(task))


def _valid_share(task: Task) -> float:
    return len(task.valid) / (len(task.train) + len(task.valid))


class Race:
    """Plans race and decision; `task` is None where the run is to have none. Without a budget of time both follow from the trials."""

    def __init__(self, finals: Finals, task: Task | None, recipe: object, budget: Budget, seed: int, workers: int) -> None:
        self._finals, self._budget, self._workers = finals, budget, workers
        self._seed, self._fixed = seed, task is not None and not task.is_redrawn
        self._common = 1.0 if task is None or self._fixed else _valid_share(task)
        self._decisive, self._more = (None, 1.0) if task is None else (decisive_share(task), more_samples(task))
        self._wanted = task is not None and isinstance(recipe, Recipe)
        self._longer = recipe.epochs_final / recipe.epochs_search if isinstance(recipe, Recipe) else 1.0
        self._share = inf if budget.seconds is None else SHARE * budget.seconds
        self._rounds = USUAL if budget.seconds is None else IN_TIME
        self._at_once = tuple(found for found in self._rounds if found.finalists == 1 and found.times >= ENOUGH)
        self._most = inf if budget.seconds is None else RESERVED * budget.seconds
        self._known: tuple[tuple[int, ...], float] = ((), 0.0)
        self._outside = 0.0

    def reserve(self, store: StudyStore) -> float:
        """The seconds that are kept while the search goes on: those of race, decision and final trainings, as far as is known by now."""
        ended = tuple(store.phase(phase).ended for phase in (SEARCH, BASELINE))
        if self._known[0] != ended:
            finals = self._finals.expected(store)
            last = makespan(finals, self._workers)
            self._known = ended, self._kept(store, min(self._most, last + self._share), finals) if self._wanted else last
        return self._known[1]

    def _kept(self, store: StudyStore, allowed: float, finals: Sequence[float]) -> float:
        """The time of race, decision and final trainings; where no race can be for the best network, their time for the next one."""
        kept = self._preferred(store, allowed, finals)[1]
        if kept == inf:
            plan, kept = self._without_the_slowest(store, allowed)
            return kept if plan.candidates else makespan(finals, self._workers)
        return kept

    def race(self, store: StudyStore, time_limit: float | None) -> Reevaluations:
        """The race of the best candidates of a search that has ended; what was planned for these trials and baselines before, stays."""
        known = Plan.of(store.notes())
        plan = Contest.of(store).plan if self._wanted else Plan()
        if self._wanted and (not plan.candidates or plan.unraced):
            finals, left = self._finals.durations(store), self._budget.left
            plan = self._preferred(store, left, finals)[0]
            if not plan.candidates:  # the last trial took longer than predicted: what is just so much, without the margin
                plan = self._planned(store, MARGIN * left, finals)[0]
            if plan.reason == NO_TIME and not plan.candidates:
                plan = self._without_the_slowest(store, left)[0]
            if not plan.candidates and known.candidates and known.searched == store.phase(SEARCH).ended:
                plan = replace(known, unraced=(*known.unraced, *Contest(store, known).better_baselines))
        if plan != known:
            store.note(NOTE, plan.to_json())
        contest = Contest(store, plan)
        wanted = [(contest.claimed[name].proposal, seed) for seed in plan.race for name in contest.entered]
        return Reevaluations(RACE, wanted, time_limit=time_limit, budget=self._budget)

    def decision(self, store: StudyStore, time_limit: float | None) -> Reevaluations:
        """The decision between the best of the race and the baseline, on as many partitions as the time that is left allows."""
        known = plan = Plan.of(store.notes())
        contest = Contest(store, plan)
        standing, baseline = tuple(contest.standing()), contest.raced_baseline
        if len(standing[:2]) + len(baseline) < 2:
            plan = replace(plan, finalists=(), decision=())
        elif not plan.finalists or plan.finalists != standing[: len(plan.finalists)]:
            finals, left = self._finals.durations(store), self._budget.left
            possible = [found for found in self._after(plan) if found.finalists + len(baseline) > 1]
            fitting = (  # one that goes on beside the final trainings needs no margin: it ends with the time
                found
                for found in possible
                if self._cost(contest, standing, baseline, found, finals) <= left * (MARGIN if self._is_beside(found.finalists) else 1)
            )
            decision = next(fitting, Round())
            times = PAIRS if self._is_beside(decision.finalists) else decision.times
            chosen, seeds = standing[: decision.finalists], self._deciding(decision.long, times)
            reason = "" if plan.race else NO_TIME
            plan = replace(plan, finalists=chosen, decision=seeds, long=decision.long, decisive=self._decisive, reason=reason)
        entered = [*plan.finalists, *baseline]
        if known.candidates and not plan.decision:
            plan = replace(plan, finalists=(), reason=UNDECIDED)
        if plan != known:
            store.note(NOTE, plan.to_json())
        wanted = [(contest.claimed[name].proposal, seed) for seed in plan.decision for name in entered]
        decision = Round(len(plan.finalists), len(plan.decision), plan.long)
        limit = None if time_limit is None else time_limit * max(1.0, self._times(decision))
        if not self._is_beside(len(plan.finalists)):
            return Reevaluations(DECISION, wanted, time_limit=limit, long=plan.long, valid_share=plan.decisive, budget=self._budget)
        return Pairs(
            *(DECISION, wanted, False, limit),
            long=plan.long,
            valid_share=plan.decisive,
            budget=self._budget,
            seconds=lambda proposal: self._seconds(contest, proposal.identity, decision) / MARGIN,
            others=self._finals.remaining,
            workers=self._workers,
        )

    def settle(self, store: StudyStore, decision: Reevaluations) -> None:
        """Keep of a decision the partitions on which all have been trained, when its time is over, or nothing where they are too few.

        Of a decision of one finalist, a partition on which a training failed does not count either, where enough others are left.
        """
        plan, left_out = Plan.of(store.notes()), decision.unfinished(store)
        unscored = decision.unscored(store)
        if len(plan.finalists) == 1 and len(plan.decision) - len(unscored) >= ENOUGH:
            left_out = unscored
        if not left_out:
            return
        whole = tuple(seed for seed in plan.decision if seed not in left_out)
        kind = len(plan.finalists), plan.long
        least = min((found.times for found in self._after(plan) if (found.finalists, found.long) == kind), default=ENOUGH)
        settled = replace(plan, decision=whole) if len(whole) >= least else replace(plan, finalists=(), decision=(), reason=UNDECIDED)
        store.note(NOTE, settled.to_json())

    def _after(self, plan: Plan) -> Sequence[Round]:
        """The decisions that there may be: after a race, or at once without one."""
        return self._rounds if plan.race else self._at_once

    def _preferred(self, store: StudyStore, allowed: float, finals: Sequence[float]) -> tuple[Plan, float]:
        """The largest race and decision as `_planned`, or one at final epochs without the slowest of the best, where only that has one.

        Short trainings order networks otherwise than final ones do, and a slow network that is judged by them is judged by chance.
        """
        plan, cost = self._planned(store, allowed, finals)
        if plan.candidates and not plan.long:
            other, other_cost = self._without_the_slowest(store, allowed, long=True)
            if other.candidates:
                return other, other_cost
        return plan, cost

    def _without_the_slowest(self, store: StudyStore, allowed: float, long: bool = False) -> tuple[Plan, float]:
        """The plan without the best by their claimed scores, as many of them as take too long to be compared.

        One that is found and not compared is a guess, and the next best has a verdict. If `long`, it is one at final epochs, of a candidate
        that claims more over the best baseline than it lacks to the best.
        """
        contest = Contest(store, Plan())
        baselines = self._claimed(contest)
        ranked = list(islice(candidates(store, baselines), MOST))
        claims = [trial.fitness or 0.0 for trial in ranked]
        baseline = max((contest.claimed[proposal.identity].fitness or 0.0 for proposal in baselines), default=-inf)
        for number, trial in enumerate(ranked[1:], start=1):
            if long and claims[number] - baseline <= claims[0] - claims[number]:
                break
            plan, cost = self._planned(store, allowed, self._finals.durations(store, trial.proposal), number)
            if plan.candidates and plan.long >= long:
                return replace(plan, passed=ranked[0].proposal.identity), cost
        return Plan(store.phase(SEARCH).ended, reason=NO_TIME), inf

    def _claimed(self, contest: Contest) -> list[Proposal]:
        """The baselines that have a score."""
        return [proposal for proposal in self._finals.proposals() if proposal.identity in contest.claimed]

    def _planned(self, store: StudyStore, allowed: float, finals: Sequence[float], first: int = 0) -> tuple[Plan, float]:
        """The largest race and decision that fit into the seconds that are allowed, final trainings included, and what all of it takes.

        A decision at final epochs comes first, and one of `ENOUGH` pairs; then more candidates come before more trainings of each in the
        decision. Of decisions of a kind, one after a race comes before one of the best at once. Where none fits, there is the race alone.
        Where nothing fits, it is what the smallest would take: the search can still leave time for it. Where that is more than a race may
        take, it is infinite. The candidates begin with the `first` by their claimed scores.
        """
        last = makespan(finals, self._workers)
        ended, self._outside = store.phase(SEARCH).ended, outside(store.phase(SEARCH))
        contest = Contest(store, Plan())
        baselines = self._claimed(contest)
        best = max(baselines, key=lambda proposal: contest.claimed[proposal.identity].fitness or 0.0, default=None)
        apart = [] if best is None else [best.identity]
        ranked = [trial.proposal.identity for trial in islice(candidates(store, baselines), first, first + MOST)]
        count = min(len(ranked), max(LEAST, min(MOST, ended // 10)))
        if not ranked or count + len(apart) < 2:
            said = "no new network has a score that could be compared" if apart else "there are no two architectures to compare"
            return Plan(ended, reason=said), last
        possible = [decision for decision in self._rounds if decision.finalists + len(apart) > 1]
        fields = range(count, min(count, 2) - 1, -1)
        races = [(number, possible) for number in fields] + ([(0, self._at_once)] if apart else [])
        kinds = (True, True), (True, False), (False, True)  # at final epochs, and of enough pairs
        rounds = [(n, found) for kind in kinds for n, among in races for found in among if (found.long, found.times >= ENOUGH) == kind]
        costs: list[float] = []
        for number, decision in (*rounds, *((n, Round()) for n in fields)):
            race = makespan(self._durations(contest, (*ranked[:number], *apart), TWICE), self._workers) if number else 0.0
            cost = race + self._cost(contest, ranked, apart, decision, finals)
            if cost <= allowed:
                chosen, name = tuple(ranked[: number or 1]), "" if best is None else best.origin
                seeds = self._seeds(1, TWICE.times if number else 0), (), self._deciding(decision.long, decision.times)
                reason = "" if number else NO_TIME
                plan = Plan(ended, chosen, "".join(apart), name, *seeds, self._fixed, self._common, reason=reason, long=decision.long)
                return replace(plan, decisive=self._decisive), cost
            costs.append(cost)
        return Plan(ended, reason=NO_TIME), min((cost for cost in costs if cost - last <= self._share), default=inf)

    def _seeds(self, part: int, times: int) -> tuple[int, ...]:
        return tuple(self._seed + APART * part + number for number in range(times))

    def _deciding(self, long: bool, times: int) -> tuple[int, ...]:
        """The seeds of a decision (`APART`)."""
        return self._seeds(5 + long, times)

    def _is_beside(self, finalists: int) -> bool:
        """Whether a decision of so many finalists runs beside the final trainings."""
        return finalists == 1 and self._budget.seconds is not None

    def _cost(self, contest: Contest, ranked: Sequence[str], apart: Sequence[str], decision: Round, finals: Sequence[float]) -> float:
        """Seconds of a decision between the first candidates and the baseline, if there is one, and of the final trainings."""
        durations = self._durations(contest, (*ranked[: decision.finalists], *apart), decision)
        if self._is_beside(decision.finalists):
            return makespan((*finals, *durations), self._workers)
        return makespan(durations, self._workers) + makespan(finals, self._workers)

    def _durations(self, contest: Contest, names: Sequence[str], found: Round) -> list[float]:
        return [self._seconds(contest, name, found) for name in names] * found.times

    def _seconds(self, contest: Contest, identity: str, found: Round) -> float:
        """The predicted seconds of a training, from earlier ones."""
        return self._outside + MARGIN * self._times(found) * (measured(contest.store, contest.claimed[identity]) or 0.0)

    def _times(self, found: Round) -> float:
        """The cost of a training of a round, in trainings of the search: more epochs, and in a decision more samples."""
        return (self._longer if found.long else 1.0) * (self._more if found.finalists else 1.0)
