"""Cosmic is read from the official folders, and scored with the number that is published for it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from einspace import Task
from einspace.errors import TaskError, UnknownNameError
from einspace.evaluation import Outcome
from einspace.evaluation.evaluate import evaluate
from einspace.tasks import TASKS, Entry, Recipe

ENTRY = replace(TASKS["cosmic"], sizes=(6, 2, 3))
ONE = Recipe(epochs_search=1, epochs_final=1, batch_size=3, learning_rate=0.001, weight_decay=0.0)


def write(folder: Path, name: str, rng: np.random.Generator, size: tuple[int, int] = (140, 130)) -> NDArray[np.float64]:
    """An image with noise, rays and ignored pixels, some of which are both."""
    image = rng.normal(size=(3, *size))
    image[1:] = image[1:] > 1
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / name, image)
    return image


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Two visits to galaxies in train and one in test, beside a globular cluster, another filter and the brightness of the sky."""
    rng = np.random.default_rng(0)
    train, test = tmp_path / "cosmic/npy_train", tmp_path / "cosmic/npy_test/f435w/12058/16"
    for number in range(8):
        write(train / "f435w" / ("10260/5" if number < 5 else "9490/a2"), f"{number}_0.npy", rng)
    for number in range(3):
        write(test, f"{number}_0.npy", rng)
    write(train / "f435w/10595/2", "1_0.npy", rng)
    write(train / "f606w/10260/5", "1_0.npy", rng)
    for folder in (train / "f435w/10260/5", test):
        np.save(folder / "sky.npy", np.ones(20))
    return tmp_path


@pytest.fixture
def cosmic(root: Path) -> Task:
    return ENTRY.load(root)


def test_only_galaxies_through_one_filter_are_read(cosmic: Task, root: Path) -> None:
    """The official layout: filter, proposal, visit; `sky.npy`, other filters and other fields are left out; the middle of each image."""
    assert [len(split) for split in cosmic.splits.values()] == [6, 2, 3]
    raw = np.load(root / "cosmic/npy_test/f435w/12058/16/1_0.npy")[:, 6:134, 1:129]
    assert np.array_equal(cosmic.test.y[1, 0], np.where(raw[2] > 0, -1 - raw[1], raw[1]))
    images = np.stack([np.load(path)[0, 6:134, 1:129] for path in sorted((root / "cosmic/npy_train/f435w/10260/5").glob("*_0.npy"))])
    whole = np.concatenate([images, np.load(root / "cosmic/npy_train/f435w/9490/a2/5_0.npy")[None, 0, 6:134, 1:129]])
    assert cosmic.train.x[2, 0] == pytest.approx((whole[2] - whole.mean()) / whole.std(), abs=1e-5)
    assert evaluate("[linear(d=16) relu]", cosmic, recipe=ONE).evaluations[0].outcome is Outcome.OK


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        (TASKS["cosmic"], r"npy_train/f435w: 4,830 images of Cosmic are needed.*GAL, but there are 8; 1 of 1 visits to other fields"),
        (replace(ENTRY, sizes=(6, 2, 4)), r"npy_test/f435w: 4 images of Cosmic are needed, .* but there are 3$"),
    ],
)
def test_too_few_images_are_counted(root: Path, entry: Entry, words: str) -> None:
    """The message says where, how many are needed and there, and what was left out."""
    with pytest.raises(TaskError, match=words):
        entry.load(root)


def test_a_bad_image_is_named(root: Path) -> None:
    """Too small, of another number of arrays, or not finite."""
    path = root / "cosmic/npy_train/f435w/10260/5/0_0.npy"
    rng = np.random.default_rng(1)
    for image, words in (
        (rng.normal(size=(3, 127, 300)), r"0_0\.npy: must be numbers \(3, H, W\).*128 x 128 pixels, not float64 \(3, 127, 300\)"),
        (rng.normal(size=(4, 200, 200)), r"0_0\.npy: must be numbers"),
        (np.full((3, 200, 200), np.nan), r"0_0\.npy: holds values that are not finite"),
    ):
        np.save(path, image)
        with pytest.raises(TaskError, match=words):
            ENTRY.load(root)
    np.save(path, np.zeros((2, 200, 200)))
    assert np.isin(ENTRY.load(root).train.y[0], (0, 1)).all(), "without a third array no pixel is ignored"


def test_the_published_metric_is_of_masks_and_counts_ignored_pixels(cosmic: Task) -> None:
    """The benchmark's 1 - AUROC: of a yes at a logit over 0.5, over all pixels, as scikit-learn's AUROC of such masks."""
    assert cosmic.metric.name == "1 - AUROC of masks"
    _, y = cosmic.tensors(["test"])
    truth = (y == 1) | (y == -2)
    outputs = torch.randn(y.shape, generator=torch.Generator().manual_seed(0)) + truth
    assert cosmic.score(outputs, y) == pytest.approx(1 - roc_auc_score(truth.flatten(), (outputs > 0.5).flatten()))
    spoilt = torch.where(y < 0, -100.0, outputs)
    assert cosmic.score(spoilt, y) != pytest.approx(cosmic.score(outputs, y))
    assert np.isnan(cosmic.score(outputs, y * 0))


def test_the_better_metric_is_there_by_name(cosmic: Task) -> None:
    """`1 - AUROC` ranks the logits without the ignored pixels: it sees a perfect order where the published one sees no ray at all."""
    ranked = cosmic.with_metric("1 - AUROC")
    _, y = cosmic.tensors(["test"])
    outputs = torch.where(y == 1, 0.4, -0.4) + 0.01 * torch.rand(y.shape, generator=torch.Generator().manual_seed(0))
    assert ranked.score(outputs, y) == pytest.approx(0, abs=1e-6)
    assert cosmic.score(outputs, y) == 0.5
    outputs[y < 0] = 100
    assert ranked.score(outputs, y) == pytest.approx(0, abs=1e-6)
    assert float(ranked.loss(outputs, y)) == pytest.approx(float(ranked.loss(torch.where(y < 0, -100.0, outputs), y)))
    with pytest.raises(UnknownNameError, match="1 - AUROC"):
        cosmic.with_metric("1 - AUC")


def test_published_scores_stand_beside_the_published_metric_only(cosmic: Task) -> None:
    """Another metric has no published scores beside it; the official one has, also after a change there and back."""
    assert cosmic.published["WRN"] == 0.245
    ranked = cosmic.with_metric("1 - AUROC")
    assert ranked.published == {}
    assert ranked.with_metric("1 - AUROC of masks").published == cosmic.published
    assert "published" not in ranked.summary()
