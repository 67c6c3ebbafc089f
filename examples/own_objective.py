"""Your own objective: score networks without training them, by what a linear classifier makes of their features.

    python examples/own_objective.py [--trials 20]

The network stays as it was initialised. A ridge regression reads its features of half of the digits and is scored on the other half, in a
fraction of a second. An objective may do anything: train in your way, measure a latency, ask a simulator.
"""

import argparse
from functools import cache

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.datasets import load_digits
from sklearn.linear_model import RidgeClassifier

import einspace as es


@cache
def digits() -> tuple[torch.Tensor, NDArray[np.int64]]:
    """Images (N, 1, 8, 8) and their classes, loaded once in each worker."""
    found = load_digits()
    return torch.as_tensor(found.images[:, None] / 16, dtype=torch.float32), found.target


def separability(architecture: es.Architecture, context: es.Context) -> dict[str, float]:
    """The accuracy of the linear classifier, which is the score, and beside it how many features it had."""
    torch.manual_seed(context.seed)
    images, classes = digits()
    with torch.inference_mode():
        features = es.build(architecture)(images).flatten(1).numpy()
    classifier = RidgeClassifier().fit(features[::2], classes[::2])
    return {"score": float(classifier.score(features[1::2], classes[1::2])), "features": float(features.shape[1])}


def main() -> None:
    """Search, and print the best."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=20)
    options = parser.parse_args()
    space = es.EinSpace((1, 8, 8), limits=es.Limits(operations=60, parameters=100_000, flops=1_000_000, activation_bytes=2**17))
    result = es.search(objective=separability, space=space, trials=options.trials, workers=1, init="random*4", run="own-objective")
    for trial in result.top(3):
        print(f"{trial.value:.3f} {trial.text}")


if __name__ == "__main__":  # workers import this script to find the objective
    main()
