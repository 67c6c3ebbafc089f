"""`einspace export`: a text, a baseline or a run into a file, and what is printed of it."""

import hashlib
import json
import os
import sys
from pathlib import Path

import onnx
import pytest
import torch
from tests.study_samples import EVOLUTION, SMALL, ThreadExecutor, small_task

from einspace import Classification, EinSpace, baselines, build, load_task, search
from einspace.cli import main
from einspace.evaluation.training import predict
from einspace.networks.export import load_source, load_weights
from einspace.tasks.changes import apply

Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every command runs in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OMP_WAIT_POLICY", "passive")


def run(*words: str, monkeypatch: pytest.MonkeyPatch, code: int = 0) -> None:
    monkeypatch.setattr(sys, "argv", ["einspace", "export", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    assert (ended.value.code or 0) == code


def test_source_and_weights_of_a_baseline(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    """Two files make the network; JSON says what was written, and that its weights are fresh."""
    run("resnet8", "--format", "source", "--shape", "3,16,16", "--classes", "7", "-o", "network.py", monkeypatch=monkeypatch)
    assert "network.py: source" in capsys.readouterr().out
    words = ["resnet8", "--format", "safetensors", "--shape", "3,16,16", "--classes", "7", "--seed", "3", "-o", "w.safetensors", "--json"]
    run(*words, monkeypatch=monkeypatch)
    facts = json.loads(capsys.readouterr().out)
    content = Path("w.safetensors").read_bytes()
    assert (facts["bytes"], facts["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())
    assert facts["path"] == "w.safetensors"
    assert facts["fresh_weights"] is True
    torch.manual_seed(3)
    expected = build(baselines.get("resnet8", (3, 16, 16)), Classification(7)).eval()
    assert facts["parameters"] == sum(parameter.numel() for parameter in expected.parameters())
    network = load_source(Path("network.py").read_text()).eval()
    load_weights(network, "w.safetensors")
    x = torch.randn(2, 3, 16, 16)
    assert torch.equal(network(x), expected(x))


@pytest.mark.slow
def test_trained_weights_go_into_a_plain_program(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    """`--weights` of the optimised form fill the plain one; standard output is one JSON object and nothing else."""
    text = "[[im2col(k=3,s=1,p=1) linear(d=4) col2im] [norm relu]]"
    run(text, "--format", "safetensors", "--seed", "5", "-o", "w.safetensors", monkeypatch=monkeypatch)
    assert "freshly initialised, with seed 5" in capsys.readouterr().out
    words = [text, "--format", "torch", "--plain", "--weights", "w.safetensors", "-o", "network.pt2", "--json"]
    run(*words, monkeypatch=monkeypatch)
    assert json.loads(capsys.readouterr().out)["fresh_weights"] is False
    network = build(EinSpace((3, 32, 32)).parse(text)).eval()
    load_weights(network, "w.safetensors")
    x = torch.randn(3, 3, 32, 32)
    torch.testing.assert_close(torch.export.load("network.pt2").module()(x), network(x), rtol=1e-4, atol=1e-5)


@pytest.mark.slow
def test_the_best_of_a_run(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    """By its name or its folder: the best architecture at the task's input with the task's classes; what does not agree is named."""
    task = load_task("digits")
    result = search(
        task, trials=4, workers=1, limits=SMALL, run="mine", runs="runs", executor=ThreadExecutor(), keep_weights="none", **EVOLUTION
    )
    assert result.best is not None
    for what in ("mine", "runs/mine", str(Path("runs/mine").resolve())):
        run(what, "--format", "source", "-o", "best.py", "--json", monkeypatch=monkeypatch)
        facts = json.loads(capsys.readouterr().out)
        assert facts["architecture"] == result.best.text
        assert facts["fresh_weights"] is False
    network = load_source(Path("best.py").read_text()).eval()
    assert network(torch.randn(2, 1, 8, 8)).shape == (2, 10)
    run("mine", "--format", "source", "--classes", "4", "-o", "a.py", monkeypatch=monkeypatch, code=2)
    assert "Classification(classes=4, pool='channels') predicts (4)" in (message := capsys.readouterr().err)
    assert "the task digits wants (10)" in message
    run("mine", "--format", "source", "--shape", "3,32,32", "-o", "a.py", monkeypatch=monkeypatch, code=2)
    assert "the run mine has inputs of (1, 8, 8), not (3, 32, 32)" in capsys.readouterr().err
    run("mine", "--format", "safetensors", "-o", "w", monkeypatch=monkeypatch, code=2)
    assert f"the run mine did not keep the weights of the network of {result.best.name}" in capsys.readouterr().err
    assert not Path("w").exists()
    run("mine", "--format", "onnx", "--untrained", "-o", "w", monkeypatch=monkeypatch)
    notes = {entry.key: entry.value for entry in onnx.load("w").metadata_props}
    assert (notes["trained"], notes["scores"]) == ("false", "null")
    assert "a search with --keep-weights keeps its own" in capsys.readouterr().out
    search(
        small_task(), trials=4, workers=1, limits=SMALL, run="own", runs="runs", executor=ThreadExecutor(), keep_weights="none", **EVOLUTION
    )
    run("own", "--format", "source", "-o", "own.py", monkeypatch=monkeypatch)
    network = load_source(Path("own.py").read_text()).eval()
    assert network(torch.randn(2, 1, 8, 8)).shape == (2, 2)
    files = ("best.py", "own.py", "w")
    assert sorted(os.listdir()) == sorted([*(f"{name}{end}" for name in files for end in ("", ".md", ".svg")), "runs"])


@pytest.mark.slow
def test_the_weights_that_a_search_kept_are_exported(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    """A search keeps those of the final training, with the head of the trial, and what is exported scores on test what the search says."""
    task = load_task("digits")
    recipe = {"epochs_search": 1, "epochs_final": 2}
    result = search(task, trials=1, workers=1, init="resnet8", recipe=recipe, run="kept", runs="runs")
    assert result.best is not None
    assert result.best.test is not None
    run("kept", "--format", "safetensors", "-o", "best.safetensors", "--json", monkeypatch=monkeypatch)
    assert json.loads(capsys.readouterr().out)["fresh_weights"] is False
    assert result.best.proposal is not None
    _, head = apply(task.recipe, task.head, result.best.proposal.changes)
    network = build(EinSpace(task.input).parse(result.best.text), head)
    load_weights(network, "best.safetensors")
    x, y = task.tensors(["test"], "cpu")
    assert task.score(predict(network, x, 64), y) == pytest.approx(result.best.test, abs=1e-3)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["resnet81", "--format", "onnx"], "unknown run, architecture or baseline 'resnet81': did you mean resnet8 or resnet18"),
        (["resnet8", "--format", "onnxx"], "unknown format 'onnxx': did you mean onnx?"),
        (["resnet8", "--format", "source", "--classes", "0"], "at least one class, not 0"),
        (["resnet8", "--format", "source", "--shape", "3,x"], "a shape is C,H,W or S,D"),
        (["resnet8", "--format", "torch", "--weights", "none.safetensors"], "cannot read weights from none.safetensors"),
        (["resnet8", "--format", "source", "--weights", "none.safetensors"], "a source file holds no weights"),
        (["[relu norn]", "--format", "source"], "unknown operation 'norn'"),
    ],
)
def test_bad_input_is_one_message(words: list[str], message: str, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    """Exit code 2, nothing on standard output, and no file."""
    run(*words, "-o", "network", monkeypatch=monkeypatch, code=2)
    printed = capsys.readouterr()
    assert printed.out == ""
    assert message in printed.err
    assert os.listdir() == []


def test_a_target_that_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    """The folder that is missing is named."""
    run("vit", "--format", "onnx", "-o", "no/network.onnx", monkeypatch=monkeypatch, code=2)
    assert f"cannot write no/network.onnx: there is no folder {tmp_path.resolve() / 'no'}" in capsys.readouterr().err
