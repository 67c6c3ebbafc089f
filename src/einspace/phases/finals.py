"""Finals: the baselines beside a search, and the final trainings of the best one and of the baselines for the test split."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from einspace.errors import GrammarError, NetworkError, ShapeError
from einspace.evaluation.outcome import Outcome
from einspace.phases.budget import Budget, makespan, measured, multiple, outside, recent, remaining
from einspace.phases.listed import Listed
from einspace.racing.contest import Contest
from einspace.result.reading import FINALS, TOO_LONG, validated
from einspace.space import EinSpace
from einspace.storage import StudyStore
from einspace.strategies import Strategy
from einspace.strategies.initial import RANDOM, label, member
from einspace.tasks import Recipe, Task
from einspace.trial import BASELINE, FINAL, SEARCH, Proposal, Trial

MARGIN = 1.1
"""Seconds of a final training, as a multiple of those measured in the search and scaled to its epochs and samples."""

_LOG = logging.getLogger("einspace")


class Finals:
    """The entrants of a run: baselines, or initial members in their place, and the best of the search. Without a task there are none.

    `names` are the names of initial members that are texts. `beside` are baselines that are not initial members, and `left_out` says why
    others are not compared. `changes` are those of recipe and head that all of them start with. A strategy whose trials are scored on test
    has no best: selecting one would be selecting on test.
    """

    def __init__(
        self,
        space: EinSpace,
        task: Task | None,
        recipe: object,
        initial: Sequence[str],
        strategy: Strategy,
        *,
        seed: int,
        seeds: int,
        names: Mapping[str, str],
        beside: Sequence[str],
        left_out: Mapping[str, str],
        changes: Mapping[str, float],
    ) -> None:
        self._seed = seed
        self._seeds = seeds if task is not None else 0
        self._selects = not strategy.final
        self._longer = 1.0
        self._beside = beside
        self._entries: list[tuple[str, Proposal | None, str]] = []
        self._earlier: frozenset[str] = frozenset()
        self._left_out: Mapping[str, str] = {}
        if task is not None and isinstance(recipe, Recipe):
            self._longer = longer_in_the_end(task, recipe)
            members = [(names.get(name) or label(name, number), name) for number, name in enumerate(initial) if name != RANDOM]
            self._entries = [_entry(shown, name, space, changes) for shown, name in (*members, *zip(beside, beside, strict=True))]
            self._entries += [(name, None, reason) for name, reason in left_out.items()]
            self._left_out = left_out

    def remember(self, store: StudyStore) -> None:
        """Note what earlier calls have trained.

        A final training whose weights are missing here is repeated. A baseline that has a score stays, whether this call names it and has
        room for it or not; the others that are left out are named in a warning.
        """
        self._earlier = frozenset(trial.identity for trial in store.phase(FINAL).trials if trial.outcome is Outcome.OK)
        known = {proposal.identity for proposal in self.proposals()}
        trained = [trial.proposal for trial in store.phase(BASELINE if self._selects else FINAL).trials if trial.outcome is Outcome.OK]
        kept = {proposal.identity: replace(proposal, rungs=None) for proposal in trained if proposal.identity not in known}
        names = {proposal.origin for proposal in kept.values()}
        self._entries = [(name, proposal, reason) for name, proposal, reason in self._entries if proposal is not None or name not in names]
        self._entries += [(proposal.origin, proposal, "") for proposal in kept.values()]
        for name in self._left_out.keys() - names:
            _LOG.warning("the baseline %s is left out: %s", name, self._left_out[name])

    def note(self) -> tuple[str, dict[str, Any]]:
        """The note that the study keeps of them."""
        entries = [
            {"name": name, "proposal": proposal and Trial(0, proposal).to_json()["proposal"], "reason": reason}
            for name, proposal, reason in self._entries
        ]
        return FINALS, {"entries": entries, "seeds": self._seeds or 1, "first": self._seed, "selects": self._selects}

    def baselines(self, time_limit: float | None, rungs: bool = False) -> Listed:
        """Baselines that are not seeds, scored on validation as in a search, with or without rungs; none where it scores on test."""
        beside = [proposal for proposal in self.proposals() if proposal.origin in self._beside] if self._selects else []
        wanted = [(proposal, self._seed) for proposal in beside]
        return Listed(BASELINE, wanted, time_limit=time_limit, rungs=() if rungs else None)

    def finals(self, store: StudyStore, time_limit: float | None, budget: Budget, workers: int, keep: str, weights: Path) -> Listed:
        """The final trainings, from each seed, of the recommended one, of the best trial, and of the baselines with a validation score, the
        best first.

        A budget of time that is too short for all of them leaves out baselines, which the study notes; one that has been trained already
        is trained again where its weights are missing, whatever is left. `keep`, one of `WEIGHTS`, says whose weights are written to the
        folder `weights`: "best" are those of the recommended one and of the best trial, and "all" adds the finalists of the decision.
        """
        if not self._seeds:
            return Listed(FINAL, [], True)
        contest = Contest.of(store)
        taken = [contest.recommended, contest.best] if self._selects else []
        first = {trial.proposal.identity: trial.proposal for trial in taken if trial is not None}
        chosen = self._chosen(store, first)
        if taken and keep == "all":
            decided = [contest.claimed[name].proposal for name in contest.plan.finalists]
            chosen += [proposal for proposal in decided if proposal.identity not in {known.identity for known in chosen}]
        listed = self._listed(chosen, set(first), time_limit, keep, weights)
        missing = list(listed.missing(store))
        begun = [trial for trial in missing if trial.identity in self._earlier]  # their weights are missing
        fitting: list[str] = []
        for proposal in chosen:
            own = [trial for trial in missing if trial.proposal.identity == proposal.identity and trial not in begun]
            most = budget.left * (MARGIN if len(fitting) == 1 else 1.0)  # the first two are compared: just so much is enough for them
            if not fitting or not own or makespan([self._seconds(store, trial.proposal) for trial in (*begun, *own)], workers) <= most:
                fitting.append(proposal.identity)
                begun += own
        short = [proposal.identity for proposal in chosen if proposal.identity not in fitting]
        if short or TOO_LONG in store.notes():
            store.note(TOO_LONG, {"identities": short})
        wanted = [
            (proposal, seed)
            for proposal, seed in listed.wanted
            if proposal.identity in fitting or Trial(0, proposal, FINAL, seed).identity in self._earlier
        ]
        return replace(listed, wanted=wanted)

    def certain(self, store: StudyStore, time_limit: float | None, keep: str, weights: Path) -> Listed:
        """Final trainings that do not depend on a decision of one finalist: the finalist's and the baseline's, the slower one first."""
        contest = Contest.of(store)
        both = [contest.claimed[name].proposal for name in (*contest.plan.finalists, contest.plan.baseline) if self._seeds]
        both.sort(key=partial(self._seconds, store), reverse=True)
        return self._listed(both, {proposal.identity for proposal in both}, time_limit, keep, weights)

    def durations(self, store: StudyStore, best: Proposal | None = None) -> list[float]:
        """The seconds of the final trainings of the best and of the best baseline, as far as is known, the slower one first.

        Others wait for spare time. The `best` is that of the race, or before that of the search, if none is given.
        """
        if not self._seeds:
            return []
        if best is None:
            found = Contest.of(store).best
            best = None if found is None else found.proposal
        known = [] if best is None else [best]
        both = {proposal.identity: proposal for proposal in (*known, *self._chosen(store, {})[:1])}
        return sorted(self._durations(store, list(both.values())), reverse=True)

    def expected(self, store: StudyStore) -> list[float]:
        """The same while the search goes on: its best may yet be as slow as the slowest of its recent trials."""
        top = store.phase(SEARCH).best
        taken = [trial.seconds * multiple(trial) for trial in recent(store.phase(SEARCH)) if trial.fitness is not None]
        slowest, known = MARGIN * self._longer * max(taken, default=0.0), self.durations(store, top.proposal if top is not None else None)
        return [max(seconds, slowest) for seconds in known[: self._seeds]] + known[self._seeds :] if known else [slowest] * self._seeds

    def remaining(self, store: StudyStore) -> float:
        """The seconds that are left of the final trainings that have begun, summed over them."""
        return remaining(store.phase(FINAL), partial(self._seconds, store))

    def proposals(self) -> list[Proposal]:
        """The baselines that exist at the input, or the initial members in their place."""
        return [proposal for _, proposal, _ in self._entries if proposal is not None]

    def _chosen(self, store: StudyStore, first: Mapping[str, Proposal]) -> list[Proposal]:
        """Those that come first, by identity, then the baselines with a validation score, the best first."""
        if not self._selects:
            return self.proposals()
        found = [(proposal, validated(store, proposal.identity)) for proposal in self.proposals()]
        scored = [(trial.fitness, proposal) for proposal, trial in found if trial is not None and trial.fitness is not None]
        ranked = [proposal for _, proposal in sorted(scored, key=lambda pair: -pair[0])]
        return [*first.values(), *(proposal for proposal in ranked if proposal.identity not in first)]

    def _listed(self, chosen: Sequence[Proposal], first: set[str], time_limit: float | None, keep: str, weights: Path) -> Listed:
        limit = None if time_limit is None else time_limit * max(1.0, self._longer)
        wanted = [(proposal, self._seed + number) for number in range(self._seeds) for proposal in chosen]
        among = {proposal.identity for proposal in chosen}
        kept = among if keep == "all" else among & first if keep == "best" else set()
        return Listed(FINAL, wanted, True, limit, weights, kept, self._earlier)

    def _durations(self, store: StudyStore, chosen: Sequence[Proposal]) -> list[float]:
        """The seconds of their final trainings, from each seed."""
        return [self._seconds(store, proposal) for proposal in chosen] * self._seeds

    def _seconds(self, store: StudyStore, proposal: Proposal) -> float:
        """The predicted seconds of one of them; 0 where nothing like it was trained."""
        tried = validated(store, proposal.identity)
        taken = None if tried is None else measured(store, tried)
        return 0.0 if taken is None else MARGIN * self._longer * taken + outside(store.phase(SEARCH))


def longer_in_the_end(task: Task, recipe: Recipe) -> float:
    """The cost of a final training, in trainings of the search: more epochs, on train and valid."""
    return recipe.epochs_final / recipe.epochs_search * (len(task.train) + len(task.valid)) / len(task.train)


def _entry(shown: str, name: str, space: EinSpace, changes: Mapping[str, float]) -> tuple[str, Proposal | None, str]:
    """A baseline at the task's input and in its grammar, or the reason why it does not exist there; or an initial member."""
    try:
        return shown, Proposal.of(member(space, name), shown, changes=changes), ""
    except (NetworkError, ShapeError, GrammarError) as error:
        return shown, None, str(error)
