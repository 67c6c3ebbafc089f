"""The page of the benchmark's runs, made of their files. `python -m tests.pages.benchmark` writes it anew."""

from pathlib import Path

from benchmarks.search.page import markdown
from benchmarks.search.runs import read
from tests.pages.blocks import DOCS

FILE = DOCS / "benchmark.md"
RUNS = Path(__file__).parents[2] / "results" / "benchmark"

HEAD = """# The benchmark, run by run

What the [results](results.md) say in sentences. `python -m benchmarks.search` made the runs, and `python -m tests.pages.benchmark` makes
this page of their files in `results/benchmark`.

- *claimed* is the score on validation of the best trial of the search, which is too good, since it is the best of many.
- *again* is the mean of the winner on validation when the race has trained it again on new splits. The CNN space has no race.
- *verdict* is the word on the winner beside the best baseline, and *recommends* is what one takes away.
- *on test* is the mean over three final trainings of what the method recommends, and the three. The best of a task and seed is bold.
  *winner* and *best baseline* are the means of the two between which the recommendation chose.
- Ranks are among the methods of a table, over the pairs of task and seed whose runs are all trained again.
"""

FILES = {
    "five-minutes.jsonl": """## Five minutes, our search and a CNN space

`cnn-tpe` is a residual CNN whose width, depth, kernel and recipe Optuna's TPE chooses; it begins with a usual network, and draws five
choices at random. Two cores of an AMD EPYC on which resnet8 takes 3.6 seconds on AddDigits, one worker and one core for each search, the
other core at work too, and for some minutes the same one.
""",
    "five-minutes-slower.jsonl": """## Five minutes on a slower machine

The same by an earlier order of decisions, on two cores of an Intel Xeon on which resnet8 takes six seconds. `cnn-tpe` draws ten choices at
random, and no usual network comes first.
""",
    "paper-methods.jsonl": """## Five minutes, the paper's methods

`random` and `evolution` are random search and regularised evolution from scratch by the paper's protocol, and `evolution-seeded` begins
with those of the task's small baselines that the paper's grammar derives. `random` and `evolution` begin with the same sample, which is all
that they train in the time. One seed, on the cores of the table above.
""",
    "ten-minutes.jsonl": """## Ten minutes, trainings of 8 epochs and of 16

`einspace` is our search, with 8 epochs in the search and 24 in the end; `x16` has 16 in the search. One worker and one core for each
search, the other core at work on another one. The search of Fashion-MNIST is of a faster machine, an AMD EPYC on which resnet8 takes
3.6 seconds on AddDigits, and shared its core with other work in its last minute.
""",
    "ten-minutes-wide.jsonl": """## Ten minutes, from the wider baseline

Our search with `resnet8-wide` in the place of resnet8, which needs a budget of this length: twice the minutes on one core, or the two cores
that the other tables leave out. Two cores of an AMD EPYC on which resnet8 takes 3.6 seconds on AddDigits, one worker and one core for each
search, the other core at work too. Verdicts are by 1.5 standard errors, as they were then.
""",
    "ten-minutes-decisions.jsonl": """## Ten minutes, decisions on 80% of the pool

The same one day later, with verdicts by 2 standard errors and decisions whose partitions have 80% of train and valid to train on. One
worker and one core for each search, the other core at work too.
""",
    "before-widening.jsonl": """## Five minutes, before the best network was tried at twice its width

Our search by earlier commits. Seven of the eighteen never tried a network of twice the width.
""",
    "learning.jsonl": """## Five minutes, rungs and inheritance

The searches just above are what these two options are compared with. None of them is trained again.
""",
    "surrogate.jsonl": """## Two minutes, with and without a surrogate

`short` and `surrogate` are our search with trainings of two epochs and without a race, the second with `--surrogate`. One core, nothing
else on the machine.
""",
}
"""What is said of each file."""


def page() -> str:
    """The page as the files of runs say it."""
    return HEAD + "".join(f"\n{said}\n{markdown(read(RUNS / name))}\n" for name, said in FILES.items())


if __name__ == "__main__":
    FILE.write_text(page(), encoding="utf-8")
