"""Words: what validation and test say of the best found, favourable or not, for the terminal and for the report."""

from einspace.racing.contest import UNRACED
from einspace.result.result import Result


def judged(result: Result) -> str:
    """The verdict and the noise in whole sentences, or why there is no verdict; empty for a run without a race."""
    if result.verdict is not None:
        return f"{result.verdict.sentence} A single score of these varies by {result.verdict.noise:.4f} (standard deviation)."
    return "" if result.unjudged in ("", UNRACED) or result.best is None else f"There is no verdict: {result.unjudged}."


def compared(result: Result, split: str) -> str:
    """One sentence on the best found and the best baseline on "validation" or "test"; empty where one of them has no score."""
    if result.best is None:
        return ""
    score = result.best.test if split == "test" else result.best.validation
    others = [(row.name, row.test if split == "test" else row.validation) for row in result.baselines]
    scored = [(name, value) for name, value in others if value is not None]
    if score is None or not scored:
        return ""
    name, value = (max if result.higher_is_better else min)(scored, key=lambda other: other[1])
    gain = (score - value) * (1 if result.higher_is_better else -1)
    word = "beats" if gain > 0 else "equals" if gain == 0 else "does not beat"
    return f"On {split} the best found {word} the best baseline, {name}: {score:.4f} against {value:.4f}."
