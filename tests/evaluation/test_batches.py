"""Batches: every sample once an epoch, augmented as drawn, the same for the same seed, in memory that nothing still needs."""

import pytest
import torch
from torch import Tensor, nn

from einspace.errors import TaskError
from einspace.evaluation.batches import Batches
from einspace.evaluation.training import train
from einspace.tasks import Augmentation, Recipe

AUGMENTATIONS = [None, Augmentation(), Augmentation(crop=2), Augmentation(flip=True), Augmentation(crop=3, flip=True)]


def samples(count: int) -> tuple[Tensor, Tensor]:
    """Images of 2 x 5 x 4 of which no two numbers are equal, and their numbers."""
    return torch.arange(1.0, count * 40 + 1).reshape(count, 2, 5, 4), torch.arange(count)


def epoch(batches: Batches, seed: int) -> list[tuple[Tensor, Tensor]]:
    return [(x.clone(), y) for x, y in batches.epoch(torch.Generator().manual_seed(seed))]


def slowly(x: Tensor, size: int, augmentation: Augmentation | None, seed: int) -> list[dict[int, Tensor]]:
    """The batches by their definition, one image at a time: by number, the image as it is padded, cut out and mirrored."""
    generator = torch.Generator().manual_seed(seed)
    order = torch.randperm(len(x), generator=generator)
    drawn = torch.zeros(len(x), 3, dtype=torch.long) if augmentation is None else augmentation.draw(len(x), generator)
    crop = 0 if augmentation is None else augmentation.crop
    found = []
    for start in range(0, len(x), size):
        batch = {}
        for number, (row, column, mirrored) in zip(order[start : start + size].tolist(), drawn[start : start + size].tolist(), strict=True):
            image = nn.functional.pad(x[number], (crop,) * 4)[:, row : row + 5, column : column + 4]
            batch[number] = image.flip(-1) if mirrored else image
        found.append(batch)
    return [batch for batch in found if len(batch) > 1]


@pytest.mark.parametrize("augmentation", AUGMENTATIONS)
@pytest.mark.parametrize(("count", "size"), [(20, 8), (17, 8), (16, 8), (3, 64)])
def test_an_epoch_is_that_of_the_plain_definition(augmentation: Augmentation | None, count: int, size: int) -> None:
    """Shuffled, padded, cut out and mirrored one by one, each batch holds the same images; a last single sample is left out."""
    x, y = samples(count)
    batches = Batches(x, y, size, augmentation)
    for seed in range(3):
        ours, reference = epoch(batches, seed), slowly(x, size, augmentation, seed)
        assert len(ours) == len(batches) == len(reference)
        assert sum(len(batch) for _, batch in ours) == batches.samples
        for (images, numbers), wanted in zip(ours, reference, strict=True):
            assert sorted(numbers.tolist()) == sorted(wanted)
            assert all(torch.equal(image, wanted[number]) for image, number in zip(images, numbers.tolist(), strict=True))
    assert all(
        torch.equal(a, b) for one, two in zip(epoch(batches, 0), epoch(batches, 0), strict=True) for a, b in zip(one, two, strict=True)
    )


def test_one_sample_is_no_batch() -> None:
    """Training needs two samples; the error says how many there are."""
    with pytest.raises(TaskError, match="two samples or more, not 1"):
        Batches(*samples(1), 8)


class _Network(nn.Module):
    """A convolution that is shown the batch itself, or a copy of it."""

    def __init__(self, copied: bool) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.net = nn.Sequential(nn.Conv2d(2, 4, 3), nn.ReLU(inplace=True), nn.Flatten(), nn.Linear(24, 40))
        self.copied = copied
        self.places: set[int] = set()

    def forward(self, x: Tensor) -> Tensor:
        self.places.add(x.data_ptr())
        out: Tensor = self.net(x.clone() if self.copied else x)
        return out


@pytest.mark.slow
@pytest.mark.parametrize("augmentation", AUGMENTATIONS)
def test_a_step_never_meets_the_next_batch(augmentation: Augmentation | None) -> None:
    """All batches lie at one place, and training on them is training on copies of them."""
    x, y = samples(39)
    recipe = Recipe(epochs_search=1, epochs_final=1, batch_size=8, learning_rate=0.05, weight_decay=0.0)
    losses = []
    for copied in (False, True):
        network = _Network(copied)
        losses.append(train(network, x / 1_000, y, recipe, 3, torch.Generator().manual_seed(1), augmentation=augmentation))
        assert len(network.places) == 1
    assert losses[0] == losses[1]
    assert torch.equal(x, samples(39)[0])


@pytest.mark.parametrize("augmentation", AUGMENTATIONS)
def test_no_batch_waits_for_the_device(augmentation: Augmentation | None) -> None:
    """Batches are made on a device whose numbers cannot be looked at."""
    x, y = (part.to("meta") for part in samples(20))
    for images, numbers in Batches(x, y, 8, augmentation).epoch(torch.Generator().manual_seed(0)):
        assert images.device.type == numbers.device.type == "meta"
        assert images.shape[1:] == x.shape[1:]
