"""A small sequence task: real digits of 8 x 8 pixels, read row by row."""

from functools import cache

from sklearn.datasets import load_digits

from einspace import Recipe, Task

RECIPE = Recipe(epochs_search=8, epochs_final=8, batch_size=32, learning_rate=0.05, weight_decay=5e-4)


@cache
def rows_of_digits() -> Task:
    """1,797 sequences of eight rows of eight pixels, (8, 8), in ten classes."""
    digits = load_digits()
    return Task.from_arrays(digits.images, digits.target, name="rows", recipe=RECIPE)
