"""The page on a budget of time has the figures that the code has."""

from fractions import Fraction
from pathlib import Path

from einspace.config.protocol import Protocol
from einspace.phases.budget import RESERVED
from einspace.phases.race import SHARE
from einspace.strategies.affordable import TRIES
from einspace.study.start import GROWTH, LARGEST, SHORTEST

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "time-budget.md"


def test_the_page_has_the_figures_of_the_code() -> None:
    """It said that a trial may take twice what an initial member takes, where it may take four times as much."""
    ours, words = Protocol.of("einspace", None, 1), {2: "twice", 4: "four times", Fraction(1, 3): "a third", Fraction(1, 4): "a quarter"}
    times = Fraction(ours.share).limit_denominator() / ours.least_trials
    text = PAGE.read_text()
    for said in (
        f"the larger of two times: {times} of the budget, and {words[int(GROWTH)]} the predicted time of the slowest initial member",
        f"at most {({Fraction(1, 10): 'a tenth'})[Fraction(LARGEST * ours.share).limit_denominator(100)]} of the budget",
        f"up to {words[Fraction(SHARE).limit_denominator(100)]} of the budget is kept for race and decision, and up to {RESERVED:.0%}",
        f"down to {words[Fraction(1, SHORTEST)]}",
        f"up to {TRIES} times",
    ):
        assert said in text
