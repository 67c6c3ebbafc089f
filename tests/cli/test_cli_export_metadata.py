"""What exported files and their model cards say of the samples that go in is all that a reader needs who has nothing else."""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pandas as pd
import pytest
from benchmarks.exports import CONV, RECIPE, RECURRENT, local
from numpy.typing import NDArray
from PIL import Image

from einspace import Result, Task, search
from einspace.cli import main

RNG = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def exported(monkeypatch: pytest.MonkeyPatch, task: Task, *words: str) -> tuple[Result, dict[str, Any], str]:
    """A run of one small network, what the ONNX file of it says, and its model card."""
    text = CONV if len(task.input.shape) == 3 else RECURRENT
    result = search(task, trials=1, workers=1, init=[text], recipe=RECIPE, run="mine", report=False, executor=local)
    monkeypatch.setattr(sys, "argv", ["einspace", "export", "mine", "--format", "onnx", "-o", "a.onnx", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    assert not ended.value.code
    metadata = onnxruntime.InferenceSession("a.onnx").get_modelmeta().custom_metadata_map
    said = {name: json.loads(metadata[name]) for name in ("input", "classes")} | {"output": metadata["output"]}
    return result, said, Path("a.onnx.md").read_text()


def given_to(x: NDArray[Any]) -> NDArray[Any]:
    """The outputs of the ONNX file for samples in its axes."""
    outputs: NDArray[Any] = onnxruntime.InferenceSession("a.onnx").run(None, {"input": x.astype(np.float32)})[0]
    return outputs


def program(card: str, x: NDArray[Any]) -> str:
    """That of a model card, with samples in place of its zeros."""
    code = card.split("```python\n")[1].split("```")[0]
    made = next(line for line in code.splitlines() if line.startswith("x = np.zeros("))
    assert eval(made.removeprefix("x = ").split("  #")[0], {"np": np}).shape[1:] == x.shape[1:]
    return code.replace(made, "")


def table(named: bool, kind: str) -> pd.DataFrame:
    """Twelve signals of which every one is of another size, between a number of the row and a label."""
    x = (RNG.normal(size=(48, 12)) * np.arange(1, 13)).round(3)
    columns = {f"{'abc'[number // 4]}{number % 4}": x[:, number] for number in range(12)}
    label = np.where(x[:, 1] + x[:, 4] > 0, "up", "down") if kind == "words" else x[:, 0] * 30 + 1000
    return pd.DataFrame({"id": range(48), **columns, "class": label})


@pytest.mark.slow
@pytest.mark.parametrize("layout", ["channels", "steps"])
@pytest.mark.parametrize("named", [True, False])
def test_a_row_of_a_table_goes_in_as_the_metadata_say(layout: str, named: bool, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    """Columns in order, channels and layout: nothing else makes a sample of a row, and a wrong shape of it would be accepted."""
    rows = table(named, "words")
    rows = rows[rows.columns[::-1]] if named else rows
    rows.to_csv("a.csv", index=False, header=named)
    task = Task.from_csv("a.csv", channels=3, layout=layout, baselines=())
    result, said, card = exported(monkeypatch, task)
    signals, (steps, channels) = said["input"]["signals"], said["input"]["shape"][1:]
    raw = pd.read_csv("a.csv", header=0 if signals["named"] else None)
    chosen = raw[signals["columns"] if signals["named"] else [int(name) for name in signals["columns"]]].to_numpy()
    assert (signals["channels"], signals["layout"], chosen.shape) == (3, layout, (48, 12))
    first, last = (channels, steps) if signals["layout"] == "channels" else (steps, channels)
    x = chosen.reshape(-1, first, last)
    x = x.transpose(0, 2, 1) if signals["layout"] == "channels" else x
    found = [said["classes"][place] for place in given_to(x).argmax(axis=1)]
    predictor = result.predictor()
    assert found == predictor.predict(Path("a.csv")).tolist()
    shares = np.exp(given_to(x)) / np.exp(given_to(x)).sum(axis=1, keepdims=True)
    assert np.allclose(shares, predictor.predict_proba(Path("a.csv")), atol=1e-5)
    code = program(card, chosen)
    printed = capsys.readouterr()
    exec(code, {"x": chosen.astype(np.float32)})
    printed = capsys.readouterr()
    assert printed.out.strip() == str(found)
    assert f"12 columns of a table, {', '.join(signals['columns'])}" in card


@pytest.mark.slow
def test_a_column_of_series_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its cells are the samples, whatever is said of channels and layout."""
    x = RNG.normal(size=(48, 9))
    rows = pd.DataFrame({"signal": list(x), "class": np.where(x[:, 0] > 0, "up", "down")})
    result, said, card = exported(monkeypatch, Task.from_table(rows, baselines=()))
    assert said["input"]["signals"] == {"columns": ["signal"], "named": True, "channels": 1, "layout": "cells"}
    found = [said["classes"][place] for place in given_to(x[:, :, None]).argmax(axis=1)]
    assert found == result.predictor().predict(rows).tolist()
    assert "the column signal of a table, a series in each row" in card


@pytest.mark.slow
@pytest.mark.parametrize("deep", [False, True])
def test_images_go_in_as_the_metadata_say(deep: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """The size that they were scaled to, and what the white of 16 bits is for the network."""
    for number in range(32):
        folder = Path("all", ("cat", "dog")[number % 2])
        folder.mkdir(parents=True, exist_ok=True)
        wide = deep or number < 4
        pixels = RNG.integers(0, 256, (16, 20)) * (257 if wide else 1)
        Image.fromarray(pixels.astype(np.uint16 if wide else np.uint8)).save(folder / f"{number:02}.png")
    result, said, card = exported(monkeypatch, Task.from_folder("all", size=(8, 10), baselines=()))
    assert said["input"]["images"] == {"size": [8, 10], "white_of_16_bits": 65_535 if deep else 255}
    samples = []
    for path in sorted(Path("all").rglob("*.png"))[:4]:
        height, width = said["input"]["images"]["size"]
        image = Image.open(path)
        white = said["input"]["images"]["white_of_16_bits"] if image.mode.startswith("I") else 255
        mode = "F" if image.mode.startswith("I") else "L"
        samples.append(np.asarray(image.convert(mode).resize((width, height))) * (white / (65_535 if mode == "F" else 255)))
    found = [said["classes"][place] for place in given_to(np.stack(samples)[:, None]).argmax(axis=1)]
    assert found == result.predictor().predict(Path("all")).tolist()[:4]
    assert "- Images: scaled to 8 x 10, height by width, when they were read" in card
    assert f"65535, the white of 16 bits, is {65_535 if deep else 255} for the network" in card


@pytest.mark.slow
@pytest.mark.parametrize("words", [[], ["--normalised-input"]])
def test_a_run_without_normalisation_says_so(words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """No file asks for samples that were normalised where the network was trained on others; outputs are normalised ones or not."""
    rows = table(True, "numbers").drop(columns="id")
    result, said, card = exported(monkeypatch, Task.from_table(rows, normalise=False, kind="regression", baselines=()), *words)
    assert said["input"]["normalised"] is False
    assert "- Normalisation: none, the network takes the numbers as they are" in card
    outputs = given_to(rows.drop(columns="class").to_numpy()[:, :, None])[:, 0]
    targets = result.trained().preprocessing.target_normaliser  # type: ignore[union-attr]
    assert targets is not None
    outputs = outputs * targets.deviation.item() + targets.mean.item() if words else outputs
    assert np.allclose(outputs, result.predictor().predict(rows), rtol=1e-4)
    assert ("after they were normalised" in card, "after they were normalised" in said["output"]) == (bool(words), bool(words))
