"""Augmentation: what is drawn is done, to the pixel, and the same seed draws the same."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from einspace import Dense, Task
from einspace.errors import SettingError, TaskError
from einspace.evaluation.training import train
from einspace.tasks import Augmentation, Recipe

RECIPE = Recipe(epochs_search=1, epochs_final=1, batch_size=4, learning_rate=0.1, weight_decay=0.0)


def test_every_crop_and_flip_is_that_of_the_plain_definition() -> None:
    """Zeros around the image, a window at the drawn place, mirrored columns: for every crop and both ways round."""
    augmentation = Augmentation(crop=2, flip=True)
    image = torch.arange(1.0, 2 * 3 * 4 + 1).reshape(2, 3, 4)
    drawn = torch.tensor([[row, column, flip] for flip in (0, 1) for row in range(5) for column in range(5)])
    padded = augmentation.padded(torch.stack([torch.zeros_like(image), image]))
    out = augmentation(padded, torch.ones(len(drawn), dtype=torch.long), drawn, 25, torch.empty(50, 2, 3, 4))
    for result, (row, column, flip) in zip(out, drawn.tolist(), strict=True):
        window = nn.functional.pad(image, (2, 2, 2, 2))[:, row : row + 3, column : column + 4]
        assert torch.equal(result, window.flip(-1) if flip else window)


def test_draws_are_seeded_and_cover_all() -> None:
    """Same generator state, same chance; every offset and both ways come up, about as often."""
    augmentation = Augmentation(crop=4, flip=True)
    first, second, other = (augmentation.draw(9_000, torch.Generator().manual_seed(seed)) for seed in (0, 0, 1))
    assert torch.equal(first, second)
    assert not torch.equal(first, other)
    for axis, kinds in ((0, 9), (1, 9), (2, 2)):
        counts = torch.bincount(first[:, axis], minlength=kinds)
        assert len(counts) == kinds
        assert counts.min() > 0.8 * 9_000 / kinds
    assert not Augmentation(crop=1).draw(50, torch.Generator())[:, 2].any()


class _Recorder(nn.Module):
    """Keeps what it is shown."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[torch.Tensor] = []
        self.linear = nn.Linear(1, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.seen.append(x.clone())
        return torch.as_tensor(self.linear(x.mean((1, 2, 3))[:, None]))


def test_training_sees_augmented_images() -> None:
    """Each image of a batch is a crop of the image with that label, other ones from epoch to epoch, the same ones for the same seed."""
    x = (torch.arange(8.0) + 1)[:, None, None, None].expand(-1, 1, 4, 4).clone()
    shown = []
    for _ in range(2):
        net = _Recorder()
        train(net, x, torch.arange(8) % 2, RECIPE, 3, torch.Generator().manual_seed(3), augmentation=Augmentation(crop=1))
        shown.append(torch.cat(net.seen))
    assert torch.equal(*shown)
    epochs = shown[0].reshape(3, 8, 16)
    assert {value for value in epochs.flatten().tolist() if value} == set(range(1, 9))
    assert (epochs == 0).any()
    order = [epoch[epoch.amax(1).argsort()] for epoch in epochs]
    assert not torch.equal(order[0], order[1])


def test_what_cannot_be_augmented_is_refused() -> None:
    """A target for each pixel would have to move with its image, and a series is not an image."""
    rng = np.random.default_rng(0)
    task = Task.from_arrays(rng.normal(size=(30, 1, 4, 4)), np.arange(30) % 2)
    with pytest.raises(TaskError, match="augmented"):
        replace(Task.from_arrays(rng.normal(size=(30, 1, 4, 4)), rng.normal(size=(30, 4, 4))), augmentation=Augmentation(1))
    with pytest.raises(TaskError, match="augmented"):
        replace(Task.from_arrays(rng.normal(size=(30, 4, 4)), np.arange(30) % 2), augmentation=Augmentation(1))
    assert replace(task, augmentation=Augmentation(1)).augmentation == Augmentation(1)
    with pytest.raises(TaskError, match="a crop of 4 pixels moves images"):
        replace(task, augmentation=Augmentation(4))
    with pytest.raises(SettingError, match="-1"):
        Augmentation(crop=-1)
    assert isinstance(Task.from_arrays(rng.normal(size=(30, 1, 4, 4)), rng.normal(size=(30, 4, 4))).head, Dense)


def test_own_images_are_augmented_by_two_options() -> None:
    """The summary says what training does to them; without the options, and with those that do nothing, they stay as they are."""
    x, y = np.random.default_rng(0).normal(size=(30, 1, 4, 4)), np.arange(30) % 2
    task = Task.from_arrays(x, y, crop=1, flip=True)
    assert task.augmentation == Augmentation(1, True)
    assert "augmentation: moved by up to 1 pixel each way and mirrored half of the time" in task.summary()
    assert Task.from_arrays(x, y).augmentation is Task.from_arrays(x, y, crop=0, flip=False).augmentation is None
