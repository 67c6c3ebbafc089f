"""Sampling with backtracking (section 3.6, A.1): expand a symbol at the features that reach it.

The sampler is a small machine. Its state (what is left to do, what is built, the features at hand) is made of linked lists that are
never changed, so that a decision can be taken back by returning to the state before it, however deep the derivation is.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, NamedTuple

from einspace.derivation import Cost, Node
from einspace.derivation.inference import apply
from einspace.errors import LimitError, ShapeError
from einspace.features import Feature, Features
from einspace.grammar import Grammar
from einspace.limits import Limits
from einspace.operations.branching import drawn

Choose = Callable[[Sequence[Any], Sequence[float]], int]
"""Picks the index of one option, by weight."""

DECISIONS = 20_000
"""Budget of one attempt, in decisions."""
FAILURES = 24
"""How often the aggregation of one branching module may fit nothing before the module is given up."""
ATTEMPTS = 20_000
"""How many attempts one sample may take."""
CACHED = 50_000
"""How many features the options are remembered for."""


def chooser(rng: Random) -> Choose:
    """Choose by weight with a random generator."""
    random = rng.random

    def choose(options: Sequence[Any], weights: Sequence[float]) -> int:
        remaining = random() * sum(weights)
        for index, weight in enumerate(weights):
            remaining -= weight
            if remaining < 0:
                return index
        return len(options) - 1

    return choose


@dataclass
class SamplingReport:
    """What sampling had to do; hand one in to see it filled."""

    samples: int = 0
    decisions: int = 0
    backtracks: int = 0
    over_budget: int = 0
    """Attempts restarted because they ran out of decisions: these bias towards small networks."""
    outgrown: dict[str, int] = field(default_factory=dict)
    """Attempts given up because they outgrew a limit, by the limit."""
    too_small: int = 0

    @property
    def attempts(self) -> int:
        """Attempts made, the successful ones included."""
        return self.samples + self.over_budget + sum(self.outgrown.values()) + self.too_small


class AttemptGivenUp(Exception):
    """An attempt that ran out of decisions (no limit named) or outgrew a limit."""

    def __init__(self, limit: str | None) -> None:
        super().__init__(limit)
        self.limit = limit


class _Leaf(NamedTuple):
    """A terminal that fits: its node, its outputs and its cost."""

    node: Node
    outputs: Features
    cost: Cost


class _Rule(NamedTuple):
    """A production that derives non-terminals."""

    symbol: str
    expansion: tuple[str, ...]
    branches: bool


class _Module:
    """A branching module under construction: where to return to if it is given up."""

    __slots__ = ("failures", "height")

    def __init__(self, height: int) -> None:
        self.height = height
        self.failures = 0


class _Expand(NamedTuple):
    symbol: str
    copies: int
    module: _Module | None = None


class _Fork(NamedTuple):
    """The branching is chosen: lay out its branches."""

    rule: _Rule
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


_NODE = Cost(nonterminals=1)


class Sampler:
    """Samples derivations of a grammar within limits. Keeps the options that fit each feature, and no other state."""

    def __init__(self, grammar: Grammar, limits: Limits) -> None:
        self.grammar = grammar
        self.limits = limits
        self._cache: dict[tuple[str, Features], tuple[tuple[_Leaf | _Rule, ...], tuple[float, ...]]] = {}

    def sample(self, inputs: Features, choose: Choose, report: SamplingReport | None = None) -> Node:
        """Sample an architecture; an attempt that runs out of decisions or outgrows a limit is restarted.

        Raises LimitError where the limits let nothing through.
        """
        report = SamplingReport() if report is None else report
        for _ in range(ATTEMPTS):
            try:
                node, cost = self.attempt(self.grammar.start, inputs, choose, report=report)
            except AttemptGivenUp as given_up:
                if given_up.limit is None:
                    report.over_budget += 1
                else:
                    report.outgrown[given_up.limit] = report.outgrown.get(given_up.limit, 0) + 1
                continue
            if cost.parameters < self.limits.min_parameters:
                report.too_small += 1
                continue
            report.samples += 1
            return node
        raise LimitError(f"no architecture within {self.limits} was found at {inputs[0]} in {ATTEMPTS:,} attempts: widen the limits")

    def options(self, symbol: str, inputs: Features) -> tuple[tuple[_Leaf | _Rule, ...], tuple[float, ...]]:
        """The productions of a symbol whose rule accepts the inputs, and their weights."""
        known = self._cache.get((symbol, inputs))
        if known is not None:
            return known
        options: list[_Leaf | _Rule] = []
        weights: list[float] = []
        for production in self.grammar.rules[symbol]:
            expansion = production.expansion
            if isinstance(expansion, tuple):
                options.append(_Rule(symbol, expansion, self.grammar.branches(production)))
            else:
                try:
                    outputs, cost = apply(expansion, inputs)
                except ShapeError:
                    continue
                options.append(_Leaf(Node(symbol, (expansion,)), outputs, cost.plus(_NODE)))
            weights.append(production.weight)
        if len(self._cache) >= CACHED:
            self._cache.clear()
        found = self._cache[symbol, inputs] = tuple(options), tuple(weights)
        return found

    def attempt(
        self,
        symbol: str,
        inputs: Features,
        choose: Choose,
        copies: int = 1,
        spent: Cost = Cost(),  # noqa: B008
        report: SamplingReport | None = None,
    ) -> tuple[Node, Cost]:
        """Expand a symbol once, as `copies` copies in a network that has already `spent`; raises AttemptGivenUp.

        Where no option fits, the latest decision is changed, then the one above it. Options are tried by weight, without
        replacement. A branching module whose aggregation fitted nothing too often is given up as a whole.
        """
        report = SamplingReport() if report is None else report
        agenda: Any = (_Expand(symbol, copies), None)
        values: Any = (inputs, None)
        built: Any = None
        cost = spent
        trail: list[tuple[Any, Any, Any, Cost, tuple[Any, ...], tuple[float, ...]]] = []
        decisions = 0
        limits = self.limits
        while agenda is not None:
            goal, rest = agenda
            kind = type(goal)
            if kind is _Reduce:
                children: list[Node] = []
                for _ in range(goal.children):
                    node, built = built
                    children.append(node)
                built = (Node(goal.symbol, tuple(reversed(children))), built)
                agenda = rest
            elif kind is _Feed:
                values = ((goal.feature,), values)
                agenda = rest
            elif kind is _Join:
                outputs: list[Feature] = []
                for _ in range(goal.drawn):
                    (feature,), values = values
                    outputs.append(feature)
                values = (tuple(reversed(outputs)) * goal.repeats, values)
                agenda = rest
            elif kind is _Fork:
                features, values = values
                agenda = self._fork(goal, features, rest)
            else:
                options, weights = self.options(goal.symbol, values[0])
                while not options:  # a dead end: return to the latest decision that has another option
                    if goal.module is not None:
                        goal.module.failures += 1
                        if goal.module.failures > FAILURES:
                            del trail[goal.module.height :]
                    if not trail:
                        raise AttemptGivenUp(None)
                    report.backtracks += 1
                    agenda, values, built, cost, options, weights = trail.pop()
                    goal, rest = agenda
                decisions += 1
                report.decisions += 1
                if decisions > DECISIONS:
                    raise AttemptGivenUp(None)
                index = choose(options, weights) if len(options) > 1 else 0
                option = options[index]
                if len(options) > 1:
                    others = options[:index] + options[index + 1 :]
                    trail.append((agenda, values, built, cost, others, weights[:index] + weights[index + 1 :]))
                if isinstance(option, _Leaf):
                    built = (option.node, built)
                    values = (option.outputs, values[1])
                    cost = cost.plus(option.cost, goal.copies)
                    limit = limits.outgrown(cost)
                    if limit is not None:
                        raise AttemptGivenUp(limit)
                    agenda = rest
                else:
                    cost = cost.plus(_NODE, goal.copies)
                    if option.branches:
                        module = _Module(len(trail))
                        agenda = (_Expand(option.expansion[0], goal.copies), (_Fork(option, goal.copies, module), rest))
                    else:
                        agenda = (_Reduce(goal.symbol, len(option.expansion)), rest)
                        for part in reversed(option.expansion):
                            agenda = (_Expand(part, goal.copies), agenda)
        return built[0], cost

    @staticmethod
    def _fork(goal: _Fork, features: Features, rest: Any) -> Any:
        """Two branches for b = 2; otherwise one that is repeated (section 3.4)."""
        _, branch, aggregation = goal.rule.expansion
        count = drawn(len(features))
        repeats = len(features) // count
        agenda: Any = (_Expand(aggregation, goal.copies, goal.module), (_Reduce(goal.rule.symbol, count + 2), rest))
        agenda = (_Join(count, repeats), agenda)
        for feature in reversed(features[:count]):
            agenda = (_Feed(feature), (_Expand(branch, goal.copies * repeats), agenda))
        return agenda
