"""The pictures of the pages. `python -m tests.pages.pictures` draws them anew, to be looked at."""

from random import Random

from tests.pages import architecture, concepts
from tests.pages.blocks import DOCS, ROOT
from tests.pictures.golden import block

from einspace import Architecture, EinSpace
from einspace.pictures import network_svg, tree_svg
from einspace.reporting.figures import figure_4
from einspace.result.table import read_table
from einspace.variation import CrossoverReport, MutationReport

FOLDER = DOCS / "images"
RUN, TRIAL = "demo2", 25
"""The winner of a search of AddDigits in `results/searches.jsonl`, which is small enough for a page."""
WORDY = "[[relu identity] [[permute(o=(2,1,3)) identity permute(o=(2,1,3))] norm]]"
"""A derivation whose normal form is two operations."""
SECOND = "[[im2col(k=3,s=1,p=1) linear(d=64) col2im] [softmax norm]]"
"""The second parent of a crossover, of which the child has the end."""


def found() -> Architecture:
    """A network that a search found."""
    rows = read_table(ROOT / "results" / "searches.jsonl")
    (text,) = {row.text for row in rows if (row.run, row.phase, row.number) == (RUN, "search", TRIAL)}
    return EinSpace((3, 8, 8)).parse(text)


def pictures() -> dict[str, str]:
    """Every picture by its file's name."""
    space, report = EinSpace((3, 32, 32)), MutationReport()
    mutant, wordy, crossed = space.mutate(block(), Random(5), report), space.parse(WORDY), CrossoverReport()
    child = space.crossover(block(), space.parse(SECOND), Random(5), crossed)
    return {
        "found-network.svg": network_svg(found(), theme="auto"),
        "found-derivation.svg": tree_svg(found(), "auto"),
        "block-network.svg": network_svg(block(), "operations", "auto"),
        "block-derivation.svg": tree_svg(block(), "auto"),
        "mutant-derivation.svg": tree_svg(mutant, "auto", report.path),
        "crossover-derivation.svg": tree_svg(child, "auto", crossed.path),
        "wordy-derived.svg": network_svg(wordy, "operations", "auto", derived=True),
        "wordy-normal-form.svg": network_svg(wordy, "operations", "auto"),
        "packages.svg": architecture.picture(),
        "convolution.svg": network_svg(space.parse("[im2col(k=3,s=1,p=1) linear(d=64) col2im]"), "operations", "auto"),
        "consistency.svg": figure_4("auto"),
        "evolution.svg": concepts.evolution(),
        "decision.svg": concepts.decision(),
    }


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, picture in pictures().items():
        (FOLDER / name).write_text(picture, encoding="utf-8")
