"""CIFARTile and Spherical, from pickles in CIFAR's format that the tests write, and the projection on real digits."""

import itertools
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.builders.small import Split, check_format, linear_accuracy, write_cifar

from einspace.builders import Sizes, prepare
from einspace.builders.cifar import CIFAR10, CIFAR100, read_cifar
from einspace.builders.cifartile import DEVIATION, MEAN
from einspace.builders.mnist import Digits
from einspace.builders.spherical import project, turns
from einspace.errors import DataError

pytestmark = pytest.mark.slow

BATCHES = (*CIFAR10[1], *CIFAR10[2])
SIZES = (800, 201, 200)


def pixels(x: NDArray[Any]) -> NDArray[Any]:
    """Bytes of the images of the four tiles (N, 4, 3, 32, 32) of normalised samples."""
    raw = np.round((x * np.reshape(DEVIATION, (3, 1, 1)) + np.reshape(MEAN, (3, 1, 1))) * 255).astype(int)
    return np.stack([raw[:, :, top : top + 32, left : left + 32] for top in (0, 32) for left in (0, 32)], axis=1)


def shades(tiles: NDArray[Any]) -> NDArray[Any]:
    """Mean of what no crop can lose of an image: noise about 19.5 and twice the class."""
    return np.asarray(tiles[..., 4:-4, 4:-4].mean(axis=(-3, -2, -1)))


@pytest.fixture(scope="module")
def cifar10(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_cifar(tmp_path_factory.mktemp("cifar") / CIFAR10[0], BATCHES, "labels", 10, 120)


@pytest.fixture(scope="module")
def tiles(cifar10: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Split]:
    """CIFARTile in small."""
    folder = tmp_path_factory.mktemp("tiles")
    prepare("cifartile", cifar10, folder, sizes=Sizes(*SIZES))
    return check_format(folder / "cifartile", (3, 64, 64), SIZES)


def test_tiles(tiles: dict[str, Split]) -> None:
    """The label is the number of classes less 1, in the given patterns and every order; images differ; test has its own."""
    images: dict[str, set[bytes]] = {}
    orders = set()
    for split, (x, y) in tiles.items():
        quarters = pixels(x)
        kinds = quarters[..., 5:-5, 5:-5].min(axis=(-3, -2, -1)) // 2
        counts = [sorted(np.unique(row, return_counts=True)[1].tolist(), reverse=True) for row in kinds]
        assert [len(count) - 1 for count in counts] == y.tolist()
        assert {tuple(count) for count in counts} == {(4,), (2, 2), (2, 1, 1), (1, 1, 1, 1)}
        orders |= {tuple(row == row[0]) for row in kinds[y == 1]}
        pieces = [[tile.tobytes() for tile in four] for four in quarters]
        assert all(len(set(four)) == 4 for four in pieces)
        images[split] = {piece for four in pieces for piece in four}
    assert len(orders) == 3, "the two images of a class stand beside, below and across each other"
    assert not (images["train"] | images["valid"]) & images["test"]
    pool = np.bincount(np.concatenate([tiles["train"][1], tiles["valid"][1]]))
    assert pool.max() - pool.min() <= 1
    assert np.bincount(tiles["test"][1]).tolist() == [50] * 4


def test_tiles_can_be_told_apart(tiles: dict[str, Split]) -> None:
    """From how much the shades of the four images differ a linear model finds the number of classes; the sum of pixels does not say it."""
    seen = {}
    for split, (x, y) in tiles.items():
        mean = np.sort(shades(pixels(x)))
        seen[split] = (np.abs(mean[:, 1:] - mean[:, :-1]), y)
    assert linear_accuracy(seen) > 0.4


def test_tiles_of_train_are_cropped_and_mirrored(cifar10: Path, tmp_path: Path) -> None:
    """As the generator does: four black pixels around each image of train, a crop at every offset alike, a mirror half of the time.

    Images of test are tiles as they are; all are normalised by CIFAR-10's mean and deviation.
    """
    prepare("cifartile", cifar10, tmp_path, sizes=Sizes(800, 100, 100))
    folder = tmp_path / "cifartile"
    images, held = read_cifar(cifar10, CIFAR10, 10)
    test = {image.tobytes() for image in held[0].astype(int)}
    assert {tile.tobytes() for four in pixels(np.load(folder / "test_x.npy")) for tile in four} <= test
    padded = np.pad(images[0].astype(int), ((0, 0), (0, 0), (4, 4), (4, 4)))
    centres = {image[..., 8:24, 8:24].tobytes(): number for number, image in enumerate(padded[..., 4:-4, 4:-4])}
    offsets, mirrors = [], 0
    for tile in pixels(np.load(folder / "train_x.npy")[:50]).reshape(-1, 3, 32, 32):
        for mirrored in (False, True):
            image = tile[..., ::-1] if mirrored else tile
            for top, left in itertools.product(range(9), repeat=2):
                number = centres.get(image[:, 12 - top : 28 - top, 12 - left : 28 - left].tobytes())
                if number is not None:
                    assert np.array_equal(image, padded[number][:, top : top + 32, left : left + 32])
                    offsets.append((top, left))
                    mirrors += mirrored
    assert len(offsets) == 200
    assert 70 < mirrors < 130
    for axis in zip(*offsets, strict=True):
        assert set(axis) == set(range(9))


def test_archives_and_seeds(cifar10: Path, tmp_path: Path) -> None:
    """The .tar.gz, the folder and the folder around it are the same source; the seed makes the set."""
    archive = tmp_path / "cifar-10-python.tar.gz"
    with tarfile.open(archive, "w:gz") as tape:
        tape.add(cifar10, CIFAR10[0])
    sums = []
    for number, (source, seed) in enumerate(((archive, 0), (cifar10, 0), (cifar10.parent, 0), (cifar10, 1))):
        built = prepare("cifartile", source, tmp_path / str(number), seed=seed, sizes=Sizes(40, 10, 10))
        sums.append([facts["sha256"] for facts in built.metadata["files"].values()])
    assert sums[0] == sums[1] == sums[2] != sums[3]


def test_another_release_is_refused(cifar10: Path, tmp_path: Path) -> None:
    """CIFAR-10 is not a source of Spherical, and an archive of other files is none of CIFARTile."""
    with pytest.raises(DataError, match=r"train: there is no such file"):
        prepare("spherical", cifar10, tmp_path / "data")
    other = write_cifar(tmp_path / CIFAR10[0], BATCHES, "fine_labels", 100, 100)
    with pytest.raises(DataError, match=r"data_batch_1 of .* holds no 'data' and 'labels'"):
        prepare("cifartile", other, tmp_path / "data")
    with tarfile.open(tmp_path / "other.tar.gz", "w:gz") as tape:
        tape.add(cifar10, "other")
    with pytest.raises(DataError, match=r"other.tar.gz: holds no cifar-10-batches-py/data_batch_1: it is another archive"):
        prepare("cifartile", tmp_path / "other.tar.gz", tmp_path / "data")


def test_spherical(tmp_path: Path) -> None:
    """Images of 100 classes become (3, 60, 60) with values 0 to 255, balanced, each with a turn of its own; the seed makes the set."""
    source = write_cifar(tmp_path / CIFAR100[0], ("train", "test"), "fine_labels", 100, 300)
    sums = []
    for number, seed in enumerate((0, 0, 1)):
        built = prepare("spherical", source, tmp_path / str(number), seed=seed, sizes=Sizes(100, 50, 100))
        sums.append([facts["sha256"] for facts in built.metadata["files"].values()])
        found = check_format(tmp_path / str(number) / "spherical", (3, 60, 60), (100, 50, 100))
        for x, _ in found.values():
            assert (x.min(), np.array_equal(x, np.round(x))) == (0, True)
            assert 100 < x.max() <= 255
        assert np.bincount(found["test"][1]).tolist() == [1] * 100
    assert sums[0] == sums[1] != sums[2]
    with pytest.raises(DataError, match=r"train: 4 images of class 0 are needed, but there are 3: fewer --samples"):
        prepare("spherical", source, tmp_path, sizes=Sizes(301, 1, 100))


def test_projection() -> None:
    """Without a turn the pole sees the middle of the image, the equator the circle in it, the south nothing; a turn moves what is seen."""
    grid = np.arange(33.0)
    images = np.stack([np.tile(grid[:, None], 33), np.tile(grid, (33, 1))])[None]  # channels: row and column
    seen = project(images, np.eye(3)[None])[0]
    assert not seen[:, 30:].any()
    assert np.abs(seen[:, 0] - 16).max() < 0.5
    radius = np.hypot(seen[0, 29] - 16, seen[1, 29] - 16)
    assert np.allclose(radius, 16 * np.tan((59 * np.pi / 120) / 2), atol=1e-3)
    assert seen[1, 20, 0] > 20 > seen[0, 20, 0] - 0.1, "longitude 0 looks to the right"
    quarter = np.array([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]])
    assert np.allclose(np.roll(seen, 15, axis=2), project(images, quarter[None])[0], atol=1e-4)
    upside_down = np.diag([1.0, -1, -1])
    assert not project(images, upside_down[None])[0][:, :30].any()


def test_turns_are_rotations_in_all_directions() -> None:
    """Orthogonal, of determinant 1, and the pole goes everywhere alike."""
    turned = turns(4_000, np.random.default_rng(0))
    assert np.allclose(turned @ turned.transpose(0, 2, 1), np.eye(3), atol=1e-12)
    assert np.allclose(np.linalg.det(turned), 1)
    assert np.abs(turned[:, :, 2].mean(axis=0)).max() < 0.05
    assert np.allclose((turned[:, :, 2] ** 2).mean(axis=0), 1 / 3, atol=0.03)


def test_projected_digits_can_be_told_apart(digits: Digits) -> None:
    """Real digits, projected and turned at random, keep what a linear model needs to beat chance."""
    found = {}
    for split, x, y, size in (("train", digits.train, digits.train_y, 2_000), ("test", digits.test, digits.test_y, 1_000)):
        found[split] = (project(x[:size, None], turns(size, np.random.default_rng(size)), 30), y[:size])
        assert found[split][0].shape == (size, 1, 30, 30)
    assert linear_accuracy(found) > 0.13
