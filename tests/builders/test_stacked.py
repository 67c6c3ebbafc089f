"""AddNIST and MultNIST: from IDX files of the tests, and from all 70,000 digits of MNIST."""

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from tests.architectures import BULK
from tests.builders.small import check_format, linear_accuracy, rows, splits, write_idx, write_pair

from einspace.builders import Sizes, prepare
from einspace.builders.mnist import MD5, Digits, read_digits
from einspace.tasks import TASKS

RULES: dict[str, tuple[int, Callable[[int, int, int], int]]] = {
    "addnist": (20, lambda r, g, b: r + g + b - 1),
    "multnist": (10, lambda r, g, b: r * g * b % 10),
}


def check(folder: Path, digits: Digits, name: str) -> None:
    """Labels follow from the digits of the three channels, each found by its image; test uses no image of train and valid."""
    classes, rule = RULES[name]
    known = [dict(zip(rows(x, 2), y.tolist(), strict=True)) for x, y in ((digits.train, digits.train_y), (digits.test, digits.test_y))]
    used: dict[str, set[bytes]] = {}
    for split, (x, y) in splits(folder).items():
        images = list(rows(np.round(np.asarray(x) * 255).astype(np.uint8), 2))
        of = [known[split == "test"][image] for image in images]
        assert y.tolist() == [rule(*of[start : start + 3]) for start in range(0, len(of), 3)]
        used[split] = set(images)
    assert not (used["train"] | used["valid"]) & used["test"]
    pool, test = (np.bincount(np.concatenate([splits(folder)[s][1] for s in part])) for part in (("train", "valid"), ("test",)))
    for counts in (pool, test):
        assert len(counts) == classes
        assert counts.max() - counts.min() <= 1


@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize("packed", [False, True])
def test_from_idx_files(name: str, packed: bool, tmp_path: Path) -> None:
    """Packed or not, four IDX files become a balanced set with the label of the rule; other digits are not called MNIST."""
    source = write_idx(tmp_path / "idx", packed=packed)
    built = prepare(name, source, tmp_path, sizes=Sizes(400, 101, 200))
    check_format(tmp_path / name, (3, 28, 28), (400, 101, 200))
    check(tmp_path / name, read_digits(source), name)
    assert built.metadata["num_classes"] == RULES[name][0]
    assert built.metadata["input_shape"] == [400, 3, 28, 28]
    assert built.metadata["built"] is True
    assert built.metadata["source"]["is_mnist"] is False


def test_the_seed_makes_the_set(tmp_path: Path) -> None:
    """The same seed gives the same bytes, another seed other samples."""
    source = write_idx(tmp_path / "idx")
    sums = []
    for number, seed in enumerate((3, 3, 4)):
        built = prepare("addnist", source, tmp_path / str(number), seed=seed, sizes=Sizes(60, 20, 20))
        sums.append({file: facts["sha256"] for file, facts in built.metadata["files"].items()})
    assert sums[0] == sums[1]
    assert all(sums[0][file] != sums[2][file] for file in sums[0])


@pytest.fixture
def disk() -> Iterator[Path]:
    """A folder that is gone after the test: the sets have hundreds of megabytes."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


@pytest.mark.slow
def test_the_wheel_holds_mnist(digits: Digits) -> None:
    """The images of the wheel, written as IDX files, have the published MD5 sums, and the classes have the known sizes."""
    assert [md5[:8] for md5 in digits.md5] == ["6bbc9ace", "2646ac64"]
    assert digits.md5 == MD5
    assert np.bincount(digits.train_y).tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert np.bincount(digits.test_y).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]


@pytest.mark.slow
@pytest.mark.parametrize("name", RULES if BULK > 1 else ["multnist"])
def test_from_all_70_000_digits(name: str, digits: Digits, disk: Path) -> None:
    """Of real digits a linear model is better than chance: by one of the rules, in bulk by both and at the size of the paper."""
    sizes = Sizes(*TASKS[name].sizes) if BULK > 1 else Sizes(2_500, 1_000, 1_000)
    write_pair(disk, "train", digits.train, digits.train_y)  # read in a moment, and the wheel is not
    write_pair(disk, "t10k", digits.test, digits.test_y)
    built = prepare(name, disk, disk, sizes=sizes)
    found = check_format(disk / name, (3, 28, 28), (sizes.train, sizes.valid, sizes.test))
    assert built.metadata["source"]["is_mnist"] is True
    check(disk / name, digits, name)
    assert linear_accuracy(found) > 1.3 / RULES[name][0]
