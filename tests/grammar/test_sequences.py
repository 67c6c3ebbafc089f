"""The 1-D variant: another grammar, with an operation of its own, works everywhere."""

from pathlib import Path
from random import Random
from typing import Any

import pytest
import torch
from tests.architectures import BULK, SMALL, checked_samples
from tests.grammar.sequence_task import RECIPE, rows_of_digits
from tests.study_samples import ThreadExecutor
from torch import nn

from einspace import EinSpace, Limits, einspace_grammar, search, sequence_grammar
from einspace.errors import GrammarError, RunError, ShapeError, UnknownNameError
from einspace.evaluation.evaluate import evaluate
from einspace.features import Feature
from einspace.networks import build, convert_state
from einspace.operations import Linear
from einspace.operations.sequences import Window
from einspace.result import load_result
from einspace.strategies import RegularisedEvolution
from einspace.study import search as study_search

SHAPES = [(24, 24), (1, 16), (64, 3)]

CONVOLUTIONAL = (
    "[[[window(k=3,s=1,p=1) linear(d=32) identity] [norm relu]]"
    " [clone(b=2) {[[window(k=3,s=1,p=1) linear(d=32) identity] [norm relu]] identity} add]]"
)


def test_options_are_those_of_a_sequence() -> None:
    """The modules and probabilities are equation 8's; no option needs a third axis or an image, so every one fits some sequence."""
    grammar = sequence_grammar()
    paper = einspace_grammar()
    assert grammar.rules["S"] == paper.rules["S"]
    assert grammar.rules["M"] == paper.rules["M"]
    assert [str(p) for p in grammar.rules["C"]] == ["C -> batchnorm", *map(str, paper.rules["C"])]
    assert {symbol: len(grammar.rules[symbol]) for symbol in ("B", "A", "R1", "R2")} == {"B": 9, "A": 9, "R1": 8, "R2": 2}
    assert [str(p).split(" -> ")[1] for p in grammar.rules["R2"]] == ["permute(o=(2,1))", "identity"]
    assert not {"im2col", "col2im"} & set(grammar.operations)
    assert set(grammar.operations) - set(paper.operations) == {"batchnorm", "window"}
    assert grammar.fingerprint != paper.fingerprint
    assert grammar.spectral_radius() == pytest.approx(paper.spectral_radius())
    with pytest.raises(GrammarError, match="above 0"):
        sequence_grammar(0)


def test_the_paper_s_grammar_has_no_operation_of_ours() -> None:
    """Operations outside of appendix A.2 stay outside of its grammar."""
    assert not {"batchnorm", "window"} & set(einspace_grammar().operations)


@pytest.mark.parametrize("options", Window.options(), ids=str)
def test_window_and_linear_are_a_convolution_along_the_sequence(options: Window) -> None:
    """With the rows channel-major, the weight of the linear layer is the kernel of Conv1d, viewed as a matrix."""
    inputs = (Feature((19, 3)),)
    rows = options.infer(inputs)
    linear = Linear(5).layer(rows)
    convolution = nn.Conv1d(3, 5, options.k, options.s, options.p)
    with torch.no_grad():
        linear.get_parameter("weight").copy_(convolution.weight.view(5, -1))
        linear.get_parameter("bias").copy_(convolution.get_parameter("bias"))
    x = torch.randn(2, 19, 3)
    got = linear(options.layer(inputs)(x))
    assert got.shape[1:] == (rows[0].shape[0], 5)
    torch.testing.assert_close(got, convolution(x.transpose(1, 2)).transpose(1, 2), atol=1e-5, rtol=1e-5)


def test_window_leaves_the_grid_and_needs_enough_tokens() -> None:
    """Rows of windows are not pixels any more; a sequence shorter than a window is refused, as is an image."""
    assert Window(3, 1, 1).infer((Feature((12, 5), (3, 4)),)) == (Feature((12, 15)),)
    assert Window(3, 2, 1).infer((Feature((1, 16)),))[0].shape == (1, 48)
    with pytest.raises(ShapeError, match="at least 4 tokens"):
        Window(4, 4, 0).infer((Feature((3, 5)),))
    with pytest.raises(ShapeError, match="Col mode"):
        Window(3, 1, 1).infer((Feature((3, 8, 8)),))


@pytest.mark.slow
@pytest.mark.parametrize("shape", SHAPES)
def test_samples_are_valid(shape: tuple[int, ...]) -> None:
    """Samples parse back, and PyTorch has the shapes and parameters that arithmetic infers; mutants are new ones."""
    space = EinSpace(shape, grammar=sequence_grammar(), limits=SMALL)
    assert sum("window" in text for text in checked_samples(space, 30 * BULK)) > 5


def test_the_optimised_form_computes_the_same() -> None:
    """Simplification knows the identities of the shared operations only, so it holds in the 1-D variant too, gradients included."""
    space = EinSpace((24, 24), grammar=sequence_grammar(), limits=SMALL)
    samples = [space.sample(Random(seed)) for seed in range(40)]
    for architecture in (sample for sample in samples if "window" in str(sample)):
        plain, optimised = build(architecture, optimize=False), build(architecture)
        convert_state(plain, optimised)
        here, there = (torch.randn(3, 24, 24, generator=torch.Generator().manual_seed(0)).requires_grad_() for _ in range(2))
        a, b = plain(here), optimised(there)
        torch.testing.assert_close(a, b, rtol=1e-3, atol=1e-4)
        a.mean().backward()
        b.mean().backward()
        torch.testing.assert_close(here.grad, there.grad, rtol=1e-3, atol=1e-4)


def test_a_convolutional_network_learns_real_sequences() -> None:
    """Eight epochs on rows of digits score 90% where chance is 10%."""
    task = rows_of_digits()
    evaluation = evaluate(EinSpace(task.input, grammar=sequence_grammar()).parse(CONVOLUTIONAL), task, recipe=RECIPE)
    assert evaluation.mean is not None
    assert evaluation.mean > 0.9


@pytest.mark.slow
def test_a_search_over_another_grammar(tmp_path: Path) -> None:
    """Workers parse and train the grammar's texts, the result parses back, and another grammar may not continue the run."""
    assert search is study_search
    options = {"trials": 4, "workers": 1, "run": "rows", "runs": tmp_path, "limits": Limits(operations=60, parameters=200_000)}
    recipe = {"epochs_search": 1, "epochs_final": 1}
    grammar = sequence_grammar(0.4)
    result = search(rows_of_digits(), population=2, tournament=1, recipe=recipe, grammar=grammar, **options)  # type: ignore[arg-type]
    assert result.outcomes == {"ok": 4}
    assert result.best is not None
    assert result.best.test is not None
    space = EinSpace((8, 8), grammar=grammar)
    for row in load_result("rows", str(tmp_path)).history:
        architecture = space.parse(row.text)
        assert (architecture.key, architecture.parameters) == (row.key, row.parameters)
    assert result.best.architecture == space.parse(result.best.text)
    assert {baseline.name for baseline in result.baselines} == {"resnet8-wide", "vit-tiny", "mixer-tiny"}
    assert all(baseline.test is not None for baseline in result.baselines)
    with pytest.raises(RunError, match="grammar: "):
        search(rows_of_digits(), population=2, tournament=1, recipe=recipe, grammar=sequence_grammar(0.5), **options)  # type: ignore[arg-type]


@pytest.mark.slow
def test_series_are_searched_with_convolutions(tmp_path: Path) -> None:
    """A search of series that names no grammar has that of sequences, and by the paper's protocol the paper's.

    Its runs go on as they began, and the settings file says which it was.
    """
    recipe = {"epochs_search": 1, "epochs_final": 1}
    options: dict[str, Any] = {"workers": 1, "runs": tmp_path, "limits": Limits(operations=60, parameters=200_000), "recipe": recipe}
    options["executor"] = ThreadExecutor()
    ours = search(rows_of_digits(), trials=2, run="ours", **options)
    assert ours.settings["grammar"] == sequence_grammar().fingerprint
    assert [trial.proposal.origin for trial in ours.history] == ["seed resnet8-wide", "seed mixer-tiny"]
    assert "window" in ours.history[0].text
    assert load_result("ours", str(tmp_path)).settings["grammar"] == sequence_grammar().fingerprint
    assert "\ngrammar: sequences\n" in (tmp_path / "ours" / "config.yaml").read_text()
    more = search(rows_of_digits(), trials=3, run="ours", **options)
    assert more.history[:2] == ours.history
    paper = search(rows_of_digits(), trials=1, run="paper", protocol="paper", **options)
    assert paper.settings["grammar"] == einspace_grammar().fingerprint
    assert search(rows_of_digits(), trials=2, run="paper", **options).settings["grammar"] == einspace_grammar().fingerprint
    named = search(rows_of_digits(), trials=1, run="named", grammar="paper", init="vit-tiny", **options)
    assert named.settings["grammar"] == einspace_grammar().fingerprint
    assert search(rows_of_digits(), trials=2, run="named", init="vit-tiny", **options).settings["grammar"] == named.settings["grammar"]
    with pytest.raises(UnknownNameError, match="unknown grammar 'sequence': did you mean sequences"):
        search(rows_of_digits(), trials=1, grammar="sequence", **options)


def test_what_the_paper_s_grammar_has_for_a_sequence_is_in_that_of_sequences() -> None:
    """So a text of either is read at (S, D): 300 samples of the paper's grammar parse to the same architectures."""
    paper, sequences = EinSpace((24, 24), limits=SMALL), EinSpace((24, 24), grammar="sequences", limits=SMALL)
    for seed in range(300):
        sample = paper.sample(Random(seed))
        assert sequences.parse(str(sample)) == sample


def test_a_baseline_outside_of_the_grammar_is_named(tmp_path: Path) -> None:
    """As an initial member it is an error before a folder is made; as a mere comparison its row says why it has no score."""
    from tests.study_samples import small_task

    space = EinSpace((1, 8, 8), grammar=sequence_grammar())
    with pytest.raises(GrammarError, match="the baseline resnet8 is not an architecture of this grammar: unknown operation 'im2col'"):
        RegularisedEvolution(space, initial=("resnet8",))
    options = {"grammar": sequence_grammar(), "trials": 2, "executor": ThreadExecutor(), "runs": tmp_path, "limits": SMALL}
    with pytest.raises(GrammarError, match="baseline resnet8"):
        search(small_task(), init="resnet8", **options)  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []
    result = search(small_task(), **options)  # type: ignore[arg-type]
    assert [baseline.validation for baseline in result.baselines] == [None]
    assert "not an architecture of this grammar" in result.baselines[0].reason


def test_a_grammar_that_need_not_end_is_refused_with_its_radius() -> None:
    """A.4: at p = 0.3 the radius is 0.7 x 13/9 = 1.0111; without a limit of operations that is an error, with one it is bounded."""
    unbounded = Limits(operations=None)
    with pytest.raises(GrammarError, match=r"spectral radius is 1\.0111, and must be below 1 \(A\.4\), or limits\.operations must bound"):
        EinSpace((3, 32, 32), grammar=einspace_grammar(0.3), limits=unbounded)
    with pytest.raises(GrammarError, match=r"1\.0111"):
        EinSpace((24, 24), grammar=sequence_grammar(0.3), limits=unbounded)
    assert EinSpace((3, 32, 32), 0.32, limits=unbounded).grammar.is_consistent()


@pytest.mark.parametrize("p", [0.3, 0.1, 0.02])
def test_a_grammar_that_need_not_end_is_sampled_within_a_limit(p: float) -> None:
    """Attempts that outgrow the limit are given up, however far above one the radius is: sampling ends."""
    for space in (EinSpace((3, 32, 32), p), EinSpace((24, 24), grammar=sequence_grammar(p))):
        assert not space.grammar.is_consistent()
        assert all(space.sample(Random(seed)).terminals <= 3_000 for seed in range(10))
