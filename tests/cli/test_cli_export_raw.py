"""`einspace export` of a run: files that take the user's own arrays and score on them what the run's report says."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import safetensors
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file
from tests.networks.own_layers import OWN
from tests.study_samples import ThreadExecutor

from einspace import Grammar, Result, Task, search
from einspace.cli import main
from einspace.evaluation.attempt import attempt
from einspace.evaluation.objective import TaskObjective
from einspace.evaluation.work import Work
from einspace.networks.export import load_source

Capture = pytest.CaptureFixture[str]
Arrays = tuple[NDArray[Any], NDArray[Any]]

CONV = "[[im2col(k=3,s=1,p=1) linear(d=8) col2im] [norm relu]]"
RECURRENT = "[[linear(d=8) relu] norm]"
RECIPE = {"epochs_search": 1, "epochs_final": 2, "batch_size": 16, "learning_rate": 0.02}


@dataclass(frozen=True)
class Case:
    """A kind of task: what makes its arrays, how they are told of, and how they come into the network's axes."""

    make: Callable[[np.random.Generator, int], Arrays]
    options: dict[str, Any]
    text: str = CONV
    grammar: Grammar | None = None
    arranged: Callable[[NDArray[Any]], NDArray[Any]] = lambda x: x
    dtype: str = "float32"


def _pictures(rng: np.random.Generator, count: int) -> Arrays:
    """Bytes (N, H, W, C), bright ones or dark ones."""
    y = np.arange(count) % 3
    return (rng.integers(0, 100, (count, 8, 8, 3)) + 50 * y[:, None, None, None]).astype(np.uint8), y


def _labels(rng: np.random.Generator, count: int) -> Arrays:
    y = rng.integers(0, 2, (count, 3))
    x = 200 + 30 * rng.standard_normal((count, 3, 8, 8)) + 40 * y[:, :, None, None]
    return x.astype(np.float32), y


def _numbers(rng: np.random.Generator, count: int) -> Arrays:
    """Targets around 5,000 with a spread of 300."""
    x = 7 + 3 * rng.standard_normal((count, 1, 8, 8))
    return x, np.stack([5_000 + 300 * x.mean((1, 2, 3)), -2 + 0.1 * x[:, 0, 0, 0]], axis=1)


def _masks(rng: np.random.Generator, count: int) -> Arrays:
    x = 40 + 10 * rng.standard_normal((count, 1, 8, 8))
    return x.astype(np.float32), (x > 45).astype(np.float32)


def _fields(rng: np.random.Generator, count: int) -> Arrays:
    x = (100 + 10 * rng.standard_normal((count, 1, 8, 8))).astype(np.float32)
    return x, 3e5 + 20 * x


def _regions(rng: np.random.Generator, count: int) -> Arrays:
    x = rng.integers(0, 256, (count, 3, 8, 8)).astype(np.uint8)
    return x, x.argmax(axis=1)


def _pressures(rng: np.random.Generator, count: int) -> Arrays:
    """Series (N, S, D) of 101325 +- 0.002, which are one number in float32."""
    y = np.arange(count) % 2
    return 101325 + 0.002 * (rng.standard_normal((count, 12, 2)) + 2 * y[:, None, None]), y


def _channels_first(rng: np.random.Generator, count: int) -> Arrays:
    """Series (N, D, S) and a number for each."""
    x = 20 + 5 * rng.standard_normal((count, 2, 12)).astype(np.float32)
    return x, 1_000 + 10 * x[:, 0].mean(axis=1)


CASES = {
    "classes of images": Case(_pictures, {"axes": "NHWC"}, arranged=lambda x: x.transpose(0, 3, 1, 2)),
    "labels": Case(_labels, {"kind": "multi-label"}),
    "numbers": Case(_numbers, {"kind": "regression", "metric": "R2"}),
    "mask": Case(_masks, {"kind": "mask"}),
    "fields": Case(_fields, {"kind": "dense"}),
    "classes of pixels": Case(_regions, {"kind": "segmentation"}),
    "series": Case(_pressures, {"axes": "NSD"}, RECURRENT, dtype="float64"),
    "numbers of series": Case(_channels_first, {"axes": "NDS", "kind": "regression"}, RECURRENT, arranged=lambda x: x.transpose(0, 2, 1)),
    "a grammar of the user's": Case(_pressures, {"axes": "NSD"}, "[[scale norm] relu]", OWN, dtype="float64"),
}


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def _run(monkeypatch: pytest.MonkeyPatch, *words: str, code: int = 0) -> None:
    monkeypatch.setattr(sys, "argv", ["einspace", "export", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    assert (ended.value.code or 0) == code


def _searched(case: Case, run: str = "mine") -> tuple[Task, Result, Arrays]:
    """A finished run of one architecture with its weights, and the raw arrays of its test split."""
    rng = np.random.default_rng(0)
    parts = {name: case.make(rng, count) for name, count in (("train", 96), ("valid", 32), ("test", 32))}
    task = Task.from_arrays(*parts["train"], valid=parts["valid"], test=parts["test"], name="own", baselines=(), **case.options)
    work = Work(TaskObjective(task, task.recipe.override(**RECIPE)), task.input, case.grammar)
    executor = ThreadExecutor(partial(attempt, work=work))
    result = search(
        task,
        trials=1,
        workers=1,
        init=[case.text],
        recipe=RECIPE,
        grammar=case.grammar,
        run=run,
        executor=executor,
        keep_weights="all",
    )
    assert result.best is not None
    assert result.best.test is not None
    return task, result, parts["test"]


def _outputs(folder: Path, format: str, x: NDArray[Any]) -> torch.Tensor:
    """What the network in a file gives for raw samples, without anything of ours but the file."""
    if format == "onnx":
        session = onnxruntime.InferenceSession(str(folder / "network.onnx"), providers=["CPUExecutionProvider"])
        return torch.from_numpy(session.run(None, {"input": x})[0])
    if format == "torch":
        outputs: torch.Tensor = torch.export.load(folder / "network.pt2").module()(torch.from_numpy(x))
        return outputs.detach()
    network = load_source((folder / "network.py").read_text()).eval()
    network.load_state_dict(load_file(folder / "network.safetensors"))
    with torch.no_grad():
        predicted: torch.Tensor = network(torch.from_numpy(x))
    return predicted


@pytest.mark.parametrize("kind", CASES)
def test_every_file_scores_on_raw_arrays_what_the_report_says(kind: str, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    """The user's own test arrays and targets, in the user's units, give the score of the run in every format."""
    case = CASES[kind]
    task, result, (x, y) = _searched(case)
    formats = [word for format in ("source", "torch", "onnx", "safetensors") for word in ("--format", format)]
    _run(monkeypatch, "mine", *formats, "-o", "taken", "--json")
    report = json.loads(capsys.readouterr().out)
    assert report["fresh_weights"] is False
    assert [file["format"] for file in report["files"]] == ["source", "torch", "onnx", "safetensors"]
    raw = np.ascontiguousarray(case.arranged(x)).astype(case.dtype)
    targets = torch.from_numpy(task.test.y if task.target_normaliser is None else y.reshape(task.test.y.shape))
    assert result.best is not None
    for format in ("source", "torch", "onnx"):
        assert task.metric(_outputs(Path("taken"), format, raw), targets) == pytest.approx(result.best.test, rel=1e-4, abs=1e-6), format
    (kept,) = result.weights.values()
    own, exported = load_file(kept), load_file("taken/network.safetensors")
    assert own.keys() == exported.keys()
    assert all(torch.equal(value, exported[name]) for name, value in own.items())
    with safetensors.safe_open(kept, "pt") as file:
        said = json.loads(file.metadata()["einspace"])
    assert said["input"] == result.trained().described(True)["input"]


def test_a_network_of_normalised_samples_is_the_one_that_was_trained(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    """`--normalised-input` leaves the constants out, and the metadata say so."""
    task, result, (x, _) = _searched(CASES["numbers"])
    _run(monkeypatch, "mine", "--format", "onnx", "--format", "safetensors", "--normalised-input", "-o", "taken")
    session = onnxruntime.InferenceSession("taken/network.onnx", providers=["CPUExecutionProvider"])
    outputs = torch.from_numpy(session.run(None, {"input": task.test.x})[0])
    assert result.best is not None
    assert task.score(outputs, torch.from_numpy(task.test.y)) == pytest.approx(result.best.test, rel=1e-4)
    assert not any(name.startswith(("input_", "target_")) for name in load_file("taken/network.safetensors"))
    assert json.loads(session.get_modelmeta().custom_metadata_map["input"])["normalised"] is True
    assert "normalised samples" in Path("taken/MODEL_CARD.md").read_text()
    assert float(abs(x - 7).mean()) > 1


def test_what_the_files_say_of_themselves(monkeypatch: pytest.MonkeyPatch) -> None:
    """Class names, axes, ranges, metric and key lie in the metadata of ONNX, in the header of safetensors, in the source's docstring."""
    rng = np.random.default_rng(0)
    x, y = _pictures(rng, 96)
    task = Task.from_arrays(x, np.array(["cat", "dog", "owl"])[y], name="own", baselines=(), axes="NHWC")
    work = Work(TaskObjective(task, task.recipe.override(**RECIPE)), task.input)
    executor = ThreadExecutor(partial(attempt, work=work))
    result = search(task, trials=1, workers=1, init=[CONV], recipe=RECIPE, run="mine", executor=executor, keep_weights="all")
    formats = [word for format in ("source", "torch", "onnx", "safetensors") for word in ("--format", format)]
    _run(monkeypatch, "mine", *formats, "-o", "taken")
    said = result.trained().described(True)
    assert said["classes"] == ["cat", "dog", "owl"]
    assert (said["input"]["given_axes"], said["input"]["given_dtype"], said["input"]["dtype"]) == ("NHWC", "uint8", "float32")
    assert said["input"]["range"]["high"] == task.preprocessing.high.ravel().tolist()  # type: ignore[union-attr]
    props = {prop.key: prop.value for prop in onnx.load("taken/network.onnx").metadata_props}
    assert json.loads(props["classes"]) == said["classes"]
    assert json.loads(props["input"]) == said["input"]
    assert props["key"] == said["key"]
    with safetensors.safe_open("taken/network.safetensors", "pt") as file:
        header = json.loads(file.metadata()["einspace"])
    assert {name: header[name] for name in said if name != "input"} == {name: said[name] for name in said if name != "input"}
    assert header["metric"] == {"name": "accuracy", "higher_is_better": True}
    document = load_source(Path("taken/network.py").read_text()).__doc__
    assert document is not None
    assert 'classes: ["cat", "dog", "owl"]' in document
    extra = {"einspace.json": ""}
    torch.export.load("taken/network.pt2", extra_files=extra)
    assert json.loads(extra["einspace.json"])["key"] == said["key"]


def test_the_card_loads_every_file_in_a_process_without_this_library(monkeypatch: pytest.MonkeyPatch) -> None:
    """The programs of the model card run as they stand; that of ONNX without PyTorch."""
    _searched(CASES["classes of images"])
    formats = [word for format in ("source", "torch", "onnx", "safetensors") for word in ("--format", format)]
    _run(monkeypatch, "mine", *formats, "-o", "taken")
    card = Path("taken/MODEL_CARD.md").read_text()
    assert "given as NHWC" in card
    assert "(MODEL_CARD.svg)" in card
    assert Path("taken/MODEL_CARD.svg").read_text().startswith("<svg ")
    programs = [part.split("```")[0] for part in card.split("```python\n")[1:]]
    assert len(programs) == 4
    for program in programs:
        banned = ["einspace", *(["torch"] if "onnxruntime" in program else [])]
        block = f"import sys\nfor name in {banned}: sys.modules[name] = None\n"
        done = subprocess.run([sys.executable, "-c", block + program], cwd="taken", capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert "safetensors" in program or done.stdout.startswith("['")


def test_another_trial_and_what_cannot_be(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    """`--trial` exports that one, with the head of the run; an unknown number and a file in the card's place are named."""
    _searched(CASES["mask"])
    _run(monkeypatch, "mine", "--format", "source", "--trial", "0", "-o", "zero.py", "--json")
    assert json.loads(capsys.readouterr().out)["card"] == "MODEL_CARD.md"
    _run(monkeypatch, "mine", "--format", "source", "--trial", "7", "-o", "seven.py", code=2)
    assert "the run mine has no trial 7: those that have ended are 0 to 0" in capsys.readouterr().err
    Path("MODEL_CARD.md").write_text("my own words")
    _run(monkeypatch, "mine", "--format", "source", "-o", "zero.py", code=2)
    assert "MODEL_CARD.md: it is not of a model card of this program" in capsys.readouterr().err
    _run(monkeypatch, "[relu relu]", "--format", "source", "--trial", "1", "-o", "a.py", code=2)
    assert "are for a run" in capsys.readouterr().err


def test_a_run_of_other_operations_says_which_module_it_needs(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    """A process that has not imported them refuses in one line; `--module` imports them."""
    _searched(CASES["a grammar of the user's"])
    words = [sys.executable, "-m", "einspace.cli", "export", "mine", "--format", "source", "-o", "own.py"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "the operation scale is not defined here: import the module tests.networks.own_layers first" in done.stderr
    root = str(Path(__file__).parents[2])
    monkeypatch.syspath_prepend(root)
    path = {"PYTHONPATH": f"{root}:{':'.join(sys.path)}"}
    done = subprocess.run(
        [*words, "--module", "tests.networks.own_layers"], capture_output=True, text=True, check=False, env={**os.environ, **path}
    )
    assert done.returncode == 0, done.stderr
    np.save("x.npy", _pressures(np.random.default_rng(0), 4)[0])
    words = [sys.executable, "-m", "einspace.cli", "predict", "mine", "x.npy", "-o", "a.csv"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "the operation scale is not defined here: import the module tests.networks.own_layers first" in done.stderr
    done = subprocess.run(
        [*words, "--module", "tests.networks.own_layers"], capture_output=True, text=True, check=False, env={**os.environ, **path}
    )
    assert done.returncode == 0, done.stderr
    assert len(Path("a.csv").read_text().splitlines()) == 5
    done = subprocess.run([*words, "--module", "no.such"], capture_output=True, text=True, check=False)
    assert (done.returncode, "the module 'no.such' cannot be imported" in done.stderr) == (2, True)
