"""The grammar with recurrence: a third grammar, with operations of its own, which leaves the others as they were."""

import hashlib
from pathlib import Path
from random import Random
from typing import Any

import pytest
import torch
from tests.architectures import BULK, RECURRENT, SMALL, checked_samples
from tests.grammar.sequence_task import rows_of_digits
from tests.networks.comparison import compare
from tests.study_samples import ThreadExecutor

from einspace import Architecture, EinSpace, Limits, einspace_grammar, recurrent_grammar, search, sequence_grammar
from einspace.grammar.consistency import critical_probability
from einspace.networks import build

OWN = ("scan", "multiply", "causal-window", "window", "batchnorm")


def test_options_are_those_of_both_grammars_and_its_own() -> None:
    """Modules and probabilities are equation 8's, so A.4 says the same of it: radius 0.68 x 13/9, critical at 4/13, 101 terminals."""
    grammar, paper = recurrent_grammar(), einspace_grammar()
    assert grammar.rules["S"] == paper.rules["S"]
    assert grammar.rules["M"] == paper.rules["M"]
    for other in (paper, sequence_grammar()):
        assert set(grammar.productions) >= set(other.productions)
    assert set(grammar.operations) - set(paper.operations) == set(OWN)
    counts = {symbol: len(rules) for symbol, rules in grammar.rules.items()}
    assert counts == {"S": 3, "M": 4, "B": 12, "A": 13, "R1": 23, "R2": 8, "C": 16}
    by_text = {str(production): grammar.probability(production) for production in grammar.productions}
    assert by_text["A -> multiply"] == pytest.approx(4 * by_text["A -> add"]) == pytest.approx(4 / 16)
    assert by_text["C -> scan(reverse=True)"] == pytest.approx(1 / 16)
    assert grammar.is_consistent()
    assert grammar.spectral_radius() == pytest.approx(0.68 * 13 / 9)
    assert critical_probability(lambda p: recurrent_grammar(p).spectral_radius()) == pytest.approx(4 / 13, abs=1e-9)
    assert grammar.expected_length() == pytest.approx(101)


@pytest.mark.parametrize(
    ("grammar", "shape", "fingerprint", "first", "samples", "mutants"),
    [
        ("paper", (3, 32, 32), "2ff4d0a1453ad7ec", "f963022f 3781b8d6 eeb8ac2f", "fec09e1669889ee8", "a79ca207199f2da2"),
        ("paper", (24, 24), "2ff4d0a1453ad7ec", "bedbc0e0 0444b766 ca1072ec", "7963299ee919d4b5", "963e2cb920457129"),
        ("sequences", (24, 24), "e550dbe905932577", "cf20cb2a 82e551a8 44d20faf", "4a0f392fda88764a", "123b8c4e216b108e"),
    ],
)
def test_the_other_grammars_are_what_they_were(
    grammar: str, shape: tuple[int, ...], fingerprint: str, first: str, samples: str, mutants: str
) -> None:
    """Fingerprint, and texts and keys of 440 samples and 60 mutants, 1,000 of them the paper's, are those from before recurrence."""

    def digest(architectures: list[Architecture]) -> str:
        return hashlib.sha256("\n".join(f"{one} {one.key}" for one in architectures).encode()).hexdigest()[:16]

    space = EinSpace(shape, grammar=grammar, limits=SMALL)
    sampled = [space.sample(Random(seed)) for seed in range(440)]
    assert space.grammar.fingerprint == fingerprint
    assert " ".join(one.key[:8] for one in sampled[:3]) == first
    assert digest(sampled) == samples
    assert digest([space.mutate(one, Random(seed)) for seed, one in enumerate(sampled[:60])]) == mutants
    assert not set(OWN[:3]) & set(space.grammar.operations)


@pytest.mark.slow
@pytest.mark.parametrize("shape", RECURRENT, ids=str)
def test_samples_are_valid(shape: tuple[int, ...]) -> None:
    """Samples parse back, and PyTorch has the shapes and parameters that arithmetic infers; mutants are new ones."""
    space = EinSpace(shape, grammar="recurrent", limits=SMALL)
    assert sum("scan" in text for text in checked_samples(space, 30 * BULK)) >= 1


def test_what_the_other_grammars_have_is_in_it() -> None:
    """So a text of either is read in it, at images and at sequences."""
    for shape, name in (((24, 24), "sequences"), ((24, 24), "paper"), ((3, 16, 16), "paper")):
        other, recurrent = EinSpace(shape, grammar=name, limits=SMALL), EinSpace(shape, grammar="recurrent", limits=SMALL)
        for seed in range(100):
            sample = other.sample(Random(seed))
            assert recurrent.parse(str(sample)) == sample


@pytest.mark.parametrize(
    "text",
    [
        "[[im2col(k=1,s=1,p=0) scan(reverse=False) col2im] relu]",
        "[[im2col(k=4,s=4,p=0) [linear(d=16) scan(reverse=True)] col2im] norm]",
        "[permute(o=(1,3,2)) [im2col(k=1,s=1,p=0) scan(reverse=False) col2im] permute(o=(1,3,2))]",
        "[[im2col(k=3,s=1,p=1) [clone(b=2) {[linear(d=8) scan(reverse=False)] [linear(d=8) scan(reverse=True)]} multiply] col2im] relu]",
    ],
)
def test_images_reach_a_scan_through_im2col(text: str) -> None:
    """Pixels row by row, patches, pixels column by column, and a product of both directions, as attention reaches patches."""
    space = EinSpace((3, 8, 8), grammar="recurrent")
    architecture = space.parse(text)
    assert architecture.output.mode == "Im"
    compare(architecture)


def test_a_scan_over_the_columns_of_an_image_is_one_over_the_rows_of_its_transpose() -> None:
    """The order in which pixels are read is that of the routing around."""
    torch.manual_seed(0)
    space = EinSpace((3, 4, 4), grammar="recurrent")
    rows = build(space.parse("[[im2col(k=1,s=1,p=0) scan(reverse=False) col2im] identity]"))
    columns = build(space.parse("[permute(o=(1,3,2)) [im2col(k=1,s=1,p=0) scan(reverse=False) col2im] permute(o=(1,3,2))]"))
    for mine, other in zip(columns.parameters(), rows.parameters(), strict=True):
        mine.data.copy_(other)
    x = torch.randn(2, 3, 4, 4)
    torch.testing.assert_close(columns(x), rows(x.transpose(2, 3)).transpose(2, 3))
    assert not torch.allclose(columns(x), rows(x))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("[clone(b=2) {relu linear(d=8)} multiply]", "[clone(b=2) {linear(d=8) relu} multiply]"),
        (
            "[clone(b=2) {[permute(o=(2,1)) softmax permute(o=(2,1))] [permute(o=(2,1)) norm permute(o=(2,1))]} multiply]",
            "[[identity [permute(o=(2,1)) [clone(b=2) {softmax norm} multiply] permute(o=(2,1))] identity] identity]",
        ),
        ("[clone(b=2) {[softmax linear(d=8)] [softmax norm]} multiply]", "[softmax [clone(b=2) {linear(d=8) norm} multiply]]"),
    ],
)
def test_products_that_compute_the_same_have_one_key(one: str, other: str) -> None:
    """The order of the branches is all the same, and so is whether what they share is done once."""
    space = EinSpace((8, 8), grammar="recurrent")
    assert space.parse(one).key == space.parse(other).key
    assert space.parse(one).key != space.parse(one.replace("multiply", "add")).key
    compare(space.parse(one))


def test_directions_and_windows_have_keys_of_their_own() -> None:
    """Neither direction, nor which side is padded, is a matter of notation."""
    space = EinSpace((8, 8), grammar="recurrent")
    texts = (
        "scan(reverse=False)",
        "scan(reverse=True)",
        "[window(k=3,s=1,p=1) norm identity]",
        "[causal-window(k=3,s=1,p=2) norm identity]",
    )
    assert len({space.parse(f"[{text} relu]").key for text in texts}) == len(texts)


@pytest.mark.slow
def test_a_search_with_recurrence(tmp_path: Path) -> None:
    """It starts from the recurrent baselines too, which searches in other grammars leave alone, and goes on in its grammar."""
    options: dict[str, Any] = {"workers": 1, "runs": tmp_path, "limits": Limits(operations=60, parameters=200_000)}
    options |= {"recipe": {"epochs_search": 1, "epochs_final": 1}, "executor": ThreadExecutor()}
    ours = search(rows_of_digits(), trials=6, run="ours", grammar="recurrent", **options)
    assert ours.settings["grammar"] == recurrent_grammar().fingerprint
    assert {"seed gru-tiny", "seed mamba-tiny"} <= {trial.proposal.origin for trial in ours.history}
    assert ours.outcomes == {"ok": 6}
    more = search(rows_of_digits(), trials=7, run="ours", **options)
    assert more.history[:6] == ours.history
    other = search(rows_of_digits(), trials=3, run="other", **options)
    assert not any("scan" in trial.text for trial in other.history)
    assert not {"gru-tiny", "mamba-tiny"} & {baseline.name for baseline in other.baselines}
