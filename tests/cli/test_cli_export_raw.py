"""`einspace export` of a run: files that take the user's own arrays and score on them what the run's report says."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import safetensors
import torch
from benchmarks.exports import CASES, CONV, RECIPE, channels_first, local, outputs, pictures, searched, taken
from safetensors.torch import load_file
from tests.architectures import BULK
from tests.commands import call
from tests.forked import Forked

from einspace import Result, Task, search
from einspace.cli import main
from einspace.networks.export import load_source

pytestmark = pytest.mark.slow

Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def _run(monkeypatch: pytest.MonkeyPatch, *words: str, code: int = 0) -> None:
    monkeypatch.setattr(sys, "argv", ["einspace", "export", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    assert (ended.value.code or 0) == code


@pytest.mark.parametrize("kind", CASES)
def test_every_file_scores_on_raw_arrays_what_the_report_says(kind: str, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    """The user's own test arrays and targets, in the user's units, give the score of the run in every format.

    Of a program and an ONNX model, which take seconds to make, each kind has one by turns; in bulk, both.
    """
    case = CASES[kind]
    task, result, (x, y) = searched(case)
    programs = ("torch", "onnx") if BULK > 1 else (("torch", "onnx")[list(CASES).index(kind) % 2],)
    formats = ["source", *programs, "safetensors"]
    _run(monkeypatch, "mine", *(word for format in formats for word in ("--format", format)), "-o", "taken", "--json")
    report = json.loads(capsys.readouterr().out)
    assert report["fresh_weights"] is False
    assert [file["format"] for file in report["files"]] == formats
    raw, targets = taken(case, task, x, y)
    assert result.best is not None
    for format in ("source", *programs):
        assert task.metric(outputs(Path("taken"), format, raw), targets) == pytest.approx(result.best.test, rel=1e-4, abs=1e-6), format
    (kept,) = result.weights.values()
    own, exported = load_file(kept), load_file("taken/network.safetensors")
    assert own.keys() == exported.keys()
    assert all(torch.equal(value, exported[name]) for name, value in own.items())
    with safetensors.safe_open(kept, "pt") as file:
        said = json.loads(file.metadata()["einspace"])
    assert said["input"] == result.trained().described(True)["input"]


def test_a_network_of_normalised_samples_is_the_one_that_was_trained(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    """`--normalised-input` leaves the constants out, and the metadata say so."""
    task, result, (x, _) = searched(CASES["numbers"])
    _run(monkeypatch, "mine", "--format", "onnx", "--format", "safetensors", "--normalised-input", "-o", "taken")
    session = onnxruntime.InferenceSession("taken/network.onnx", providers=["CPUExecutionProvider"])
    outputs = torch.from_numpy(session.run(None, {"input": task.test.x})[0])
    assert result.best is not None
    assert task.score(outputs, torch.from_numpy(task.test.y)) == pytest.approx(result.best.test, rel=1e-4)
    assert not any(name.startswith(("input_", "target_")) for name in load_file("taken/network.safetensors"))
    assert json.loads(session.get_modelmeta().custom_metadata_map["input"])["normalised"] is True
    assert "normalised samples" in Path("taken/MODEL_CARD.md").read_text()
    assert float(abs(x - 7).mean()) > 1


@pytest.fixture(scope="module")
def animals(tmp_path_factory: pytest.TempPathFactory) -> tuple[Task, Result, Path]:
    """A run on pictures of three classes with names, and the folder with its network in all formats."""
    folder = tmp_path_factory.mktemp("animals")
    x, y = pictures(np.random.default_rng(0), 96)
    task = Task.from_arrays(x, np.array(["cat", "dog", "owl"])[y], name="own", baselines=(), axes="NHWC")
    options: dict[str, Any] = {"recipe": RECIPE, "runs": folder / "runs", "report": False, "executor": local}
    result = search(task, trials=1, workers=1, init=[CONV], run="mine", **options)
    formats = [word for format in ("source", "torch", "onnx", "safetensors") for word in ("--format", format)]
    assert call("export", "mine", *formats, "-o", "taken", cwd=folder).returncode == 0
    return task, result, folder / "taken"


def test_what_the_files_say_of_themselves(animals: tuple[Task, Result, Path]) -> None:
    """Class names, axes, ranges, metric and key lie in the metadata of ONNX, in the header of safetensors, in the source's docstring."""
    task, result, taken = animals
    said = result.trained().described(True)
    assert said["classes"] == ["cat", "dog", "owl"]
    assert (said["input"]["given_axes"], said["input"]["given_dtype"], said["input"]["dtype"]) == ("NHWC", "uint8", "float32")
    assert said["input"]["range"]["high"] == task.preprocessing.high.ravel().tolist()  # type: ignore[union-attr]
    props = {prop.key: prop.value for prop in onnx.load(taken / "network.onnx").metadata_props}
    assert json.loads(props["classes"]) == said["classes"]
    assert json.loads(props["input"]) == said["input"]
    assert props["key"] == said["key"]
    with safetensors.safe_open(taken / "network.safetensors", "pt") as file:
        header = json.loads(file.metadata()["einspace"])
    assert {name: header[name] for name in said if name != "input"} == {name: said[name] for name in said if name != "input"}
    assert header["metric"] == {"name": "accuracy", "higher_is_better": True}
    document = load_source((taken / "network.py").read_text()).__doc__
    assert document is not None
    assert 'classes: ["cat", "dog", "owl"]' in document
    extra = {"einspace.json": ""}
    torch.export.load(taken / "network.pt2", extra_files=extra)
    assert json.loads(extra["einspace.json"])["key"] == said["key"]


PROGRAMS = """
import sys
sys.modules["einspace"] = None
sys.modules["torch"] = None
for program in {without}: exec(program, {{}})
del sys.modules["torch"]
print("with PyTorch")
for program in {others}: exec(program, {{}})
"""
"""Programs in a process that cannot import this library, and at first no PyTorch either."""


def test_the_card_loads_every_file_in_a_process_without_this_library(animals: tuple[Task, Result, Path]) -> None:
    """The programs of the model card run as they stand; that of ONNX without PyTorch."""
    _, result, taken = animals
    card = (taken / "MODEL_CARD.md").read_text()
    assert "given as NHWC" in card
    assert "(MODEL_CARD.svg)" in card
    assert "what they give for a sample with NaN or infinite values means nothing" in card
    assert (taken / "MODEL_CARD.svg").read_text().startswith("<svg ")
    latency = result.history[0].latency
    assert latency is not None
    assert f"Latency for one sample, as measured in the search on cpu: {latency * 1e3:.3g} ms" in card
    programs = [part.split("```")[0] for part in card.split("```python\n")[1:]]
    assert len(programs) == 4
    without = [program for program in programs if "onnxruntime" in program]
    others = [program for program in programs if program not in without]
    code = PROGRAMS.format(without=without, others=others)
    done = subprocess.run([sys.executable, "-c", code], cwd=taken, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    for own, said in zip((without, others), done.stdout.split("with PyTorch\n"), strict=True):
        printing = [program for program in own if "safetensors" not in program]
        assert len([line for line in said.splitlines() if line.startswith("['")]) >= len(printing) > 0


def test_another_trial_and_what_cannot_be(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    """`--trial` exports that one, with the head of the run; an unknown number and a file in the card's place are named."""
    searched(CASES["mask"])
    _run(monkeypatch, "mine", "--format", "source", "--trial", "0", "-o", "zero.py", "--json")
    assert json.loads(capsys.readouterr().out)["card"] == "zero.py.md"
    _run(monkeypatch, "mine", "--format", "source", "--trial", "7", "-o", "seven.py", code=2)
    assert "the run mine has no trial 7: those that have ended are 0 to 0" in capsys.readouterr().err
    Path("zero.py.md").write_text("my own words")
    _run(monkeypatch, "mine", "--format", "source", "-o", "zero.py", code=2)
    assert "zero.py.md: it belongs to no model card of this program" in capsys.readouterr().err
    _run(monkeypatch, "[relu relu]", "--format", "source", "--trial", "1", "-o", "a.py", code=2)
    assert "are for a run" in capsys.readouterr().err


def test_no_export_replaces_the_card_of_another_file(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    """A file has a card of its own; the card of several files in a folder is written again with all of them, or not at all."""
    searched(CASES["mask"])
    _run(monkeypatch, "mine", "--format", "source", "-o", "a.py")
    first = Path("a.py.md").read_text()
    _run(monkeypatch, "mine", "--format", "safetensors", "-o", "a.safetensors")
    assert (Path("a.py.md").read_text(), "a.safetensors" in Path("a.safetensors.md").read_text()) == (first, True)
    _run(monkeypatch, "mine", "--format", "source", "--format", "safetensors", "-o", "both")
    before = Path("both/MODEL_CARD.md").read_bytes()
    _run(monkeypatch, "mine", "--format", "torch", "--format", "safetensors", "-o", "both", code=2)
    assert "both/MODEL_CARD.md: it is the card of network.py too, which stays" in capsys.readouterr().err
    assert (Path("both/MODEL_CARD.md").read_bytes(), Path("both/network.pt2").exists()) == (before, False)
    _run(monkeypatch, "mine", "--format", "source", "--format", "safetensors", "-o", "both")


def test_a_run_of_other_operations_says_which_module_it_needs(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    """A process that has not imported them refuses in one line; `--module` imports them."""
    searched(CASES["a grammar of the user's"])
    np.save("x.npy", channels_first(np.random.default_rng(0), 4)[0])
    export, predict = ["export", "mine", "--format", "source", "-o", "own.py"], ["predict", "mine", "x.npy", "-o", "a.csv"]
    show, module = ["show", "mine"], ["--module", "tests.networks.own_layers"]
    for refused, helped in ((export, predict), (predict, export)):
        calls = [refused, show, [*helped, *module], [*show, *module]]
        said, complained = Forked("tests.cli.alone:run_all", calls).communicate(timeout=200)
        assert said.splitlines()[-1] == "[2, 2, 0, 0]", complained
        assert complained.count("the operation scale is not defined here: import the module tests.networks.own_layers first") == 2
    assert len(Path("a.csv").read_text().splitlines()) == 5
    _run(monkeypatch, "mine", "--format", "source", "-o", "own.py", "--module", "no.such", code=2)
    said = "the module 'no.such' cannot be imported: No module named 'no'; --module FILE.py names it by its file, wherever that lies"
    assert said in capsys.readouterr().err
    Path("random.py").write_text("")
    _run(monkeypatch, "mine", "--format", "source", "-o", "own.py", "--module", "random.py", code=2)
    assert "the module 'random.py' cannot be imported: another module is called random: rename the file" in capsys.readouterr().err
    Path("broken.py").write_text("import nowhere")
    monkeypatch.syspath_prepend(".")
    _run(monkeypatch, "mine", "--format", "source", "-o", "own.py", "--module", "broken", code=2)
    assert capsys.readouterr().err.endswith("the module 'broken' cannot be imported: No module named 'nowhere'\n")
