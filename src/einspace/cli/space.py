"""Architectures without training: `sample` and `baselines`."""

from random import Random
from typing import Annotated

import typer

from einspace.cli.options import AsJson, MaxParameters, Probability, Seed, Shape, parse_shape
from einspace.cli.output import err, out, print_json, progress
from einspace.errors import NetworkError, ShapeError
from einspace.grammar import GRAMMARS, PAPER_GRAMMAR
from einspace.limits import Limits
from einspace.reporting.tables import architectures, facts
from einspace.sampling import SamplingReport
from einspace.space import EinSpace


def sample(
    shape: Shape = "3,32,32",
    count: Annotated[int, typer.Option("-n", "--count", min=1, help="Number of architectures.")] = 5,
    seed: Seed = 0,
    probability: Probability = 0.32,
    grammar: Annotated[str, typer.Option("--grammar", help=f"Grammar to sample from: {', '.join(GRAMMARS)}.")] = PAPER_GRAMMAR,
    min_parameters: Annotated[int, typer.Option("--min-parameters", help="Parameters of a backbone, at least.")] = 0,
    max_parameters: MaxParameters = 100_000_000,
    as_json: AsJson = False,
) -> None:
    """Sample architectures from a grammar, within bounds on their parameters."""
    limits = Limits(parameters=max_parameters, min_parameters=min_parameters)
    space = EinSpace(parse_shape(shape), computation_probability=probability, limits=limits, grammar=grammar)
    report = SamplingReport()
    with progress(transient=True) as bar:
        line = bar.add_task("sample", total=count, best="")
        found = []
        for i in range(count):
            found.append(space.sample(Random(f"{seed}:{i}"), report))
            bar.update(line, completed=i + 1)
    reasons = {"too few parameters": report.too_small, "out of decisions": report.over_budget, **report.outgrown}
    given_up = ", ".join(f"{reason.replace('_', ' ')} {n:,}" for reason, n in sorted(reasons.items()) if n)
    told = (
        f"{report.samples:,} of {report.attempts:,} attempts gave a sample ({report.acceptance:.1%})"
        + (f", given up: {given_up}" if given_up else "")
        + f"; {report.decisions:,} decisions, {report.backtracks:,} taken back"
    )
    if as_json:
        print_json([facts(architecture) for architecture in found])
    else:
        rows = [(str(i), architecture) for i, architecture in enumerate(found)]
        out.print(architectures(rows, f"{count} samples at {space.input}, p = {probability:g}", out.width))
    (err if as_json else out).print(told, style="dim", highlight=False, soft_wrap=True)


def baselines(shape: Shape = "3,64,64", as_json: AsJson = False) -> None:
    """List the human-designed architectures that a search on this input can start from."""
    from einspace import baselines as known

    inputs = parse_shape(shape)
    rows, others = [], []
    for name in known.BASELINES:
        try:
            rows.append((name, known.get(name, inputs)))
        except (NetworkError, ShapeError):
            others.append(name)
    if as_json:
        print_json([{"name": name, **facts(architecture)} for name, architecture in rows])
    else:
        out.print(architectures(rows, f"Baselines at {inputs}", out.width))
    if others:
        (err if as_json else out).print(f"These do not fit {inputs}: {', '.join(others)}", style="dim", highlight=False, soft_wrap=True)
