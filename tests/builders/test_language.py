"""Language: from lists of the tests, and from Debian's."""

from pathlib import Path

import numpy as np
import pytest
from tests.architectures import BULK
from tests.builders.small import check_format, linear_accuracy, write_words

from einspace.builders import Sizes, prepare
from einspace.builders.words import LANGUAGES, read_words
from einspace.errors import DataError

ALPHABET = "abcdefghijklmnopqrstuvwx"


def check(folder: Path, words: dict[str, list[str]], sizes: tuple[int, int, int]) -> None:
    """Every sample spells four words of its language; no word is in test and in train or valid; classes are balanced; no sample twice."""
    known = [set(words[language]) for language in LANGUAGES]
    used: dict[str, set[str]] = {}
    labels, samples = {}, {}
    for split, (x, y) in check_format(folder, (1, 24, 24), sizes).items():
        assert set(np.unique(x)) == {0, 1}
        assert (np.asarray(x).sum(axis=3) == 1).all()
        texts = ["".join(ALPHABET[letter] for letter in row) for row in np.asarray(x)[:, 0].argmax(axis=2).tolist()]
        spelt = [[text[start : start + 6] for start in (0, 6, 12, 18)] for text in texts]
        assert all(known[label].issuperset(four) for four, label in zip(spelt, y.tolist(), strict=True))
        samples[split] = texts
        used[split] = {word for four in spelt for word in four}
        labels[split] = y
    assert not (used["train"] | used["valid"]) & used["test"]
    for drawn in (samples["train"] + samples["valid"], samples["test"]):
        assert len(set(drawn)) == len(drawn)
    for y in (np.concatenate([labels["train"], labels["valid"]]), labels["test"]):
        counts = np.bincount(y, minlength=10)
        assert counts.max() - counts.min() <= 1


def test_from_lists_of_ones_own(tmp_path: Path) -> None:
    """Text files do; capitals, y, z, diacritics and other lengths are left out; the seed makes the set."""
    source = write_words(tmp_path / "words")
    words = read_words(source)
    assert {len(word) for own in words.values() for word in own} == {6}
    assert not any({"Berlin", "lazily", "élevés"} & set(own) for own in words.values())
    sums = []
    for number, seed in enumerate((0, 0, 1)):
        built = prepare("language", source, tmp_path / str(number), seed=seed, sizes=Sizes(300, 50, 105))
        check(tmp_path / str(number) / "language", words, (300, 50, 105))
        sums.append([facts["sha256"] for facts in built.metadata["files"].values()])
    assert sums[0] == sums[1] != sums[2]


def test_a_fifth_of_all_words_is_for_test(tmp_path: Path) -> None:
    """80% of all words are drawn for train and valid and 20% for test; the words of a sample are drawn independently, so some repeat."""
    source = write_words(tmp_path / "words")
    every = {word for own in read_words(source).values() for word in own}
    facts = prepare("language", source, tmp_path, sizes=Sizes(2_000, 500, 1_000)).metadata["source"]
    assert facts["words_of_test"] == round(0.2 * len(every))
    assert facts["words_of_test"] + facts["words_of_train_and_valid"] == len(every)
    x = np.load(tmp_path / "language" / "train_x.npy")[:, 0].argmax(axis=2).reshape(-1, 4, 6)
    repeats = np.mean([len({tuple(word) for word in four}) < 4 for four in x.tolist()])
    assert repeats == pytest.approx(1 - np.prod([1 - n / 48 for n in range(4)]), abs=0.03)


def test_more_samples_than_words_can_make(tmp_path: Path) -> None:
    """A language whose words for test make too few different samples is named."""
    with pytest.raises(DataError, match=r"[\d,]+ samples of \w\w are needed, but \d+ words make too few different ones: fewer --samples"):
        prepare("language", write_words(tmp_path / "words"), tmp_path, sizes=Sizes(100, 10, 1_000_000))


def test_a_missing_language_is_named(tmp_path: Path) -> None:
    """With its package and its path; a list without usable words is refused too."""
    source = write_words(tmp_path / "words")
    (source / "fi.txt").unlink()
    with pytest.raises(DataError, match=r"no words of fi: .*freedict-fin-eng.index \(Debian package dict-freedict-fin-eng\) nor fi.txt"):
        read_words(source)
    (source / "fi.txt").write_text("talo\nkissa\n")
    with pytest.raises(DataError, match=r"fi.txt holds 0 words of six letters a to x; at least 20"):
        read_words(source)


@pytest.mark.slow
def test_from_debian_s_lists(word_root: Path, tmp_path: Path) -> None:
    """All ten languages, at the size of the paper in bulk; a linear model is far better than chance."""
    sizes = (50_000, 10_000, 10_000) if BULK > 1 else (2_000, 1_000, 1_000)
    words = read_words(word_root)
    assert {language: len(own) for language, own in words.items() if language != "zu"} == {
        "en": 6334, "nl": 10454, "de": 3572, "es": 5999, "fr": 8929, "pt": 12182, "sw": 6723, "fi": 1663, "sv": 6537,
    }  # fmt: skip
    assert len(words["zu"]) > 200
    prepare("language", word_root, tmp_path, sizes=Sizes(*sizes))
    check(tmp_path / "language", words, sizes)
    assert linear_accuracy(check_format(tmp_path / "language", (1, 24, 24), sizes)) > 0.3
