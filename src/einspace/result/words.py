"""Words: sentences on the best found and its scores, favourable or not, for the terminal and for the report."""

from typing import Literal

from einspace.quantities import counted, decimal, duration, quantity
from einspace.racing.contest import UNRACED
from einspace.racing.verdict import Verdict
from einspace.result.entrant import Entrant
from einspace.result.result import Result
from einspace.result.rungs import Rung
from einspace.trial import DECISION, FINAL, RACE, Trial

Found = Literal["race", "verdict", "search", ""]
"""How the best network of a run was found: it won the race, the verdict compares it, or it has the best score; empty for none of these."""


def at_work(trial: Trial, seconds: float, epoch: int | None = None, epochs: int | None = None) -> str:
    """One line on a trial that a worker has trained for so many seconds; `epoch` of `epochs` is the last one that is known to be done.

    >>> from einspace.trial import Costs, Proposal
    >>> at_work(Trial(7, Proposal("relu", "key", Costs(1_500), "mutation", (3,))), 75, 2, 8)
    'trial 7: mutation, of trial 3, 1.5 k parameters, epoch 2 of 8 done, for 1 min 15 s'
    """
    facts = [came_from(trial), f"{quantity(trial.parameters)} parameters"]
    if epoch is not None:
        facts.append(f"epoch {epoch}{'' if epochs is None else f' of {epochs}'} done")
    return f"{trial.title}: {', '.join(facts)}, for {duration(seconds)}"


def came_from(trial: Trial) -> str:
    """The kind of change that made a trial, and its parents.

    >>> from einspace.trial import Costs, Proposal
    >>> came_from(Trial(7, Proposal("relu", "key", Costs(1_500), "kernel 1 to 3", (0,))))
    'kernel 1 to 3, of trial 0'
    """
    if not trial.parents:
        return trial.origin
    return f"{trial.origin}, of trial{'s' if len(trial.parents) > 1 else ''} {' and '.join(map(str, trial.parents))}"


def judged(result: Result) -> str:
    """The verdict and the noise in whole sentences, or why there is no verdict; empty for a run without a race."""
    if result.verdict is not None:
        return f"{result.verdict.sentence} {grounds(result.verdict)}"
    return "" if result.unjudged in ("", UNRACED) or result.best is None else result.sentence


def grounds(verdict: Verdict) -> str:
    """The evidence for a verdict, and the noise of one training, in whole sentences."""
    return f"{verdict.evidence} {noise(verdict)}"


def noise(verdict: Verdict) -> str:
    """The noise of a score, in a sentence."""
    return f"Training one network again changes its score by {decimal(verdict.noise)} (standard deviation)."


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
    if result.is_baseline:
        return f"On {split} nothing is better than the best baseline, {name}: {decimal(value)}."
    if result.verdict is not None and split == "validation":
        flattered = f"; that gap flatters {result.best.name}, because the best of many is picked" if gain > 0 else ""
        return f"In the search {result.best.name} had {decimal(score)} on validation, and {name} {decimal(value)}{flattered}."
    if result.verdict is not None and result.verdict.word == "not distinguishable":
        return f"On {split}, {result.best.name} has {decimal(score)} and the best baseline, {name}, {decimal(value)}."
    word = "beats" if gain > 0 else "equals" if gain == 0 else "does not beat"
    picked = split == "validation" and len(result.history) > 1
    flattered = "; that gap flatters it, because the best of many is picked" if gain > 0 and picked else ""
    return f"On {split} the best found {word} the best baseline, {name}: {decimal(score)} against {decimal(value)}{flattered}."


def is_tested(result: Result) -> bool:
    """Whether a final training has a score on test."""
    return any(value is not None for row in result.entrants for value in row.tests)


def untested(result: Result) -> str:
    """Says that nothing has a score on test, or no baseline where all trials have one, and why; without a full stop."""
    what = "No scores of baselines on test" if result.split == "test" else "No scores on test"
    if result.is_of_objective:
        return f"{what}: the objective is a function of your own"
    return f"{what}: {'no final training has ended with one' if result.has_test else 'these data have no test split'}"


def afterwards(result: Result) -> str:
    """The trainings after the search that there were, in a few words; empty where there were none."""
    ran = {trial.phase for trial in result.others}
    names = ["re-training"] * bool(ran & {RACE, DECISION}) + ["final training"] * (FINAL in ran)
    return " and ".join(names)


def recommended(result: Result) -> str:
    """The recommended network and the reason, in a sentence; empty before a network has a score."""
    row, verdict = result.recommended, result.verdict
    if row is None:
        return ""
    if verdict is None:
        why = _chosen(result)
    elif verdict.word == "not distinguishable":
        alike = not verdict.of_winner and result.best is not None and result.best.parameters == row.parameters
        why = (
            f"it has the size of {verdict.winner}, which is not distinguishable from it"
            if alike
            else f"it is the smaller of {verdict.winner} and {verdict.baseline}, which are not distinguishable"
        )
    elif verdict.of_winner:
        why = f"it beats the best baseline, {verdict.baseline}"
    else:
        why = f"{verdict.winner} is worse"
    return f"{f'The baseline {row.name}' if row in result.baselines else row.name.capitalize()} is recommended: {why}."


def _chosen(result: Result) -> str:
    """The reason to recommend the best where there is no verdict."""
    reasons: dict[Found, str] = {
        "race": "it did best when the best of the search were trained again",
        "search": "it has the best score of the search, and no verdict says more",
    }
    why = reasons.get(how_found(result), "no verdict says otherwise")
    if result.passed_over is None:
        return why
    return f"{why}; trial {result.passed_over} has a better score in the search, but takes too long to be compared"


def how_found(result: Result) -> Found:
    """How the best network of a run was found."""
    best = result.best
    if best is None:
        return ""
    if result.won and best.race:
        return "race"
    if result.verdict is not None:
        return "verdict"
    return "search" if is_top(result, best) else ""


def is_top(result: Result, row: Entrant) -> bool:
    """True if no trial of the search has a better score than this entrant."""
    top = result.top(1)
    return bool(top) and top[0].value == row.validation


def foretold(result: Result) -> str:
    """One sentence on how well the surrogate predicted; empty for a run without one."""
    found = result.surrogate
    if found is None:
        return ""
    trials = counted(found.predictions, "trial")
    said = f"The surrogate's predictions and the scores have a Kendall's tau of {found.tau:.2f} ({trials})"
    chosen = "none of them was" if not found.chosen else "1 of them was" if found.chosen == 1 else f"{found.chosen} of them were"
    return f"{said}; {chosen} chosen among several children."


def inherited(result: Result) -> str:
    """One or two sentences on the trials that inherited weights; empty for a run without any."""
    found = result.inheritance
    if found is None:
        return ""
    said = f"{found.trials} of {len(result.history)} trials began with weights of a parent, for half of the epochs"
    if found.tau is None:
        return f"{said}; too few of them were trained again from fresh weights to say how well these scores rank them."
    pairs = counted(found.pairs, "pair")
    return f"{said}. Their scores and those of trainings from fresh weights have a Kendall's tau of {found.tau:.2f} ({pairs})."


def climbed(result: Result) -> str:
    """A sentence for each rung on the trials that were stopped there; empty for a run without rungs."""
    return " ".join(_climbed(rung, len(result.history)) for rung in result.rungs)


def _climbed(rung: Rung, trials: int) -> str:
    said = f"{rung.stopped} of {trials} trials were stopped after {counted(rung.epoch, 'epoch')}"
    if rung.tau is None:
        return f"{said}; too few went on to say how well the scores there order those at the end."
    return f"{said}; the scores there and those at the end have a Kendall's tau of {rung.tau:.2f} ({counted(rung.ended, 'trial')})."
