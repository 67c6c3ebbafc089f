"""Your own operation: pooling, which the paper's grammar lacks, joins the grammar and is searched.

    python examples/own_operation.py [--trials 6] [--epochs 2]

An operation is a class with the shape of its output and its layer. It stands at the top of a module or a script, so that workers find it.
"""

import argparse
import random
from dataclasses import dataclass
from typing import ClassVar

from torch import nn

import einspace as es
from einspace.errors import ShapeError
from einspace.features import Features
from einspace.operations import Computation


@dataclass(frozen=True)
class Pool(Computation):
    """Max pooling of windows of 2 x 2: (C, H, W) -> (C, H/2, W/2)."""

    name: ClassVar[str] = "pool"

    def infer(self, inputs: Features) -> Features:
        """Halve height and width; sequences and single pixels are refused."""
        (feature,) = inputs
        if len(feature.shape) != 3 or min(feature.shape[1:]) < 2:
            raise ShapeError(self, "an image of at least 2 x 2", inputs)
        channels, height, width = feature.shape
        return (es.Feature((channels, height // 2, width // 2)),)

    def layer(self, inputs: Features) -> nn.Module:
        """PyTorch's own."""
        return nn.MaxPool2d(2)


def main() -> None:
    """Parse, mutate and search with the operation."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=6)
    parser.add_argument("--epochs", type=int, default=2)
    options = parser.parse_args()
    grammar = es.Grammar((*es.einspace_grammar().productions, es.Production("C", Pool(), weight=4)))
    task, limits = es.load_task("digits"), es.Limits(operations=60, flops=1_000_000)
    space = es.EinSpace(task.input, grammar=grammar, limits=limits)
    first = space.parse("[[[im2col(k=3,s=1,p=1) linear(d=16) col2im] [norm relu]] pool]")
    print(f"{first} maps {first.input} to {first.output}")
    print(f"a mutant: {space.mutate(first, random.Random(0))}")

    recipe = {"epochs_search": options.epochs}
    result = es.search(
        task, trials=options.trials, workers=1, init=[str(first)], grammar=grammar, limits=limits, recipe=recipe, run="pool", final_seeds=0
    )
    for trial in result.top(3):
        print(f"{trial.value:.3f} with {trial.text.count('pool')} poolings: {trial.text}")


if __name__ == "__main__":
    main()
