"""Summary: the first screen of a report: what was found in a few sentences, and its figures."""

from dataclasses import dataclass

from einspace.config.protocol import OURS
from einspace.quantities import duration, quantity
from einspace.result.report.charts import best_baseline
from einspace.result.result import Result
from einspace.result.words import compared, judged, noise


@dataclass(frozen=True)
class Card:
    """A figure of the first screen: its name, its value, and a remark."""

    name: str
    value: str
    remark: str = ""


def headline(result: Result) -> str:
    """The first line for a stranger: the verdict, or what there is in its place; empty where nothing can be compared."""
    if result.verdict is not None:
        return result.verdict.sentence
    return judged(result) or compared(result, "test") or compared(result, "validation")


def lead(result: Result) -> list[str]:
    """The evidence for the first line, in whole sentences."""
    count, best = len(result.history), result.best
    architectures = "1 architecture (a trial)" if count == 1 else f"{count:,} architectures (trials)"
    people = len(result.baselines)
    beside = (
        " beside 1 baseline (a network that people designed)"
        if people == 1
        else f" beside {people} baselines (networks that people designed)"
    )
    spent = f" in {duration(result.seconds['total'])}" if result.seconds["total"] else ""
    direction = "higher is better" if result.higher_is_better else "lower is better"
    terms = f"{architectures}{beside if people else ''}{spent}{'' if result.protocol == OURS else f', by the protocol {result.protocol}'}"
    said = [f"This search for a neural architecture for {result.settings['task']} tried {terms}."]
    if result.sampling is not None:
        spread = result.sampling
        split = "test" if result.settings["strategy"] == "sampling" else "validation"
        said.append(
            f"A random architecture scores {spread.mean:.4f} ± {spread.deviation:.4f} {result.metric} on {split}, {direction}"
            f" ({spread.seeds} scored)."
        )
    if best is None:
        return said if result.sampling is not None else [*said, "None has a score yet."]
    if best.validation is not None:
        searched, final = (_after(result, name) for name in ("epochs_search", "epochs_final"))
        tested = f", and {best.test:.4f} on test{final} on train and validation together" if best.test is not None else ""
        said.append(f"The best, {best.name}, has {result.metric} {best.validation:.4f} on validation{searched}{tested} ({direction}).")
    if result.verdict is not None:
        said.append(noise(result.verdict))
    scores = compared(result, "test") or compared(result, "validation")
    said += [scores] if scores != headline(result) else []
    if scores and len(best.finals) == 1:
        said.append(f"Each {'test ' if best.test is not None else ''}score is of one training, so that these have no error of their own.")
    return [sentence for sentence in said if sentence]


def _after(result: Result, name: str) -> str:
    """How many epochs the trainings of the best have, in a few words; nothing where that is not known."""
    changes = {} if result.best is None or result.best.proposal is None else result.best.proposal.changes
    epochs = changes.get(name, result.settings.get("recipe", {}).get(name))
    return "" if epochs is None else f" after {int(epochs)} epoch{'' if epochs == 1 else 's'}"


def cards(result: Result) -> list[Card]:
    """The figures of the first screen."""
    best, rival = result.best, best_baseline(result)
    found = []
    if result.verdict is not None:
        apart = f"{result.verdict.difference:+.4f} ± {result.verdict.standard_error:.4f} against {result.verdict.baseline}"
        found.append(Card("verdict", result.verdict.word, apart))
    if best is not None:
        again = best.reevaluated is not None
        validation = [None if row is None else row.reevaluated if again else row.validation for row in (best, rival)]
        for split, value, other in (
            ("test", best.test, None if rival is None else rival.test),
            ("re-evaluation" if again else "validation", *validation),
        ):
            if value is not None:
                remark = "" if rival is None or other is None else f"{rival.name}: {other:.4f}"
                found.append(Card(f"{result.metric} {'at' if split == 're-evaluation' else 'on'} {split}", f"{value:.4f}", remark))
        remark = "" if rival is None or rival.parameters is None else f"{rival.name}: {quantity(rival.parameters)}"
        if remark and rival is not None and rival.parameters and best.parameters:
            times = f"{best.parameters / rival.parameters:.2g}"
            remark += ", as many" if times == "1" else f", {times} times as many"
        found.append(Card("parameters of the best", quantity(best.parameters or 0), remark))
    scored = sum(trial.value is not None for trial in result.history)
    failed = len(result.history) - scored
    found.append(Card("trials", f"{len(result.history):,}", f"{scored:,} scored, {failed:,} without a score"))
    if result.seconds["total"]:
        searched = f"{duration(result.seconds['search'])} of search, {duration(result.seconds['final'])} of race and final training"
        found.append(Card("time", duration(result.seconds["total"]), searched))
    return found
