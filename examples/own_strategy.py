"""Your own strategy: simulated annealing from a small ResNet, in 15 lines.

    python examples/own_strategy.py [--trials 8]

A strategy decides which architecture is tried next. It reads the trials so far and keeps no state, so that an interrupted search goes on.
"""

import argparse
import math
from collections.abc import Sequence
from random import Random

import einspace as es


class Annealing(es.Strategy):
    """Mutates the current architecture, which a worse one replaces ever more rarely."""

    def __init__(self, space: es.EinSpace, warmth: float = 0.05) -> None:
        self.space, self.warmth = space, warmth

    def propose(self, history: Sequence[es.Trial], rng: Random) -> es.Proposal:
        """Walk along the trials that ended well, and mutate the one where the walk ends."""
        current: es.Trial | None = None
        level, chance = -math.inf, Random(0)
        for step, (fitness, trial) in enumerate((trial.fitness, trial) for trial in history if trial.fitness is not None):
            if fitness >= level or chance.random() < math.exp((fitness - level) * (step + 1) / self.warmth):
                current, level = trial, fitness
        if current is None:
            return es.Proposal.of(es.baselines.get("resnet8", self.space.input), "start")
        return es.Proposal.of(self.space.mutate(self.space.parse(current.text), rng), "annealing", parents=(current.number,))


def main() -> None:
    """Search the digits, and print the walk."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=8)
    options = parser.parse_args()
    task, limits = es.load_task("digits"), es.Limits(operations=60, parameters=100_000, flops=2_000_000)
    strategy = Annealing(es.EinSpace(task.input, limits=limits))
    result = es.search(
        task, strategy, options.trials, workers=1, recipe={"epochs_search": 1}, limits=limits, run="annealing", race=False, final_seeds=0
    )
    for trial in result.history:
        print(f"{trial.number:3} {trial.value or 0:.3f} from {trial.parents}: {trial.text[:80]}")


if __name__ == "__main__":
    main()
