"""Contest: which candidates are trained again after a search, their scores, and the winner, from the study alone.

The best candidates by their claimed score and the best baseline are re-evaluated at the epochs of the search (the race); the best two of
them and the baseline more often, at final epochs where there is time (the decision). Only re-evaluations count: the claimed score is the
best of many, and so too good. Where there is no time for a race, the candidate with the best claimed score alone is in the decision.
"""

from collections import ChainMap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from math import inf
from statistics import fmean
from typing import Any

from pydantic import TypeAdapter

from einspace.evaluation.outcome import PARTS
from einspace.known import began_alike, best
from einspace.quantities import counted, decimal
from einspace.racing.verdict import Scores, Verdict, Word, best_of, noise_of, sampling_error, standard_error, total_error, word_of
from einspace.racing.words import longer, sentence_of, trainings_of
from einspace.run.folder import NOTE as SETTINGS
from einspace.storage import StudyStore
from einspace.trial import BASELINE, DECISION, RACE, SEARCH, Proposal, Trial

NOTE = "race"
"""The note of a study that holds the plan of its race."""


ENOUGH = 3
"""Pairs that a decision should have, at least: two do not measure their noise well."""

NO_TIME = "there was no time to train several candidates again (a race)"
"""The reason for no race where one was wanted."""

UNRACED = "there was no race"
"""The reason for no verdict where no race was wanted."""

UNDECIDED = "there was no time to train the best again often enough (a decision)"
"""The reason why a verdict rests on the race alone, or for no verdict where there was no race either."""

LATE = "the {} has not ended"
"""The reason for no verdict, or for one by the race alone, where no training failed: the time was over, or it was interrupted."""

FAILED = "trainings of the decision failed, so that it does not count"
"""The reason why a verdict rests on the race alone where a decision has ended."""


@dataclass(frozen=True)
class Plan:
    """The candidates that are re-evaluated, by identity, and the seeds, which are those of the partitions too."""

    searched: int = 0
    """Trials of the search that had ended when this was planned."""
    candidates: tuple[str, ...] = ()
    """The candidates by their claimed scores, the best first."""
    baseline: str = ""
    """The best baseline; empty where there is none."""
    baseline_name: str = ""
    race: tuple[int, ...] = ()
    """Seeds of the race; empty where the only candidate is in the decision at once."""
    finalists: tuple[str, ...] = ()
    """The finalists of the decision, without the baseline."""
    decision: tuple[int, ...] = ()
    fixed: bool = False
    """True if all partitions are the same, since the task has splits that were given."""
    common: float = 0.0
    """The part of the pool that is one validation split: 1 where it is always the same. It is 0 in runs from before it was noted."""
    decisive: float | None = None
    """The same of the decision, where that trains on more than the task's own train; None where it does not."""
    reason: str = ""
    """The reason why there is no race, or no decision."""
    passed: str = ""
    """The identity with the best claimed score, where it takes too long to be compared; empty where it is a candidate."""
    long: bool = True
    """True if the decision trains for the epochs of a final training, False if for those of the search."""
    unraced: tuple[str, ...] = ()
    """Baselines that were trained later and are better than that of the race, and that there was no time to compare."""

    def to_json(self) -> dict[str, Any]:
        """The note."""
        return asdict(self)

    @classmethod
    def of(cls, notes: Mapping[str, Any]) -> "Plan":
        """The plan among the notes of a study; an empty one where there was no race."""
        return _PLAN.validate_python(notes.get(NOTE, {}))


_PLAN = TypeAdapter(Plan)


class Contest:
    """The race of a study, as far as it has gone. The notes of the study are read once, for each reading asks the database."""

    def __init__(self, store: StudyStore, plan: Plan, notes: Mapping[str, Any] | None = None) -> None:
        self.store = store
        self.plan = plan
        self._notes = notes
        self._top = store.phase(SEARCH).best
        self._trials = {
            (name, trial.proposal.identity, trial.seed): trial
            for name in (RACE, DECISION)
            for trial in store.phase(name).trials
            if trial.evaluation is not None
        }
        self.claimed: Mapping[str, Trial] = ChainMap(store.phase(SEARCH).claims, store.phase(BASELINE).claims)
        """By identity, the earliest trial that scored it, one of the search if there is one."""

    @classmethod
    def of(cls, store: StudyStore) -> "Contest":
        """The contest that the study holds; without a plan where there are more trials, or a better baseline, since it was planned."""
        notes = store.notes()
        contest = cls(store, Plan.of(notes), notes)
        is_of_now = contest.plan.searched == store.phase(SEARCH).ended and not contest.better_baselines
        return contest if is_of_now else cls(store, Plan(), notes)

    def of_race(self) -> "Contest":
        """The contest without its decision: the race alone."""
        return Contest(self.store, replace(self.plan, finalists=(), decision=()), self._notes)

    @property
    def best(self) -> Trial | None:
        """The trial of the search whose architecture won, or before that, the candidate with the best claimed score."""
        found = self.winner or (self.plan.candidates[0] if self.plan.passed else "")
        return self.claimed[found] if found else self._top

    @property
    def recommended(self) -> Trial | None:
        """The trial of the best, or that of the best baseline where the verdict recommends it."""
        verdict, _ = self.verdict()
        return self.best if verdict is None or verdict.of_winner else self.claimed[self.plan.baseline]

    @property
    def better_baselines(self) -> tuple[str, ...]:
        """The baselines that were trained beside the search and claim more than that of the race, but for the unraced ones."""
        before, plan = self.claimed.get(self.plan.baseline), self.plan
        least = -inf if before is None or before.fitness is None else before.fitness
        trained = {trial.proposal.identity for trial in self.store.phase(BASELINE).trials if trial.fitness is not None}
        better = [name for name in sorted(trained - set(plan.unraced)) if (self.claimed[name].fitness or 0.0) > least]
        return tuple(better) if plan.candidates else ()

    def values(self, phase: str, identity: str) -> tuple[float | None, ...]:
        """The scores in a round, by partition, in the units of the metric; None for a missing one.

        A candidate that was not in the round has none.
        """
        if identity not in (self.entered if phase == RACE else (*self.plan.finalists, self.plan.baseline)):
            return ()
        return tuple(None if trial is None else trial.value for trial in self._of(phase, identity))

    def is_over(self, phase: str) -> bool:
        """True if all re-evaluations of a round have ended, well or not."""
        names = self.entered if phase == RACE else (*self.plan.finalists, *self.raced_baseline)
        return None not in [trial for name in names for trial in self._of(phase, name)]

    @property
    def entered(self) -> tuple[str, ...]:
        """The identities in the race, the baseline last."""
        return (*self.plan.candidates, *([self.plan.baseline] if self.plan.baseline else []))

    @property
    def raced_baseline(self) -> tuple[str, ...]:
        """The baseline, if it has all scores of the race, or if there was none."""
        return (self.plan.baseline,) if self.plan.baseline in self._race or (self.plan.candidates and not self.plan.race) else ()

    def standing(self) -> list[str]:
        """The candidates that have all scores of the race, the best mean first; without a race, all of them."""
        if not self.plan.race:
            return list(self.plan.candidates)
        return sorted((name for name in self._race if name != self.plan.baseline), key=lambda name: -fmean(self._race[name]))

    @cached_property
    def winner(self) -> str | None:
        """The best candidate of the decision, or of the race where there was none or it has not ended; None before that."""
        candidates = {name: scores for name, scores in self._decision.items() if name != self.plan.baseline}
        decided = best_of(candidates) if self.is_over(DECISION) else None
        return decided or next(iter(self.standing()), None)

    @property
    def won(self) -> bool:
        """True once race and decision are over, and the winner has all scores of one of them: the only candidate may have none."""
        scored = self.winner in self._race or self.winner in self._decision
        return scored and self.is_over(RACE) and self.is_over(DECISION)

    @property
    def passed_over(self) -> Trial | None:
        """The trial with the best claimed score, where it takes too long to be compared."""
        return self.claimed.get(self.plan.passed)

    def verdict(self) -> tuple[Verdict | None, str]:
        """The verdict, or the reason why there is none, and why its best is not the best of the search."""
        verdict, why = self._verdict()
        return verdict, ". ".join(said for said in (why, self._passed) if said and verdict is None)

    def _verdict(self) -> tuple[Verdict | None, str]:
        plan, winner = self.plan, self.winner
        if not plan.race and not plan.decision:
            return None, plan.reason or UNRACED
        phase = RACE if plan.race else DECISION
        late = "" if self.is_over(phase) else LATE.format(phase)
        if winner is None:
            return None, late or "no candidate has all scores of the race"
        if not plan.baseline:
            return None, "there is no baseline to compare with"
        names = f"trial {self.claimed[winner].number}", plan.baseline_name
        pairs = self._decision if self.is_over(DECISION) and {winner, plan.baseline} <= set(self._decision) else self._race
        if plan.baseline not in pairs or winner not in pairs:
            tried = self._race if plan.race else self._decision
            failed = [name for name, found in zip(names, (winner, plan.baseline), strict=True) if found not in tried]
            return None, late or f"{' and '.join(failed)} could not be trained again each time"
        rounds = [{name: scores for name, scores in found.items() if name in pairs} for found in (self._race, self._decision)]
        error = standard_error(rounds, len(pairs[winner]))
        if error is None:
            return None, "too few re-evaluations went well to measure their noise"
        decided = pairs is self._decision
        sampling = self._sampling_error(DECISION if decided else RACE, winner)
        common = plan.decisive if decided and plan.decisive is not None else max(plan.common, plan.fixed)
        error = total_error(error, sampling, common)
        means = fmean(pairs[winner]), fmean(pairs[plan.baseline])
        word = word_of(means[0] - means[1], error)
        sizes = [self.claimed[identity].parameters for identity in (winner, plan.baseline)]
        chosen = {"better": 0, "worse": 1}.get(word, 0 if sizes[0] < sizes[1] else 1)
        metric = self._settings.get("metric", {}).get("name", "")
        scores, noise = (self.store.sign * means[0], self.store.sign * means[1]), noise_of([self._race, self._decision])
        count = len(pairs[winner])
        sentence = sentence_of(word, names, scores, error, count, metric)
        smaller = "" if sizes[0] == sizes[1] else names[chosen]
        evidence = self._evidence(word, winner, smaller, count, decided, sampling is None)
        return Verdict(word, means[0] - means[1], error, noise, *names, names[chosen], count, scores, sentence, evidence), ""

    def _evidence(self, word: Word, winner: str, smaller: str, pairs: int, decided: bool, unsampled: bool) -> str:
        """The sentences below the verdict; `smaller` is the name of the smaller of the two, empty where both have the same size."""
        plan, long = self.plan, decided and self.plan.long
        searched, final = (self._epochs(name, winner) for name in ("epochs_search", "epochs_final"))
        said = [trainings_of(pairs, final if long else searched, long, plan.fixed, plan.decisive if decided else None)]
        if word == "not distinguishable":
            named = smaller if smaller == plan.baseline_name else _sentence(smaller)
            both = f"Both have the same size, so the baseline, {plan.baseline_name}, is recommended."
            said.insert(0, f"{named}, the smaller one, is recommended." if smaller else both)
        if decided:
            said += [self._failures(identity) for identity in (winner, plan.baseline)]
        if not long:
            said.append(longer(searched, final))
        if unsampled:
            said.append(f"The error leaves out the sampling error of {'this split' if plan.fixed else 'their pool'}, which is not known.")
        if decided and not plan.race:
            one = "the best of the search" if not plan.passed else f"trial {self.claimed[winner].number}"
            said.append(f"{_sentence(NO_TIME)}, so {one} was compared with the baseline alone.")
        elif plan.reason:
            said.append(f"{_sentence(plan.reason)}.")
        elif plan.decision and not decided:
            said.append(f"{_sentence(FAILED if self.is_over(DECISION) else LATE.format(DECISION))}.")
        for name in plan.unraced:
            late = self.claimed[name]
            claim = f"The baseline {late.origin} has a better score in the search, {decimal(late.value)}"
            said.append(f"{claim}, but was trained later, and there was no time to compare it.")
        said.append(f"{self._passed}." if self._passed else "")
        return " ".join(sentence for sentence in said if sentence)

    @property
    def _passed(self) -> str:
        """A sentence on the trial that was passed over, without its full stop; empty where there is none."""
        best, how = self.passed_over, " with the baseline" if self.plan.baseline else ""
        claim = "" if best is None else f"{_sentence(best.title)} stood higher in the search, with {decimal(best.value)}"
        return f"{claim}, but there was no time to compare it{how}" if claim else ""

    def _failures(self, identity: str) -> str:
        """The failed trainings of a network whose pairs do not count, in a sentence; empty where there are none."""
        lost = [key for key, trial in self._trials.items() if key[:2] == (DECISION, identity) and trial.fitness is None]
        count = len([seed for *_, seed in lost if seed not in self.plan.decision])
        name = self.plan.baseline_name if identity == self.plan.baseline else f"trial {self.claimed[identity].number}"
        plural = "does" if count == 1 else "do"
        return f"{counted(count, 'further training')} of {name} failed and {plural} not count." if count else ""

    def _epochs(self, name: str, winner: str) -> list[float | None]:
        """Epochs of the winner's trainings and of the baseline's; None where that is not known, as for an objective of the user."""
        recipe = self._settings.get("recipe", {})
        return [self.claimed[identity].proposal.changes.get(name, recipe.get(name)) for identity in (winner, self.plan.baseline)]

    @cached_property
    def _settings(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = (self.store.notes() if self._notes is None else self._notes).get(SETTINGS, {})
        return found

    @cached_property
    def _race(self) -> Scores:
        return self._scores(RACE, self.entered)

    @cached_property
    def _decision(self) -> Scores:
        return self._scores(DECISION, (*self.plan.finalists, self.plan.baseline))

    def _scores(self, phase: str, identities: Sequence[str]) -> dict[str, list[float]]:
        """Fitness by partition of those that have all of them."""
        found = {name: [trial.fitness for trial in self._of(phase, name) if trial is not None] for name in identities}
        scored = {name: [value for value in values if value is not None] for name, values in found.items()}
        return {name: values for name, values in scored.items() if values and len(values) == len(self._seeds(phase))}

    def _of(self, phase: str, identity: str) -> list[Trial | None]:
        return [self._trials.get((phase, identity, seed)) for seed in self._seeds(phase)]

    def _seeds(self, phase: str) -> tuple[int, ...]:
        return self.plan.race if phase == RACE else self.plan.decision

    def _sampling_error(self, phase: str, winner: str) -> float | None:
        """That of the difference on one validation split, from the trainings that have scores on its parts; None where none has."""
        parts = [[_parts(trial) for trial in self._of(phase, name)] for name in (winner, self.plan.baseline)]
        both = [pair for pair in zip(*parts, strict=True) if all(pair)]
        return sampling_error([one for one, _ in both], [other for _, other in both], self.plan.fixed) if both else None


def candidates(store: StudyStore, baselines: Sequence[Proposal]) -> Iterator[Trial]:
    """The best trials of the search that are not baselines, best among their equals first, each identity once and by its best trial."""
    known = {proposal.identity for proposal in baselines}
    ranked = store.phase(SEARCH).ranked
    for trial in ranked if began_alike(ranked) else best(ranked, len(ranked)):
        if trial.proposal.identity not in known:
            known.add(trial.proposal.identity)
            yield trial


def _parts(trial: Trial | None) -> Sequence[float]:
    """The scores on parts of a validation split; none where they are not known."""
    found: Sequence[float] | None = None if trial is None or trial.evaluation is None else trial.evaluation.extra.get(PARTS)
    return found or ()


def _sentence(said: str) -> str:
    """A text with a capital at its start."""
    return said[:1].upper() + said[1:]
