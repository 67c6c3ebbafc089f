"""The grammar itself: `grammar`, with table 6 and figure 7."""

from typing import TYPE_CHECKING, Annotated

import typer

from einspace.cli.options import AsJson, Probability, Seed, Shape
from einspace.cli.output import out, print_json, progress
from einspace.features import Feature
from einspace.grammar import einspace_grammar
from einspace.quantities import check_whole

if TYPE_CHECKING:
    from einspace.reporting.complexity import Census


def grammar(
    probability: Probability = 0.32,
    table6: Annotated[bool, typer.Option("--table6", help="Sample at every p of table 6 and print our rows beside the paper's.")] = False,
    figure7: Annotated[
        bool, typer.Option("--figure7", help="Sample at p and count how often each function occurs; --table6 does this too.")
    ] = False,
    samples: Annotated[int, typer.Option("-n", "--samples", help="Number of architectures sampled at each p.")] = 2_000,
    shape: Shape = "3,32,32",
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """Print the production rules, their probabilities and what follows from them."""
    if table6 or figure7:
        census(probability, table6, samples, Feature.parse(shape), seed, as_json)
        return
    from einspace.reporting.rules import facts, summary

    rules = einspace_grammar(probability)
    if as_json:
        print_json(facts(rules, probability))
        return
    for part in summary(rules, probability):
        out.print(part)


def census(probability: float, table6: bool, samples: int, inputs: Feature, seed: int, as_json: bool) -> None:
    """Sample and count: figure 7 at one p, and table 6 at all of its own if wished."""
    from einspace.reporting.complexity import LIMITS
    from einspace.reporting.published import TABLE_6, TERMINALS
    from einspace.reporting.table_6 import figure_7, figure_7_facts, table_6, table_6_facts

    check_whole("samples", samples)
    probabilities = [*TABLE_6[TERMINALS], probability] if table6 else [probability]
    counted = _take(list(dict.fromkeys(probabilities)), samples, inputs, seed)
    rows = {p: counted[p] for p in TABLE_6[TERMINALS]} if table6 else {}
    if as_json:
        settings = {"input": list(inputs.shape), "samples": samples, "seed": seed, "operations_limit": LIMITS.operations}
        figures: dict[str, object] = {"table6": table_6_facts(rows)} if table6 else {}
        print_json({**settings, **figures, "figure7": figure_7_facts(counted[probability], probability)})
        return
    out.print(f"{samples:,} samples at {inputs}, seed {seed}, at most {LIMITS.operations:,} operations each", highlight=False)
    for part in [*(table_6(rows) if table6 else []), *figure_7(counted[probability], probability)]:
        out.print(part)


def _take(probabilities: list[float], samples: int, inputs: Feature, seed: int) -> "dict[float, Census]":
    from einspace.reporting.complexity import take_each

    with progress() as bar:
        line = bar.add_task("", total=samples * len(probabilities), best="")

        def told(p: float, count: int) -> None:
            bar.update(line, description=f"p = {p:g}", completed=probabilities.index(p) * samples + count)

        return take_each(probabilities, inputs, samples, seed, told)
