"""A grammar for the terminal: its rules as in section 3.3, and what follows from its probabilities (A.4)."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import isfinite

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from einspace.grammar import Grammar, Production
from einspace.grammar.consistency import critical_probability, expectation_matrix
from einspace.grammar.einspace import einspace_grammar
from einspace.grammar.grammar import Copies, expanded
from einspace.operations import Group, Operation
from einspace.operations.branching import sampled_branches
from einspace.quantities import quantity
from einspace.reporting.fitting import FittingTable
from einspace.reporting.tables import STYLES

NOTE = """\
drawn: a repeated branch counts once; sampling ends with probability one where this radius is below one.
expanded: every copy counts, as in table 6. Both are of the rules alone, before features rule options out."""


def critical(copies: Copies) -> float:
    """The p(M -> C) at which the spectral radius of the paper's grammar is one (figure 4)."""
    return critical_probability(lambda p: einspace_grammar(p).spectral_radius(copies))


@dataclass(frozen=True)
class Measures:
    """The consistency figures of A.4, with the copies of a repeated branch counted in one way."""

    matrix: list[list[float]]
    """Expected number of each non-terminal (column) that one expansion of a non-terminal (row) generates."""
    radius: float
    expected_terminals: float
    """The expected number of terminals; infinite where the radius is one or more."""
    critical_probability: float
    """The p(M -> C) at which the radius is one."""

    @classmethod
    def of(cls, grammar: Grammar, copies: Copies) -> "Measures":
        """Compute all of it from the rules."""
        matrix = expectation_matrix(grammar.expectations(copies)).tolist()
        return cls(matrix, grammar.spectral_radius(copies), grammar.expected_length(copies), critical(copies))

    def to_json(self) -> dict[str, object]:
        """The measures as JSON values; an infinite length is null, for JSON has no infinity."""
        return {
            "expectation_matrix": self.matrix,
            "spectral_radius": self.radius,
            "consistent": self.radius < 1,
            "expected_terminals": self.expected_terminals if isfinite(self.expected_terminals) else None,
            "critical_probability": self.critical_probability,
        }


def measures(grammar: Grammar) -> dict[str, Measures]:
    """The measures of sampling, where a repeated branch counts once, and of the expanded network, where every copy counts."""
    return {"drawn": Measures.of(grammar, sampled_branches), "expanded": Measures.of(grammar, expanded)}


def facts(grammar: Grammar, probability: float) -> dict[str, object]:
    """The rules with their probabilities and all measures, ready for JSON."""
    return {
        "computation_probability": probability,
        "start": grammar.start,
        "rules": {
            symbol: [
                {
                    "expansion": p.expansion.text if isinstance(p.expansion, Operation) else " ".join(p.expansion),
                    "operation": p.expansion.name if isinstance(p.expansion, Operation) else None,
                    "probability": grammar.probability(p),
                }
                for p in productions
            ]
            for symbol, productions in grammar.rules.items()
        },
        "nonterminals": list(grammar.rules),
        **{name: found.to_json() for name, found in measures(grammar).items()},
    }


def summary(grammar: Grammar, probability: float) -> list[RenderableType]:
    """The output of `einspace grammar`."""
    found = measures(grammar)
    return [_rules(grammar, probability), _matrix(list(grammar.rules), found), _measures(found), Text(NOTE, style="dim")]


def _group(grammar: Grammar, symbol: str) -> Group | None:
    """The group that a symbol's terminals belong to; identity is a routing operation where R1 and R2 derive it."""
    groups = [p.expansion.group for p in grammar.rules[symbol] if isinstance(p.expansion, Operation)]
    return max(groups, key=groups.count) if groups else None


def _symbol(grammar: Grammar, symbol: str) -> Text:
    group = _group(grammar, symbol)
    return Text(symbol, style="bold" if group is None else f"bold {STYLES[group]}")


def _rules(grammar: Grammar, probability: float) -> Table:
    """The rules as a table, a symbol in each row; the versions of an operation (A.2) are one alternative, with their number."""
    table = Table.grid(padding=(0, 1))
    table.title = f"The rules of section 3.3 with their probabilities, p = {probability:g}; ×n: versions of A.2"
    table.title_justify, table.title_style = "left", "bold"
    for symbol, productions in grammar.rules.items():
        parts = [_alternative(grammar, together) for together in _by_operation(productions)]
        table.add_row(_symbol(grammar, symbol), "→", Text(" | ").join(parts))
    return table


def _by_operation(productions: Iterable[Production]) -> list[list[Production]]:
    found: dict[object, list[Production]] = {}
    for production in productions:
        expansion = production.expansion
        found.setdefault(expansion.name if isinstance(expansion, Operation) else expansion, []).append(production)
    return list(found.values())


def _alternative(grammar: Grammar, productions: list[Production]) -> Text:
    first = productions[0]
    if isinstance(first.expansion, Operation):
        group = _group(grammar, first.symbol)
        text = Text(first.expansion.name, style=STYLES[group or first.expansion.group])
        if len(productions) > 1:
            text.append(f" ×{len(productions)}")
    else:
        text = Text(" ").join(_symbol(grammar, symbol) for symbol in first.expansion)
    return Text.assemble(text, (f" {sum(map(grammar.probability, productions)):.3f}", "dim"))


def _matrix(symbols: list[str], found: dict[str, Measures]) -> Table:
    table = FittingTable(title="Expected non-terminals of one expansion (A.4)", title_justify="left", header_style="bold")
    table.add_column("")
    table.add_column("copies")
    for symbol in symbols:
        table.add_column(symbol, justify="right")
    for i, symbol in enumerate(symbols):
        for name, measure in found.items():
            if any(measure.matrix[i]):
                table.add_row(symbol, name, *(f"{value:.3f}" if value else "·" for value in measure.matrix[i]))
    table.caption, table.caption_justify = "the other rows are zero: these symbols derive terminals only", "left"
    return table


def _measures(found: dict[str, Measures]) -> Table:
    table = FittingTable(header_style="bold", caption_justify="left")
    table.add_column("")
    for heading in found:
        table.add_column(heading, justify="right")
    rows = found.values()
    table.add_row("spectral radius", *(f"{measure.radius:.4f}" for measure in rows))
    table.add_row("below one", *("yes: consistent" if measure.radius < 1 else "no" for measure in rows))
    table.add_row("expected terminals", *(quantity(m.expected_terminals) if isfinite(m.expected_terminals) else "infinite" for m in rows))
    table.add_row("critical p(M -> C)", *(f"{measure.critical_probability:.4f}" for measure in rows))
    return table
