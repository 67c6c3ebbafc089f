"""Candidates: whether the best of a search by its claimed score is the best of the few that stand behind it, after long trainings.

    python -m benchmarks.candidates RUN [RUN...] --task adddigits [--first 5]

For each run whose decision was of long trainings, its first candidates by their claimed scores are trained on the partitions of that
decision, as the decision trained its finalist, and a line for each has what it claims and its lead over the baseline on each partition.
What the run itself has trained is taken from it.
"""

import argparse
from pathlib import Path
from statistics import fmean, stdev
from typing import Any, NamedTuple

import torch
from benchmarks.decisions import trained
from benchmarks.search.tasks import TASKS, load

import einspace as es
from einspace.errors import SettingError
from einspace.phases.race import decisive_share
from einspace.trial import DECISION, Trial


class Lead(NamedTuple):
    """A candidate, and its lead over the baseline on each partition, turned so that more is better; None where a training failed."""

    trial: Trial
    leads: tuple[float | None, ...]


def leads(run: Path, task: es.Task, first: int) -> list[Lead]:
    """The leads of the first candidates of a run; raises SettingError where its decision was not of long trainings beside a baseline."""
    result = es.load_result(run.name, str(run.parent))
    decided = [trial for trial in result.others if trial.phase == DECISION]
    known = {(trial.proposal.identity, trial.seed): trial.fitness for trial in decided}
    baselines = {trial.proposal.identity for trial in decided if not trial.parents}
    epochs = {len(trial.evaluation.losses) for trial in decided if trial.evaluation is not None and trial.fitness is not None}
    if len(baselines) != 1 or not all(count > task.recipe.epochs_search for count in epochs):
        raise SettingError(f"the run {run.name} has no decision of long trainings beside a baseline")
    (baseline,), partitions = baselines, sorted({trial.seed for trial in decided})
    ranked = sorted(
        (trial for trial in result.history if trial.fitness is not None and trial.parents), key=lambda trial: -(trial.fitness or 0.0)
    )
    found: dict[str, Lead] = {}
    for trial in ranked:
        identity = trial.proposal.identity
        if identity in found or len(found) == first:
            continue
        scores: list[float | None] = []
        for seed in partitions:
            if (identity, seed) not in known:
                known[identity, seed] = trained(task, trial.proposal.text, trial.proposal.changes, decisive_share(task), seed)
            score, other = known[identity, seed], known.get((baseline, seed))
            scores.append(None if score is None or other is None else score - other)
        found[identity] = Lead(trial, tuple(scores))
    return list(found.values())


def row(lead: Lead) -> str:
    """A line: the claim, the mean lead with its standard error, and the lead on each partition."""
    known = [value for value in lead.leads if value is not None]
    error = f" ± {stdev(known) / len(known) ** 0.5:.4f}" if len(known) > 1 else ""
    mean = f"{fmean(known):+.4f}{error}" if known else "no score"
    each = ", ".join("-" if value is None else f"{value:+.4f}" for value in lead.leads)
    return f"  {lead.trial.title} claims {lead.trial.value:.4f}: lead {mean} ({each})"


def main(words: list[str] | None = None) -> None:
    """Train and print."""
    parser: Any = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="*", type=Path, metavar="RUN", help="the folder of a run")
    parser.add_argument("--task", default="adddigits", help=", ".join(TASKS))
    parser.add_argument("--first", type=int, default=5, help="candidates of each run")
    given = parser.parse_args(words)
    torch.set_num_threads(1)
    task = load(given.task)
    for run in given.runs:
        print(f"{run.name}, {task.name}")
        for lead in leads(run, task, given.first):
            print(row(lead), flush=True)


if __name__ == "__main__":
    main()
