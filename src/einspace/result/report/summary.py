"""Summary: the first screen of a report: the findings in a few sentences, and the figures."""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from einspace.baselines import BASELINES
from einspace.config.protocol import OURS
from einspace.quantities import counted, decimal, duration, quantity
from einspace.racing.words import apart
from einspace.result.entrant import Entrant, rounds_of
from einspace.result.report.charts import best_baseline
from einspace.result.result import Result
from einspace.result.words import afterwards, compared, grounds, judged
from einspace.strategies.initial import RANDOM
from einspace.trial import SEARCH, Trial

BASELINE, SAMPLE, NEW = "baseline", "random sample", "new network"
"""The kinds of trials, as the summary names them."""


@dataclass(frozen=True)
class Card:
    """A figure of the first screen: its name, its value, and a remark."""

    name: str
    value: str
    remark: str = ""


def headline(result: Result) -> str:
    """The first line: the verdict, or the comparison in its place; empty where nothing can be compared."""
    if result.verdict is not None:
        return result.verdict.sentence
    return judged(result) or compared(result, "test") or compared(result, "validation")


def evidence(result: Result) -> str:
    """The evidence for the verdict, and the noise of one training; empty without a verdict."""
    return "" if result.verdict is None else grounds(result.verdict)


def tried(result: Result) -> str:
    """The numbers of trials of each kind, and the baselines that were trained beside them, in words."""
    named = {row.proposal.identity for row in result.baselines if row.proposal is not None}
    kinds = Counter(_kind(trial, named) for trial in result.history)
    parts = [counted(kinds[kind], kind) for kind in (BASELINE, SAMPLE, NEW) if kinds[kind]]
    said = f"{counted(len(result.history), 'architecture')} ({'a trial' if len(result.history) == 1 else 'trials'})"
    if len(parts) > 1:
        said += f": {', '.join(parts)}"
    trained = {trial.proposal.identity for trial in result.others if trial.phase != SEARCH and trial.evaluation is not None}
    beside = len(named & trained - {trial.proposal.identity for trial in result.history})
    said += f", beside {counted(beside, BASELINE)}" if beside else ""
    if not all(row.name in BASELINES for row in result.baselines):
        return said
    one, several = f"1 {BASELINE}", f"{BASELINE}s"
    if several in said:
        return said.replace(several, f"{several} (networks that people designed)", 1)
    return said.replace(one, f"{one} (a network that people designed)", 1)


def _kind(trial: Trial, baselines: Collection[str]) -> str:
    if not trial.parents and trial.proposal.identity in baselines:
        return BASELINE
    return SAMPLE if not trial.parents and trial.origin in ("sample", f"seed {RANDOM}") else NEW


def lead(result: Result) -> list[str]:
    """A summary of the search and of its best, in whole sentences."""
    best = result.best
    start = f"In {duration(result.seconds['total'])} this" if result.seconds["total"] else "This"
    direction = "higher is better" if result.higher_is_better else "lower is better"
    protocol = "" if result.protocol == OURS else f" by the protocol {result.protocol}"
    said = [f"{start} search for a neural architecture for {result.settings['task']}{protocol} tried {tried(result)}."]
    if result.sampling is not None:
        spread = result.sampling
        said.append(
            f"A random architecture scores {decimal(spread.mean)} ± {decimal(spread.deviation, spread.mean)} {result.metric} "
            f"on {result.split}, {direction}"
            f" ({spread.seeds} scored)."
        )
    if best is None:
        return said if result.split == "test" else [*said, "None has a score yet."]
    tests, claims = compared(result, "test"), compared(result, "validation")
    if best.validation is not None and (tests or not claims or result.verdict is None):
        searched, final = _after(trial for trial in result.history if trial.number == best.trial), _after(best.finals)
        tested = f", and {decimal(best.test)} on test{final} on train and validation together" if best.test is not None else ""
        said.append(
            f"The best, {best.name}, has {result.metric} {decimal(best.validation)}{result.on_split}{searched}{tested} ({direction})."
        )
    scores = tests or claims
    said += [scores] if scores != headline(result) else []
    if scores and not result.is_baseline and (not tests or len(best.finals) == 1):
        doubt = "how much of their difference is chance is not known" if result.verdict is None else "rely on the comparison above"
        said.append(f"These are {'test ' if tests else ''}scores of single trainings: {doubt}.")
    return [sentence for sentence in said if sentence]


def _after(trainings: Iterable[Trial | None]) -> str:
    """The epochs of the first of these trainings, as "after 8 epochs"; empty where the number is not known."""
    epochs = next((len(trial.losses) for trial in trainings if trial is not None), 0)
    return f" after {counted(epochs, 'epoch')}" if epochs else ""


def cards(result: Result) -> list[Card]:
    """The figures of the first screen."""
    best, rival = result.best, best_baseline(result)
    found = []
    if result.verdict is not None:
        verdict = result.verdict
        gap = apart(verdict.scores, verdict.standard_error)
        said = f"{gap} apart from {verdict.baseline}" if verdict.word == "not distinguishable" else f"than {verdict.baseline} by {gap}"
        found.append(Card("verdict", verdict.word, said))
    if best is not None:
        tested = " on test", [(row.name, row.test) for row in (best, rival) if row is not None]
        for what, ((_, value), *others) in (tested, _validated(result, best, rival)):
            if value is not None:
                remark = "".join(f"{name}: {decimal(other)}" for name, other in others if other is not None)
                found.append(Card(f"{result.metric}{what}", decimal(value), remark))
        found.append(Card("parameters of the best", quantity(best.parameters or 0), _parameters(best, rival)))
    failed = sum(trial.value is None for trial in result.history)
    found.append(
        Card("trials", f"{len(result.history):,}", f"{failed:,} without a score" if failed else "none failed" if result.history else "")
    )
    if result.seconds["total"]:
        spent, phases = f"{duration(result.seconds['search'])} of search", afterwards(result)
        after = f", {duration(result.seconds['final'])} of {phases}" if phases else ""
        found.append(Card("time", duration(result.seconds["total"]), spent + after))
    return found


def _validated(result: Result, best: Entrant, rival: Entrant | None) -> tuple[str, list[tuple[str, float | None]]]:
    """The scores of the best and of a baseline from trainings of one length: those of the verdict, of a round, or of the search."""
    rows = [row for row in (best, rival) if row is not None]
    if result.verdict is not None:
        names = result.verdict.winner, result.verdict.baseline
        return ", trained again", list(zip(names, result.verdict.scores, strict=True))
    if rounds := rounds_of([best]):
        return ", trained again", [(row.name, row.means[rounds[-1]]) for row in rows]
    return result.on_split, [(row.name, row.validation) for row in rows]


def _parameters(best: Entrant, rival: Entrant | None) -> str:
    """The number of parameters of the best, compared with the best baseline; empty where both are one, or there is no baseline."""
    if rival is None or not rival.parameters or not best.parameters or best.key == rival.key:
        return ""
    return f"{more(best.parameters, rival.parameters)} {rival.name} ({quantity(rival.parameters)})"


def more(number: int, other: int) -> str:
    """A number compared with another one, in words.

    >>> more(105, 100), more(50, 100), more(100, 100), more(420, 100), more(3, 100)
    ('5% more than', '50% fewer than', 'as many as', '4.2 times as many as', '3% as many as')
    """
    share = number / other
    if share >= 2:
        return f"{share:,.0f} times as many as" if share >= 10 else f"{share:.2g} times as many as"
    if share < 0.5:
        return f"{100 * share:.2g}% as many as"
    if f"{abs(share - 1):.0%}" == "0%":
        return "as many as" if number == other else "about as many as"
    return f"{abs(share - 1):.0%} {'more' if share > 1 else 'fewer'} than"
