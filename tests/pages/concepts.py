"""Charts of the pages on concepts, of searches whose trials lie in `results/searches.jsonl`."""

from collections.abc import Sequence
from statistics import fmean

from tests.pages.blocks import ROOT

from einspace.racing.verdict import standard_error
from einspace.reporting.figures.charts import Axis, document, line, words
from einspace.result.table import Recorded, read_table
from einspace.trial import DECISION, SEARCH

WIDTH, HEIGHT = 640.0, 330.0
EVOLVED, WINNER = "demo2", 25
"""A search that is short enough for a picture, and its winner, which is also the network of the README."""
DECIDED = "demo1"
"""A search whose decision is of five pairs at final epochs."""


def trials(run: str, phase: str) -> list[Recorded]:
    """The trials of one phase in their order."""
    return [row for row in read_table(ROOT / "results" / "searches.jsonl") if (row.run, row.phase) == (run, phase)]


def evolution() -> str:
    """Every trial of a search by its score, with a line to its parent; the winner's line of descent is thick."""
    found = trials(EVOLVED, SEARCH)
    line_of_descent = _ancestors(found, WINNER)
    x, y = Axis(0, len(found) - 1, 56, WIDTH - 20), Axis(0.05, 0.45, HEIGHT - 50, 24)
    marks = _grid(x, y, (0.1, 0.2, 0.3, 0.4))
    marks += [words(x.at(tick), y.start + 18, f"{tick}", 11, "middle", "quiet") for tick in range(0, len(found), 5)]
    marks.append(words((x.start + x.end) / 2, y.start + 38, "trial", 12, "middle"))
    places = {trial.number: (x.at(trial.number), y.at(trial.fitness)) for trial in found if trial.fitness is not None}
    for thick in (False, True):
        for trial in found:
            for parent in trial.parents:
                if thick == {trial.number, parent}.issubset(line_of_descent):
                    marks.append(line([places[parent], places[trial.number]], "aggregation" if thick else "frame", thick=thick))
    for trial in found:
        across, down = places[trial.number]
        role = "branching" if not trial.parents else "aggregation" if trial.number in line_of_descent else "computation"
        marks.append(f'<circle class="{role}" cx="{across:.1f}" cy="{down:.1f}" r="4.5"/>')
        if not trial.parents:
            marks.append(words(across + 9, down + (4 if trial.number % 2 == 0 else 14), trial.origin.removeprefix("seed "), 11))
    across, down = places[WINNER]
    marks.append(words(across, down - 10, f"trial {WINNER}", 12, "middle", bold=True))
    return document(WIDTH, HEIGHT, "The trials of a search by their accuracy on validation, with lines to their parents", marks, "auto")


def decision() -> str:
    """The pairs of a decision: winner and baseline on the same partitions, and the differences."""
    found = trials(DECIDED, DECISION)
    scores: dict[str, list[float]] = {"winner": [], "resnet8": []}
    for trial in found:
        scores["winner" if trial.parents else "resnet8"].append(trial.fitness or 0.0)
    pairs = len(scores["winner"])
    x, y = Axis(0, pairs - 1, 96, WIDTH - 250), Axis(0.42, 0.48, HEIGHT - 50, 24)
    marks = _grid(x, y, (0.42, 0.44, 0.46, 0.48))
    marks.append(words((x.start + x.end) / 2, y.start + 38, "partition of train and valid", 12, "middle"))
    for i in range(pairs):
        high, low = (y.at(scores[name][i]) for name in scores)
        marks += [line([(x.at(i), high), (x.at(i), low)], dashed=True), words(x.at(i), y.start + 18, f"{i + 1}", 11, "middle", "quiet")]
    for (name, values), role in zip(scores.items(), ("aggregation", "branching"), strict=True):
        marks += [f'<circle class="{role}" cx="{x.at(i):.1f}" cy="{y.at(value):.1f}" r="6"/>' for i, value in enumerate(values)]
        marks.append(words(x.end + 16, y.at(values[-1]) + 4, name, 12, bold=True))
    apart = [first - second for first, second in zip(*scores.values(), strict=True)]
    error = standard_error([scores], pairs) or 0.0
    lines = ["mean of the differences", f"{fmean(apart):.3f} ± {error:.3f}", f"{fmean(apart) / error:.1f} standard errors: better"]
    marks += [words(WIDTH - 170, 70 + 20 * i, text, 12, bold=i == 1) for i, text in enumerate(lines)]
    return document(WIDTH, HEIGHT, "The accuracy of a winner and of its baseline on five partitions", marks, "auto")


def _ancestors(found: Sequence[Recorded], number: int) -> set[int]:
    """A trial, its first parent, and so on."""
    line_of_descent = {number}
    while parents := found[number].parents:
        number = parents[0]
        line_of_descent.add(number)
    return line_of_descent


def _grid(x: Axis, y: Axis, ticks: Sequence[float]) -> list[str]:
    """Lines at the ticks of an axis of accuracies, with their numbers."""
    lines = [line([(x.start, y.at(tick)), (x.end, y.at(tick))], "frame") for tick in ticks]
    numbers = [words(x.start - 10, y.at(tick) + 4, f"{tick:.2f}", 11, "end", "quiet") for tick in ticks]
    return [*lines, *numbers, words(x.start - 40, y.end - 10, "accuracy on valid", 11)]
