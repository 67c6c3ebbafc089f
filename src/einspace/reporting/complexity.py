"""Complexity: the sizes and branching factors of sampled architectures (table 6), and the frequency of each function (figure 7).

An expanded architecture can have millions of operations; everything is counted from its derivation, in one walk.
"""

import statistics
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from random import Random

from einspace.derivation import Derivation
from einspace.features import Feature
from einspace.grammar.einspace import BRANCHING, COMPUTATION, ROUTING, SEQUENTIAL, einspace_grammar
from einspace.limits import Limits
from einspace.reporting.published import BRANCHING_FACTOR, NONTERMINALS, TERMINALS, Statistics
from einspace.sampling import Sampler, SamplingReport, chooser

LIMITS = Limits(operations=10**7, parameters=None, activation_bytes=None, flops=None)
"""Limits so wide that hardly an attempt is given up at p(M -> C) = 0.4 and above; below, the expanded size needs some bound."""

MODULES = {SEQUENTIAL: "sequential", BRANCHING: "branching", ROUTING: "routing", COMPUTATION: "computation"}
"""The four modules of section 3.2, by what their production derives."""


@dataclass(frozen=True)
class Counts:
    """The counts of one architecture. Drawn: a repeated branch counts once. Expanded: every copy counts, as in table 6."""

    drawn: Counter[str]
    """Functions and modules of the derivation, by name."""
    versions: Counter[str]
    """Functions of the derivation with their settings, by text."""
    expanded: Counter[str]
    """Functions and modules of the network."""
    terminals: int
    """Operations of the network."""
    nonterminals: int
    """S and M in the network's derivation, each a module. Table 6 counts these: with B, A, R1, R2 and C its minimum would be 5."""
    branching_factor: float
    """Mean, over the operations of the network, of the factor b at hand where each was chosen (section 3.6): that of the innermost
    branching module for what is in its branches and for its aggregation, 1 outside of any."""


def count(root: Derivation) -> Counts:
    """Count one derivation."""
    drawn: Counter[str] = Counter()
    versions: Counter[str] = Counter()
    expanded: Counter[str] = Counter()
    terminals = nonterminals = factors = 0
    waiting = [(root, 1, 1)]
    while waiting:
        node, copies, factor = waiting.pop()
        terminal, branching, repeats = node.terminal, node.branching, node.repeats
        name = _module(node) if terminal is None else terminal.name
        drawn[name] += 1
        expanded[name] += copies
        if terminal is not None:
            versions[terminal.text] += 1
            terminals += copies
            factors += copies * factor
            continue
        nonterminals += copies
        for position, child in enumerate(node.nodes):
            inner = factor if branching is None or position == 0 else branching.b
            waiting.append((child, copies * repeats if position == 1 else copies, inner))
    return Counts(drawn, versions, expanded, terminals, nonterminals, factors / terminals)


def _module(node: Derivation) -> str:
    if node.branching is not None:  # its symbols are B M M A where b = 2
        return MODULES[BRANCHING]
    symbols = tuple(child.symbol for child in node.nodes)
    return MODULES.get(symbols, " ".join(symbols))


@dataclass
class Census:
    """Counts over many samples of one grammar."""

    samples: int = 0
    sizes: dict[str, list[float]] = field(default_factory=lambda: {TERMINALS: [], NONTERMINALS: [], BRANCHING_FACTOR: []})
    drawn: Counter[str] = field(default_factory=Counter)
    versions: Counter[str] = field(default_factory=Counter)
    expanded: Counter[str] = field(default_factory=Counter)
    holders: Counter[str] = field(default_factory=Counter)
    """Samples in which a function or module occurs at all."""
    report: SamplingReport = field(default_factory=SamplingReport)

    def add(self, counts: Counts) -> None:
        """Take one architecture into account."""
        self.samples += 1
        self.sizes[TERMINALS].append(counts.terminals)
        self.sizes[NONTERMINALS].append(counts.nonterminals)
        self.sizes[BRANCHING_FACTOR].append(counts.branching_factor)
        self.drawn += counts.drawn
        self.versions += counts.versions
        self.expanded += counts.expanded
        self.holders.update(counts.drawn.keys())

    def statistics(self, part: str) -> Statistics:
        """The columns of table 6 for one of its three parts."""
        values = self.sizes[part]
        return Statistics(min(values), statistics.fmean(values), statistics.median(values), statistics.pstdev(values), max(values))

    def given_up(self) -> dict[str, int]:
        """Attempts that gave no sample, by the reason: out of decisions, or over a limit."""
        return {"decisions": self.report.over_budget, **self.report.outgrown}


def take(sampler: Sampler, inputs: Feature, samples: int, seed: str, on_sample: Callable[[int], None] | None = None) -> Census:
    """Sample architectures and count them; `on_sample` hears after each how many there are.

    Sample i is drawn by `Random(f"{seed}:{i}")`. Raises LimitError where the sampler's limits let nothing through.
    """
    census = Census()
    for i in range(samples):
        census.add(count(sampler.sample((inputs,), chooser(Random(f"{seed}:{i}")), census.report).node))
        if on_sample is not None:
            on_sample(i + 1)
    return census


def take_each(
    probabilities: Iterable[float], inputs: Feature, samples: int, seed: int, on_sample: Callable[[float, int], None] | None = None
) -> dict[float, Census]:
    """The census of the paper's grammar at each p(M -> C); `on_sample` hears after each sample of which p it is, and its number."""
    counted = {}
    for p in probabilities:
        heard = None if on_sample is None else partial(on_sample, p)
        counted[p] = take(Sampler(einspace_grammar(p), LIMITS), inputs, samples, f"{seed}:{p:g}", heard)
    return counted
