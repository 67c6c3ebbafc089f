"""How well the surrogate would have ordered the trials of searches that are stored, each before it was trained.

    python -m benchmarks.agreement results/findings.jsonl [more files]

Each trial of a search is predicted by the forest that the surrogate would have had by then, which is fitted to the trials before it: from
30 trials on, and again after every five; a change of the recipe that a trial does not have is 0 to it. Printed are, for each search of 40
trials and more, Kendall's tau of predictions and scores, that of the numbers of parameters alone, and the deviation of tau by chance.
"""

import argparse
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean

from benchmarks.search.table import mean_and_error
from benchmarks.search.tasks import load
from rich.console import Console
from rich.table import Table
from scipy.stats import kendalltau

from einspace import EinSpace, load_trials
from einspace.grammar import named_grammar
from einspace.study.start import grammar_for
from einspace.surrogate import Agreement, Features, Guide, predicted
from einspace.trial import INITIAL, SEARCH, Prediction, Trial

LEAST = 40
"""Trials of a search, ten of which are predicted."""


@dataclass(frozen=True)
class Row:
    """One search: the agreement of the forest, and Kendall's tau of the numbers of parameters over the same trials."""

    run: str
    task: str
    agreement: Agreement
    parameters: float

    @property
    def chance(self) -> float:
        """The standard deviation of tau where there is no relation, of so many pairs without ties."""
        n = self.agreement.predictions
        return float((2 * (2 * n + 5) / (9 * n * (n - 1))) ** 0.5)


def searches(trials: Iterable[Trial]) -> dict[tuple[str, str], list[Trial]]:
    """The trials of each search that are all there, by its run and task, in the order of their numbers."""
    found: dict[tuple[str, str], list[Trial]] = {}
    for trial in trials:
        if trial.phase == SEARCH:
            found.setdefault((getattr(trial, "run", ""), getattr(trial, "task", "")), []).append(trial)
    ordered = {key: sorted(history, key=lambda trial: trial.number) for key, history in found.items()}
    return {key: history for key, history in ordered.items() if [trial.number for trial in history] == list(range(len(history)))}


def foretold(history: Sequence[Trial], space: EinSpace) -> list[Trial]:
    """The trials of a search, with the prediction that the forest of the trials before each would have made, where there is one."""
    features = Features(space.parse, {})
    guide = Guide(features.of, sum(trial.proposal.origin.startswith(INITIAL) for trial in history))
    found = []
    for number, trial in enumerate(history):
        forest = guide.forest(history[:number])
        if forest is not None:
            means, _ = forest.predict([features.of(trial.proposal, history)])
            trial = replace(trial, proposal=replace(trial.proposal, prediction=Prediction(float(means[0]), 1)))
        found.append(trial)
    return found


def row(run: str, task: str, history: Sequence[Trial], space: EinSpace) -> Row | None:
    """The figures of one search; None where fewer than two trials were predicted."""
    told = foretold(history, space)
    agreement = Agreement.of(told)
    if agreement is None:
        return None
    known = predicted(told)
    size = kendalltau([trial.proposal.costs.parameters for trial in known], [trial.fitness for trial in known])
    return Row(run, task, agreement, float(size.statistic))


def main(words: list[str] | None = None) -> None:
    """Print the figures of every search of the files."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="+", type=Path, help="tables of trials, as `python -m benchmarks.trials` writes them")
    given = parser.parse_args(words)
    console, rows, spaces = Console(width=120), [], dict[str, EinSpace]()
    for (run, task), history in searches(trial for file in given.files for trial in load_trials(file)).items():
        if len(history) < LEAST:
            continue
        if task not in spaces:
            inputs = load(task).input
            spaces[task] = EinSpace(inputs, grammar=named_grammar(grammar_for(inputs, "einspace")))
        found = row(run, task, history, spaces[task])
        if found is not None:
            rows.append(found)
            console.print(f"{run}: {found.agreement.predictions} predictions, tau {found.agreement.tau:.2f}", highlight=False)
    shown = Table("search", "task", "predictions", "tau", "of parameters alone", "by chance")
    for each in rows:
        figures = (f"{each.agreement.tau:.2f}", f"{each.parameters:.2f}", f"± {each.chance:.2f}")
        shown.add_row(each.run, each.task, str(each.agreement.predictions), *figures)
    console.print(shown)
    if len(rows) > 1:
        mean, error = mean_and_error([each.agreement.tau for each in rows])
        enough = sum(each.agreement.tau >= 0.4 for each in rows)
        alone = fmean(each.parameters for each in rows)
        console.print(
            f"{len(rows)} searches: mean tau {mean:.2f} ± {error:.2f}, at least 0.4 in {enough}; of parameters alone {alone:.2f}",
            highlight=False,
        )


if __name__ == "__main__":
    main()
