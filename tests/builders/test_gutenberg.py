"""Gutenberg: phrases, authors and splits, on texts that the tests write."""

from pathlib import Path

import numpy as np
import pytest
from tests.builders.small import check_format, linear_accuracy

from einspace.builders import Sizes, prepare
from einspace.builders.gutenberg import AUTHORS, HEAD, phrases_of, unshared
from einspace.errors import DataError

ALPHABET = "abcdefghijklmnopqrstuvwxyz_"
SIZES = (1_200, 303, 300)


@pytest.fixture(scope="module")
def texts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """For each author lines of words out of an own vocabulary, with headings and accents between them, in files or in folders."""
    folder = tmp_path_factory.mktemp("texts")
    rng = np.random.default_rng(0)
    for number, author in enumerate(AUTHORS):
        letters = "abcdefghijklmnopqrstuvwxyz"[2 * number :][:14]
        words = ["".join(rng.choice(list(letters), rng.integers(3, 7))) for _ in range(60)]
        lines = [f"licence line {line}" for line in range(HEAD)] + ["CHAPTER ONE. OF GREAT THINGS"]
        lines += [" ".join(rng.choice(words, 9)).capitalize() + "." for _ in range(150)]
        path = folder / author / "first.txt" if number % 2 else folder / f"{author.title()}_works.txt"
        path.parent.mkdir(exist_ok=True)
        path.write_text("\n".join(lines), encoding="utf-8")
    (folder / "readme.txt").write_text("Not by any of them.")
    return folder


def test_phrases() -> None:
    """A window moves word by word; headings, structure words, Roman numerals, punctuation and other characters than a to z go."""
    text = "BOOK ONE\nThe dog sat; the\u2019cat ran!\r\nIn Chapter XIV seven the caf\u00e9 12 cups\nOverwhelmingly one two"
    assert phrases_of(text, head=0) == [
        "the___dog___sat___",
        "dog___sat___thecat",
        "sat___thecatran___",
        "seven_the___caf___",
        "the___caf___cups__",
    ]
    assert phrases_of("a bc defghij", head=0) == []
    assert phrases_of("the iv dog vi sat v", head=0) == ["the___dog___sat___"]


def test_the_head_of_a_text_is_left_out() -> None:
    """The first 95 lines are the licence and the contents, not the author's."""
    text = "\n".join(["the same old licence"] * HEAD + ["one fine day"])
    assert phrases_of(text) == ["one___fine__day___"]


def test_a_window_that_moves_finds_enough() -> None:
    """Of n words that fit there are n - 2 phrases, not n / 3: so the generator's texts of Confucius have the 11,000 that are needed."""
    words = ["".join(np.random.default_rng(number).choice(list("abcdefgh"), 4)) for number in range(300)]
    assert len(phrases_of(" ".join(words), head=0)) == 298


def test_shared_phrases_are_dropped() -> None:
    """What two authors wrote is of neither; what one wrote twice is there once."""
    assert unshared([["b", "a", "a"], ["b", "c"]]) == [["a"], ["c"]]


def test_from_texts(texts: Path, tmp_path: Path) -> None:
    """Each sample spells a phrase of its author's text, no phrase is used twice, classes are balanced, a linear model beats chance."""
    known = []
    for author in AUTHORS:
        paths = [path for path in texts.rglob("*.txt") if author in str(path.relative_to(texts)).lower()]
        known.append({phrase for path in paths for phrase in phrases_of(path.read_text(encoding="utf-8"))})
    prepare("gutenberg", texts, tmp_path, sizes=Sizes(*SIZES))
    found = check_format(tmp_path / "gutenberg", (1, 27, 18), SIZES)
    used: list[str] = []
    for x, y in found.values():
        assert (np.asarray(x).sum(axis=2) == 1).all()
        phrases = ["".join(ALPHABET[letter] for letter in row) for row in np.asarray(x)[:, 0].argmax(axis=1).tolist()]
        assert all(phrase in known[label] for phrase, label in zip(phrases, y.tolist(), strict=True))
        used += phrases
        counts = np.bincount(y, minlength=6)
        assert counts.max() - counts.min() <= 1
    assert len(set(used)) == len(used)
    assert linear_accuracy(found) > 0.3


def test_seed_and_shortage(texts: Path, tmp_path: Path) -> None:
    """The seed makes the set; too few phrases, no text of an author and a file instead of a folder are refused."""
    sums = []
    for number, seed in enumerate((0, 0, 1)):
        built = prepare("gutenberg", texts, tmp_path / str(number), seed=seed, sizes=Sizes(60, 12, 12))
        sums.append([facts["sha256"] for facts in built.metadata["files"].values()])
    assert sums[0] == sums[1] != sums[2]
    with pytest.raises(DataError, match=r"11,000 phrases of aquinas are needed, but its texts have [\d,]+ after their first 95 lines"):
        prepare("gutenberg", texts, tmp_path)
    with pytest.raises(DataError, match="is not a folder"):
        prepare("gutenberg", texts / "readme.txt", tmp_path)
    with pytest.raises(DataError, match=r"holds no text of aquinas: a .txt file with aquinas in its path"):
        prepare("gutenberg", texts / "plato", tmp_path)
