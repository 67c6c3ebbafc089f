"""A pipeline of scikit-learn whose last step is a searched network, beside one that ends in a linear model.

    python examples/sklearn_pipeline.py [--trials 6] [--epochs 10]

The rows of the table, 178 wines with 13 measurements each, are read as series of 13 steps. Each `fit` is a search, here in this process.
"""

import argparse

from sklearn.datasets import load_wine
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from einspace.sklearn import NetworkClassifier


def main() -> None:
    """Fit both on the same rows, and score them on the others."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=6)
    parser.add_argument("--epochs", type=int, default=10)
    options = parser.parse_args()
    wine = load_wine()
    x_train, x_test, y_train, y_test = train_test_split(wine.data, wine.target_names[wine.target], random_state=0, stratify=wine.target)

    recipe = {"epochs_search": options.epochs, "epochs_final": 2 * options.epochs}
    searched = NetworkClassifier(trials=options.trials, budget=None, workers=0, recipe=recipe, random_state=0)
    for last in (searched, LogisticRegression()):
        pipeline = make_pipeline(StandardScaler(), last)
        pipeline.fit(x_train, y_train)
        score, first = pipeline.score(x_test, y_test), pipeline.predict(x_test[:1])[0]
        print(f"{type(last).__name__}: {score:.3f} on {len(y_test)} wines, the first of which is {first}")
    print(f"the network was chosen among {searched.trials_} trials")


if __name__ == "__main__":
    main()
