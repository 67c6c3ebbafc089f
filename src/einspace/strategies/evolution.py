"""Regularised evolution (section 4.1): a tournament among the youngest, whose winner is mutated."""

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import cycle, islice
from math import inf
from random import Random
from typing import NamedTuple

from einspace.errors import MutationError, SettingError
from einspace.known import best
from einspace.learned import Learner
from einspace.quantities import check_whole
from einspace.space import Architecture, EinSpace
from einspace.strategies import moves
from einspace.strategies.base import History, Strategy
from einspace.strategies.initial import RANDOM, label, member
from einspace.strategies.parsed import Parsed
from einspace.strategies.rungs import foretold
from einspace.surrogate import Features, Guide, highest
from einspace.trial import INITIAL, Proposal, Trial
from einspace.variation import EDITS, Choices, CrossoverReport, EditReport, MutationReport, canonical, check_choices, mutate_changes

TRIES = 20
"""How many children are drawn before one is proposed that is trained like an earlier trial; the paper's strategies draw one."""

RECIPE_ALONE = 0.5
"""The probability that a child whose recipe changes has its parent's architecture."""


PARENTS = 5
"""Latest parents that are kept with everything that is inferred of their children, which share most of it."""


class _Changed(NamedTuple):
    """A child of a parent, or of two: the change in words, its kind, the numbers of the parents and the place of the change."""

    child: Architecture
    words: str
    move: str
    parents: tuple[int, ...]
    place: tuple[int, ...] | None


@dataclass(eq=False)
class TournamentStrategy(Strategy):
    """The shared part of evolving strategies: initial members, then children of the fittest of `tournament` members of a population.

    `initial` holds names of baselines, texts and "random"; each is tried once, in this order. While none of them has ended well, the
    search waits for those that run, so that nothing but the seeds enters a seeded population (section 4.4). If `initial` is empty, or
    none of them ended well, the search is one from scratch: with random samples until `population` of them ended well. A fresh sample is
    proposed too where no child is found.

    Args:
        space: The space of the architectures.
        population: Members of the population.
        tournament: Members that compete to be a parent.
        initial: The initial members.
        crossover: The probability that a child has two parents, the winners of two tournaments; it has the first one's changes. Where all
            members are one architecture, or the two give no new one, the child has the first parent alone.
        edits: The share of the other children that are edited as by hand (`EinSpace.edit`) instead of mutated as in the paper.
        widening: The probability that a child is the best member with all its widths doubled (`EinSpace.widen`), as long as no trial is
            that network. Twice the width is what people try first, and a draw among all edits may take long to come to it.
        recipe_changes: The probability that a child's changes of recipe and head move by one step; half of these children keep the
            architecture of their parent.
        choices: What may change, by name: its values in ascending order, and the value that stands without a change.
        start: The changes of initial members and samples.
        adaptive: Whether the moves that made children better are drawn more often (`strategies.moves`). Then a child changes in one way: by
            a mutation, an edit, or a step of its recipe, whose shares at the start are `edits` and `recipe_changes`.
        surrogate: Whether a model of the finished trials chooses among several children (`einspace.surrogate`), once 30 trials and the
            initial members have ended well. It works where proposals are asked for by `strategies.propose`, as a search does.
        learned: Whether the probabilities of productions are half learnt from the best quarter of the finished trials
            (`einspace.learned`), from as many trials on; mutants, and samples that are not initial members, are drawn with them.

    Where `edits`, `widening` or `recipe_changes` is above 0, a child that would be trained like an earlier trial is drawn again; if it is
    so ten times, children are mutated.

    Raises:
        UnknownNameError, NotationError, ShapeError, NetworkError, GrammarError: For initial members that the space does not have.
        SettingError: For a population or a tournament without members, a probability outside 0 to 1, choices that do not ascend,
            changes of the recipe without choices, and `adaptive` where there is one kind of change alone.
    """

    space: EinSpace
    population: int = 100
    tournament: int = 10
    initial: Sequence[str] = ()
    crossover: float = 0.0
    edits: float = 0.0
    widening: float = 0.0
    recipe_changes: float = 0.0
    choices: Choices = field(default_factory=dict)
    start: Mapping[str, float] = field(default_factory=dict)
    adaptive: bool = False
    surrogate: bool = False
    learned: bool = False

    def __post_init__(self) -> None:
        check_whole("population", self.population)
        check_whole("tournament", self.tournament)
        for option in ("crossover", "edits", "widening", "recipe_changes"):
            share = getattr(self, option)
            if not (isinstance(share, int | float) and 0 <= share <= 1):
                raise SettingError(f"{option} must be a probability from 0 to 1, not {share!r}")
            setattr(self, option, float(share))
        for option, wanted in (("adaptive", self.adaptive), ("surrogate", self.surrogate), ("learned", self.learned)):
            if not isinstance(wanted, bool):
                raise SettingError(f"{option} must be True or False, not {wanted!r}")
        if self.adaptive and not (self.edits or self.recipe_changes):
            raise SettingError("adaptive chooses among kinds of change, of which there is one alone: set edits or recipe_changes over 0")
        check_choices(self.choices)
        if self.recipe_changes and all(set(ladder) == {standing} for ladder, standing in self.choices.values()):
            raise SettingError(f"recipe_changes is {self.recipe_changes!r}, so choices with two values or more are needed")
        self.initial = tuple(self.initial)
        self.start = canonical(self.start, self.choices)
        self.choices = {name: (tuple(map(float, ladder)), float(standing)) for name, (ladder, standing) in self.choices.items()}
        self._seeds = {name: member(self.space, name) for name in self.initial if name != RANDOM}
        self._read = Parsed(self.space)
        self._wider = lru_cache(PARENTS)(self._widen)
        self._parsed = lru_cache(PARENTS)(lambda text: self.space.architecture(self._read(text).node))
        standing = {name: value for name, (_, value) in self.choices.items()}
        self._shares = moves.shares(self.edits, self.recipe_changes)
        self._learner = Learner(self.space.grammar, self._read, len(self.initial))
        self._guide = Guide(Features(self._read, standing).of, len(self.initial))
        self.takes: Callable[[History], float] = lambda history: inf
        """Function that gives the seconds of a trial, so that a surrogate draws no longer than is worth it; the search sets it."""

    @abstractmethod
    def members(self, history: History) -> list[Trial]:
        """The population that follows from the history: at most `population` places, oldest first; one trial may hold several."""

    def winner(self, drawn: Sequence[Trial]) -> Trial:
        """The winner of a tournament: the fittest, the earliest drawn of equals."""
        return max(drawn, key=lambda member: member.fitness or 0.0)

    def better(self, child: Trial, parent: Trial) -> bool:
        """Whether a move made a child better than its parent, for `adaptive`; both ended well."""
        return (child.fitness or 0.0) > (parent.fitness or 0.0)

    def preferred(self, children: Sequence[Proposal], promise: Sequence[float], rng: Random) -> int:
        """The place of the child that is trained, from the fitness that is promised of each: the highest, the earliest of equals."""
        return highest(children, promise)

    def choose(self, ask: Callable[[], Proposal | None], history: History, rng: Random) -> Proposal | None:
        """The proposal that `ask` gives, or with a surrogate the best of several."""
        if not self.surrogate:
            return ask()
        return self._guide.propose(ask, lambda children, promise: self.preferred(children, promise, rng), history, self.takes(history))

    def propose(self, history: History, rng: Random) -> Proposal | None:
        """An initial member, a sample, a mutant or a child of two; None while seeds are trained and none has ended well."""
        number = len(history)
        if number < len(self.initial):
            name = self.initial[number]
            architecture = self.space.sample(rng) if name == RANDOM else self._seeds[name]
            return Proposal.of(architecture, f"{INITIAL}{label(name, number)}", changes=self.start)
        members, seeds = self.members(history), history[: len(self.initial)]
        if all(trial.fitness is None for trial in seeds):
            if any(trial.evaluation is None for trial in seeds):
                return None
            if len(list(islice((1 for trial in history if trial.fitness is not None), self.population))) < self.population:
                members = []
        space = self._drawn_from(history)
        return self._new_child(members, history, rng, space) if members else self._sample(rng, space)

    def _drawn_from(self, history: History) -> EinSpace:
        """The space that children are drawn from, with learnt probabilities if there are any."""
        learned = self._learner.learned(history) if self.learned else None
        return self.space if learned is None else self.space.weighted(learned.weigh)

    def _sample(self, rng: Random, space: EinSpace) -> Proposal:
        return Proposal.of(space.sample(rng), "sample", changes=self.start)

    def _new_child(self, members: Sequence[Trial], history: History, rng: Random, space: EinSpace) -> Proposal:
        """A child that is trained like no trial of the history, if one is drawn soon; the paper's strategies do not look.

        Edits of a few small networks run out, so that the later half of the tries is mutated.
        """
        wide = bool(self.widening) and rng.random() < self.widening
        child = (self._widened(members) if wide else None) or self._child(members, history, rng, self.edits, space)
        if self.edits or self.widening or self.recipe_changes:
            tried = {trial.proposal.identity for trial in history}
            for number in range(1, TRIES):
                if child.identity not in tried:
                    break
                child = self._child(members, history, rng, self.edits if number < TRIES / 2 else 0.0, space)
        return child

    def _widened(self, members: Sequence[Trial]) -> Proposal | None:
        """The best member with all its widths doubled, and its changes; None where there is no such network."""
        first = best(members, 1)[0]
        changed = self._wider(first.proposal.text)
        if changed is None:
            return None
        proposal = Proposal.of(changed.child, changed.words, (first.number,), changed.place, first.proposal.changes, changed.move)
        self._read.keep(changed.child, proposal.text)
        return proposal

    def _widen(self, text: str) -> _Changed | None:
        report = EditReport()
        try:
            child = self.space.widen(self._parsed(text), report)
        except MutationError:
            return None
        return _Changed(child, report.words, report.kind, (), report.path)

    def _child(self, members: Sequence[Trial], history: History, rng: Random, edits: float, space: EinSpace) -> Proposal:
        first = self._parent(members, rng)
        changes, moved, kind = first.proposal.changes, "", None
        if self.adaptive:
            kind = moves.draw(self._shares, history, rng, self.better) if edits or not self.edits else moves.MUTATION
        if kind == moves.RECIPE or (kind is None and self.recipe_changes and rng.random() < self.recipe_changes):
            changes, moved = mutate_changes(changes, self.choices, rng), moves.RECIPE
            if kind is not None or rng.random() < RECIPE_ALONE:
                return Proposal.of(self._parsed(first.proposal.text), moved, (first.number,), None, changes, moved)
        try:
            changed = self._changed(first, members, rng, edits, space, kind)
        except MutationError:
            return self._sample(rng, space)
        origin = f"{changed.words}, {moved}" if moved else changed.words
        proposal = Proposal.of(changed.child, origin, changed.parents, changed.place, changes, changed.move)
        self._read.keep(changed.child, proposal.text)
        return proposal

    def _changed(self, first: Trial, members: Sequence[Trial], rng: Random, edits: float, space: EinSpace, kind: str | None) -> _Changed:
        """Another architecture than the first parent's, by the move of that kind, or by one that is drawn if it is None."""
        if self.crossover and rng.random() < self.crossover and (second := self._second(first, members, rng)) is not None:
            one, other, crossed = self._parsed(first.proposal.text), self._parsed(second.proposal.text), CrossoverReport()
            with suppress(MutationError):
                child, parents = space.crossover(one, other, rng, crossed), (first.number, second.number)
                return _Changed(child, moves.CROSSOVER, moves.CROSSOVER, parents, crossed.path)
        parent = self._parsed(first.proposal.text)
        if kind in EDITS or (kind is None and edits and rng.random() < edits):
            edited = EditReport()
            with suppress(MutationError):
                child = space.edit(parent, rng, edited, kind)
                return _Changed(child, edited.words, edited.kind, (first.number,), edited.path)
        report = MutationReport()
        return _Changed(space.mutate(parent, rng, report), moves.MUTATION, moves.MUTATION, (first.number,), report.path)

    def _second(self, first: Trial, members: Sequence[Trial], rng: Random) -> Trial | None:
        """The winner of another tournament, which is held again among the others where it has the first parent's architecture."""
        second = self._parent(members, rng)
        if second.key != first.key:
            return second
        others = [member for member in members if member.key != first.key]
        return self._parent(others, rng) if others else None

    def _parent(self, members: Sequence[Trial], rng: Random) -> Trial:
        """The winner of a tournament, among those alone that inherited weights, or that did not, as the first that is drawn."""
        drawn = rng.sample(members, min(self.tournament, len(members)))
        equals = [member for member in members if member.inherited == drawn[0].inherited]
        if len(equals) < len(members):
            drawn = rng.sample(equals, min(self.tournament, len(equals)))
        return self.winner(drawn)


@dataclass(eq=False)
class RegularisedEvolution(TournamentStrategy):
    """The population is the youngest `population`: fitness wins tournaments, and members are removed by age.

    Seeds that ended well are cycled to fill `population` places; each child takes the oldest place, so seeds age out as children come.
    A child that was stopped at a rung takes a place with the fitness that it is predicted to have had (`strategies.rungs`).

    Args:
        elite: How many of the best trials are members beside the youngest, however old they are; 0, as in the paper, for none. In a search
            of few trials the best seed would age out before a child is as good.
    """

    elite: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        check_whole("elite", self.elite, 0)

    def members(self, history: History) -> list[Trial]:
        """The elite that is not young, and the last `population` of the cycled seeds and the children after them."""
        count = len(self.initial)
        seeds = [trial for trial in history[:count] if trial.fitness is not None]
        young = islice(foretold(history), max(0, len(history) - count))
        children = list(islice((trial for trial in young if trial.fitness is not None), self.population))[::-1]
        youngest = [*islice(cycle(seeds), max(self.population, len(seeds))), *children][-self.population :]
        return [*self._elite(history, {trial.number for trial in youngest}), *youngest]

    def _elite(self, history: History, young: set[int]) -> list[Trial]:
        """The best trials that are not among the young, oldest first; where two are as good, the older one is better."""
        if not self.elite:
            return []
        found = best([trial for trial in history if trial.fitness is not None], self.elite)
        return sorted((trial for trial in found if trial.number not in young), key=lambda trial: trial.number)
