"""Recipes and heads: what one change at a time does to the score on validation.

    python -m benchmarks.recipes [--tasks adddigits,mnist1d] [--networks resnet8,vit-tiny] [--changes grid2,...] [--own NAME={...}]
        [--ours] [--final]

Each network of a task is trained as its recipe has it, and then with each of the changes, from the same seeds, on one thread. Epochs are
those of the recipe or as given, so that a change costs what the recipe costs, but for what its steps cost more: the last column is its
time in parts of the recipe's. A difference is followed by its standard error over the seeds, which are paired. A change that a head does
not have is left out, and so are crop1, crop2 and flip where samples are no images. With `--ours` the first row, and all others besides
their change, have the changes that our protocol starts with; with `--final` trainings are final ones, and are scored on test.
"""

import argparse
import json
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import sqrt
from time import perf_counter

import torch
from benchmarks.search.tasks import TASKS, load

import einspace as es
from einspace.errors import SettingError, TaskError, UnknownNameError
from einspace.evaluation.evaluate import evaluate
from einspace.tasks import Augmentation
from einspace.tasks.changes import ADAMW, FACTOR, apply, ours

Changes = Mapping[str, float]

NETWORKS = {"Im": ("resnet8", "vit-tiny"), "Col": ("vit-tiny", "mixer-tiny")}
"""Networks that are trained on images and on series, where none are named."""

OURS, AS_IT_IS = "ours", "recipe"


def variants(recipe: es.Recipe) -> dict[str, Changes]:
    """One change at a time, by name; factors are of the task's recipe."""
    batch, decay = recipe.batch_size, recipe.weight_decay
    return {
        "batch/2": {"batch_size": batch // 2},
        "batch/4": {"batch_size": batch // 4},
        "decay*4": {"weight_decay": 4 * decay},
        "decay*16": {"weight_decay": 16 * decay},
        "grid2": {"grid": 2},
        "grid4": {"grid": 4},
        "dropout": {"dropout": 0.25},
        "rate/4": {FACTOR: 0.25},
        "rate/2": {FACTOR: 0.5},
        "rate*2": {FACTOR: 2},
        "warmup": {"warmup": 0.1},
        "clip": {"clip": 1.0},
        "nesterov": {"nesterov": 1},
        "smoothing": {"smoothing": 0.1},
        "averaging": {"averaging": 0.98},
        "adamw": {ADAMW: 1},
    }


AUGMENTED = {"crop1": Augmentation(1), "crop2": Augmentation(2), "flip": Augmentation(flip=True), "crop1-flip": Augmentation(1, True)}
"""What training does to images, by name; it is the task's, and no change of a trial."""


def trained(task: es.Task, text: str, changes: Changes, seeds: Sequence[int], final: bool = False) -> tuple[list[float | None], float]:
    """The scores on validation, or of final trainings on test, turned so that more is better, and the seconds of all of them."""
    start = perf_counter()
    sign = 1 if task.metric.higher_is_better else -1
    values = [evaluate(text, task, seed=seed, changes=changes, final=final).mean for seed in seeds]
    return [None if value is None else sign * value for value in values], perf_counter() - start


def row(name: str, scores: Sequence[float | None], base: Sequence[float | None], share: float) -> str:
    """A line: the mean, the mean difference from the recipe with its standard error, and the time."""
    pairs = [(score, before) for score, before in zip(scores, base, strict=True) if score is not None and before is not None]
    if not pairs or None in scores:
        return f"  {name:12} no score from {sum(score is None for score in scores)} of {len(scores)} seeds, time {share:.2f}"
    gains = [score - before for score, before in pairs]
    error = statistics.stdev(gains) / sqrt(len(gains)) if len(gains) > 1 else float("nan")
    scored = [score for score, _ in pairs]
    mean, gain = statistics.mean(scored), statistics.mean(gains)
    shown = " ".join(f"{score:.3f}" for score in scored)
    return f"  {name:12} {shown}  mean {mean:.3f}  {gain:+.3f} ± {error:.3f}  time {share:.2f}"


def own(text: str) -> tuple[str, Changes]:
    """Changes of NAME={...}, as JSON; raises SettingError for a text of another form."""
    name, _, values = text.partition("=")
    try:
        changes = json.loads(values)
    except ValueError:
        changes = None
    if not name or not isinstance(changes, dict):
        raise SettingError(f'changes are a name and values by name, as both={{"grid": 2, "batch_size": 32}}, not {text!r}')
    return name, changes


def main() -> None:
    """Train and print a table for each task and network."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tasks", default="adddigits,mnist1d,fashion", help=", ".join(TASKS))
    parser.add_argument("--networks", default="", help="baselines; without them, two of each kind of samples")
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--epochs", type=int, default=None, help="of every training, in place of the recipe's")
    parser.add_argument("--changes", default=None, help="some of the changes, or ours; without it, all of them")
    parser.add_argument("--own", action="append", default=[], metavar="NAME={...}", help="changes as JSON; may be given several times")
    parser.add_argument("--ours", action="store_true", help="begin with the changes of our protocol")
    parser.add_argument("--final", action="store_true", help="final trainings, scored on test")
    given = parser.parse_args()
    torch.set_num_threads(1)
    seeds = range(given.seeds)
    for name in given.tasks.split(","):
        task = load(name)
        task = replace(task, recipe=task.recipe.override(epochs_search=given.epochs))
        start = ours(task.recipe, task.head, task.input, len(task.train))
        known = {**variants(task.recipe), OURS: start, **dict(map(own, given.own))}
        known |= {augmented: {} for augmented in AUGMENTED}
        first, first_name = (start, OURS) if given.ours else ({}, AS_IT_IS)
        wanted = list(known) if given.changes is None else [*filter(None, given.changes.split(",")), *(own(text)[0] for text in given.own)]
        for change in wanted:
            if change not in known:
                raise UnknownNameError("change", change, known)
        print(f"{task.name}: {len(task.train):,} samples of {task.input}, {task.metric.name}, {task.recipe}", flush=True)
        for network in given.networks.split(",") if given.networks else NETWORKS[task.input.mode]:
            text = str(es.baselines.get(network, task.input.shape))
            base, seconds = trained(task, text, first, seeds, given.final)
            print(f" {network}, {seconds / len(seeds):.1f} s a training\n{row(first_name, base, base, 1.0)}", flush=True)
            for change in wanted:
                changes = {**first, **known[change]}
                try:
                    apply(task.recipe, task.head, changes)
                    changed = replace(task, augmentation=AUGMENTED.get(change, task.augmentation))
                except (SettingError, TaskError) as error:
                    print(f"  {change:12} {error}")
                    continue
                scores, spent = trained(changed, text, changes, seeds, given.final)
                print(row(change, scores, base, spent / seconds), flush=True)


if __name__ == "__main__":
    main()
