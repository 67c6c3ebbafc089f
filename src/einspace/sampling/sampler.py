"""The sampler: a small machine that derives from left to right and takes back decisions that lead nowhere.

Its state (what is left to do, what is built, the features at hand) is made of linked lists that are never changed, so that a decision
can be taken back by returning to the state before it, however deep the derivation is.
"""

from copy import copy
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Self

from einspace.derivation import Cost, Derivation
from einspace.derivation.inference import NODE
from einspace.errors import LimitError
from einspace.features import Feature, Features
from einspace.grammar import Grammar
from einspace.limits import Limits
from einspace.operations.branching import sampled_branches
from einspace.sampling.options import Choose, Rule, Terminal, Weigh, options

DECISIONS = 20_000
"""Budget of one attempt, in decisions."""
FAILURES = 24
"""The number of times that no aggregation fits the branches of a module before the module is given up."""
RETRIES = 48
"""Decisions that one branching module may spend once its aggregation has fitted nothing, before it is given up."""
ATTEMPTS = 20_000
"""The largest number of attempts for one sample."""


@dataclass
class SamplingReport:
    """Counts of attempts and decisions; pass one in, and sampling fills it."""

    samples: int = 0
    decisions: int = 0
    backtracks: int = 0
    over_budget: int = 0
    """Attempts restarted because they ran out of decisions: these bias towards small networks."""
    outgrown: dict[str, int] = field(default_factory=dict)
    """Attempts given up because they outgrew a limit, by the limit."""
    too_small: int = 0
    """Attempts whose network has too few parameters."""

    @property
    def attempts(self) -> int:
        """Attempts made, the successful ones included."""
        return self.samples + self.over_budget + sum(self.outgrown.values()) + self.too_small

    @property
    def acceptance(self) -> float:
        """The share of the attempts that gave a sample, which is small for a narrow range of sizes."""
        return self.samples / self.attempts if self.attempts else 1.0


class AttemptGivenUp(Exception):
    """An attempt that ran out of decisions (no limit named) or outgrew a limit."""

    def __init__(self, limit: str | None) -> None:
        super().__init__(limit)
        self.limit = limit


class Expansion(NamedTuple):
    """The expansion of a symbol, its outputs, and its cost together with the cost before it."""

    node: Derivation
    outputs: Features
    cost: Cost


class _Module:
    """A branching module under construction, and the state to return to if it is given up."""

    __slots__ = ("failures", "height", "outer", "since")

    def __init__(self, height: int, outer: "_Module | None") -> None:
        self.height = height
        self.outer = outer
        self.failures = 0
        self.since = 0

    def fail(self, decisions: int) -> "_Module | None":
        """Note that nothing fits the branches; gives the outermost module that is to be given up, if any.

        What is spent in here counts for every module around that is being retried too. Otherwise each level of nesting would multiply
        the retries of the level below, and a derivation of a few nodes could take all decisions of an attempt.
        """
        if self.failures == 0:
            self.since = decisions
        self.failures += 1
        lost = self if self.failures > FAILURES else None
        module: _Module | None = self
        while module is not None:
            if module.failures and decisions - module.since > RETRIES:
                lost = module
            module = module.outer
        return lost


class _Expand(NamedTuple):
    symbol: str
    depth: int
    copies: int
    module: _Module | None
    """The branching module around this one, if any."""
    closes: bool = False
    """True if this is the aggregation of the module around."""


class _Fork(NamedTuple):
    """The branching is chosen: lay out its branches."""

    rule: Rule
    depth: int
    """The depth of the nodes in the module."""
    copies: int
    module: _Module


class _Feed(NamedTuple):
    feature: Feature


class _Join(NamedTuple):
    drawn: int
    repeats: int


class _Reduce(NamedTuple):
    symbol: str
    children: int


class Sampler:
    """Samples derivations of a grammar within limits. Its only state is the remembered results of operations."""

    def __init__(self, grammar: Grammar, limits: Limits) -> None:
        self.grammar = grammar
        self.limits = limits
        self._options = options(grammar)
        self._weigh: Weigh | None = None

    def within(self, limits: Limits) -> Self:
        """A sampler with other limits, which remembers the same things."""
        other = copy(self)
        other.limits = limits
        return other

    def weighted(self, weigh: Weigh) -> Self:
        """A sampler that draws with other weights than the grammar's, and remembers the same things."""
        other = copy(self)
        other._weigh = weigh
        return other

    def sample(self, inputs: Features, choose: Choose, report: SamplingReport | None = None) -> Expansion:
        """Sample an architecture; an attempt that runs out of decisions or outgrows a limit is restarted.

        Raises LimitError where the limits let nothing through.
        """
        report = SamplingReport() if report is None else report
        for _ in range(ATTEMPTS):
            try:
                found = self.attempt(self.grammar.start, inputs, choose, report=report)
            except AttemptGivenUp as given_up:
                if given_up.limit is None:
                    report.over_budget += 1
                else:
                    report.outgrown[given_up.limit] = report.outgrown.get(given_up.limit, 0) + 1
                continue
            if found.cost.parameters < self.limits.min_parameters:
                report.too_small += 1
                continue
            report.samples += 1
            return found
        hint = "widen the limits, or raise p(M -> C)"
        raise LimitError(f"no architecture within {self.limits} was found at {inputs[0]} in {ATTEMPTS:,} attempts: {hint}")

    def attempt(
        self,
        symbol: str,
        inputs: Features,
        choose: Choose,
        copies: int = 1,
        spent: Cost = Cost(),  # noqa: B008
        report: SamplingReport | None = None,
        depth: int = 0,
    ) -> Expansion:
        """Expand a symbol once, as `copies` copies in a network that has already `spent`; raises AttemptGivenUp.

        Options are tried by weight, without replacement, until one fits. Where none does, the latest decision is changed, then the one
        above it. A branching module whose aggregation fitted nothing too often is given up as a whole. The `depth` is that of the symbol's
        node in the whole derivation, for weights that depend on it.
        """
        report = SamplingReport() if report is None else report
        agenda: Any = (_Expand(symbol, depth, copies, None), None)
        values: Any = (inputs, None)
        built: Any = None
        cost = spent
        trail: list[tuple[Any, Any, Any, Cost, tuple[Terminal | Rule, ...], tuple[float, ...]]] = []
        decisions = 0
        outgrown = self.limits.outgrown
        while agenda is not None:
            goal, rest = agenda
            kind = type(goal)
            if kind is _Reduce:
                children: list[Derivation] = []
                for _ in range(goal.children):
                    node, built = built
                    children.append(node)
                built = (Derivation(goal.symbol, tuple(reversed(children))), built)
                agenda = rest
                continue
            if kind is _Feed:
                values = ((goal.feature,), values)
                agenda = rest
                continue
            if kind is _Join:
                outputs: list[Feature] = []
                for _ in range(goal.drawn):
                    (feature,), values = values
                    outputs.append(feature)
                values = (tuple(reversed(outputs)) * goal.repeats, values)
                agenda = rest
                continue
            if kind is _Fork:
                features, values = values
                agenda = self._fork(goal, features, rest)
                continue
            left, weights = self._options[goal.symbol]
            if self._weigh is not None:
                weights = tuple(self._weigh(goal.symbol, goal.depth, values[0]))
            while True:  # until an option fits
                if not left:
                    lost = goal.module.fail(decisions) if goal.closes else None
                    if lost is not None:
                        del trail[lost.height :]
                    if not trail:
                        raise AttemptGivenUp(None)
                    report.backtracks += 1
                    agenda, values, built, cost, left, weights = trail.pop()
                    goal, rest = agenda
                index = choose(left, weights) if len(left) > 1 else 0
                option = left[index]
                left = left[:index] + left[index + 1 :]
                weights = weights[:index] + weights[index + 1 :]
                fitting = None if isinstance(option, Rule) else option.at(values[0])
                if fitting is not None or isinstance(option, Rule):
                    break
            decisions += 1
            report.decisions += 1
            if decisions > DECISIONS:
                raise AttemptGivenUp(None)
            if left:
                trail.append((agenda, values, built, cost, left, weights))
            if not isinstance(option, Rule):
                assert fitting is not None
                built = (option.node, built)
                values = (fitting.outputs, values[1])
                cost = cost.plus(fitting.cost, goal.copies)
                limit = outgrown(cost)
                if limit is not None:
                    raise AttemptGivenUp(limit)
                agenda = rest
                continue
            cost = cost.plus(NODE, goal.copies)
            if option.branches:
                module = _Module(len(trail), goal.module)
                fork = _Fork(option, goal.depth + 1, goal.copies, module)
                agenda = (_Expand(option.expansion[0], goal.depth + 1, goal.copies, module), (fork, rest))
            else:
                agenda = (_Reduce(goal.symbol, len(option.expansion)), rest)
                for part in reversed(option.expansion):
                    agenda = (_Expand(part, goal.depth + 1, goal.copies, goal.module), agenda)
        return Expansion(built[0], values[0], cost)

    @staticmethod
    def _fork(goal: _Fork, features: Features, rest: Any) -> Any:
        """Two branches for b = 2; otherwise one that is repeated (section 3.4)."""
        _, branch, aggregation = goal.rule.expansion
        count = sampled_branches(len(features))
        repeats = len(features) // count
        closing = _Expand(aggregation, goal.depth, goal.copies, goal.module, closes=True)
        agenda: Any = (closing, (_Reduce(goal.rule.symbol, count + 2), rest))
        agenda = (_Join(count, repeats), agenda)
        for feature in reversed(features[:count]):
            agenda = (_Feed(feature), (_Expand(branch, goal.depth, goal.copies * repeats, goal.module), agenda))
        return agenda
