"""A predictor's folder holds safetensors and JSON, comes back as it was, and is refused where it is damaged or somebody else's."""

import json
import os
import pickle
import tracemalloc
from dataclasses import replace
from errno import ENOSPC
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.predictor.predicted import KINDS, predictor_of, task_of

import einspace as es
from einspace.errors import RunError
from einspace.predictor import Predictor, load_predictor
from einspace.tasks import Task


@pytest.mark.parametrize("kind", KINDS)
def test_what_was_saved_predicts_the_same(kind: str, tmp_path: Path) -> None:
    """For every kind of target: predictions bit by bit, the score, and everything that is known."""
    task, (x, y) = task_of(kind)
    predictor = predictor_of(task)
    predictor.save(tmp_path / "saved")
    again = es.load_predictor(tmp_path / "saved")
    assert np.array_equal(again.predict(x), predictor.predict(x))
    assert again.score(x, y) == predictor.score(x, y)
    assert again.about.to_json() == predictor.about.to_json()
    assert sorted(os.listdir(tmp_path / "saved")) == ["predictor.json", "weights.safetensors"]


def test_means_that_are_fields_are_saved_too(tmp_path: Path) -> None:
    """Too many numbers for JSON lie in a file of tensors."""
    from einspace.tasks import Normaliser

    task, (x, _) = task_of("dense")
    fields = np.random.default_rng(0).random((1, 3, 6, 5)) + 1, np.full((1, 3, 6, 5), 2.0)
    big = Normaliser(np.tile(fields[0], (1, 1, 1, 1)), fields[1])
    task = replace(task, preprocessing=replace(task.preprocessing, normaliser=big, low=np.zeros((1, 300)), high=np.ones((1, 300))))
    predictor = predictor_of(task)
    predictor.save(tmp_path)
    assert (tmp_path / "preprocessing.safetensors").is_file()
    assert np.array_equal(load_predictor(tmp_path).predict(x), predictor.predict(x))
    (tmp_path / "preprocessing.safetensors").unlink()
    with pytest.raises(RunError, match=r"preprocessing.safetensors cannot be read: No such file"):
        load_predictor(tmp_path)
    predictor.save(tmp_path)
    predictor_of(task_of("words")[0]).save(tmp_path)
    assert sorted(os.listdir(tmp_path)) == ["predictor.json", "weights.safetensors"]  # no file of the one that was replaced


def test_a_grammar_of_ones_own_is_saved(tmp_path: Path) -> None:
    """The sequence grammar's operations come back without a word."""
    import torch

    from einspace.networks import build
    from einspace.predictor import About
    from einspace.predictor.loading import made
    from einspace.run.settings import of_task

    grammar = es.sequence_grammar()
    x = np.random.default_rng(0).normal(size=(30, 12, 2))
    task = Task.from_arrays(x, np.arange(30) % 2, axes="NSD", baselines=())
    architecture = es.EinSpace(task.input, grammar=grammar).parse("[[window(k=3,s=1,p=1) linear(d=16) identity] relu]")
    settings = {**of_task(task, task.recipe), "versions": {}}
    about = About.of_run(settings, str(architecture), architecture.key, 0.5, run="none", preprocessing=task.preprocessing, grammar=grammar)
    torch.manual_seed(0)
    predictor = made(about, build(architecture, task.head).state_dict())
    predictor.save(tmp_path)
    assert np.array_equal(load_predictor(tmp_path).predict(x), predictor.predict(x))


def test_a_class_whose_name_is_no_text_is_saved(tmp_path: Path) -> None:
    """A folder of images may have any bytes for a name, which Python reads as halves of characters; they come back."""
    predictor = predictor_of(task_of("words")[0])
    labels = ("caf\udce9", "dog", "été")
    for _ in range(2):
        type(predictor)(predictor.network, replace(predictor.about, labels=labels)).save(tmp_path)
        assert load_predictor(tmp_path).about.labels == labels


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-7])


def _flipped(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))


@pytest.mark.parametrize("name", ["predictor.json", "weights.safetensors"])
@pytest.mark.parametrize("damage", [_cut, _flipped, Path.unlink])
def test_a_damaged_folder_is_refused(name: str, damage: Any, tmp_path: Path) -> None:
    """A file that is cut off, has another bit or is missing is named, in a line."""
    task, _ = task_of("words")
    predictor_of(task).save(tmp_path)
    damage(tmp_path / name)
    with pytest.raises(RunError) as caught:
        load_predictor(tmp_path)
    assert name in str(caught.value)
    assert "\n" not in str(caught.value)


class _Harm:
    """An object whose pickle makes a folder when it is read."""

    def __reduce__(self) -> Any:
        return os.mkdir, ("harm",)


@pytest.mark.parametrize("name", ["predictor.json", "weights.safetensors"])
def test_nothing_in_a_folder_is_executed(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pickle in the place of a file is refused, even where its checksum was written beside it."""
    from einspace.predictor.folder import _checksum, _sha256

    monkeypatch.chdir(tmp_path)
    task, _ = task_of("words")
    predictor_of(task).save("saved")
    harm = pickle.dumps(_Harm())
    Path("saved", name).write_bytes(harm)
    if name != "predictor.json":
        record = json.loads(Path("saved", "predictor.json").read_text())
        del record["checksum"]
        record["sha256"][name] = _sha256(harm)
        Path("saved", "predictor.json").write_text(json.dumps({**record, "checksum": _checksum(record)}))
    with pytest.raises(RunError):
        load_predictor("saved")
    assert os.listdir() == ["saved"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": 99}, "is of the format 99, and this version reads 1"),
        ({"about": {}}, "is not a predictor that can be used here: it lacks"),
        ({"about": []}, "is not the record of a predictor"),
        ({"text": "[relu norn]"}, "unknown operation 'norn'"),
        ({"text": "[linear(d=16) relu]"}, "the weights are of another architecture"),
        ({"head": {"kind": "Nonsense"}}, "there is no head 'Nonsense' here: import the module of your own head first"),
        ({"head": "words"}, "is not a predictor that can be used here"),
        ({"preprocessing": {"dtype": "object"}}, "the type of raw samples is float32 or float64, not 'object'"),
        ({"preprocessing": {"axes": ["a"]}}, "the axes \"['a']\" are not those of samples of"),
        ({"preprocessing": {"axes": "NHW"}}, "the axes 'NHW' are not those of samples of"),
        ({"input": [float("inf"), 8, 8]}, "cannot convert float infinity to integer"),
        ({"input": [10**9, 10**9, 10**9]}, "is not a predictor that can be used here"),
    ],
)
def test_a_forged_record_is_refused_in_a_line(change: dict[str, Any], message: str, tmp_path: Path) -> None:
    """Whatever stands there under a checksum that fits."""
    from einspace.predictor.folder import _checksum

    task, _ = task_of("numbers")
    predictor_of(task).save(tmp_path)
    record = json.loads((tmp_path / "predictor.json").read_text())
    del record["checksum"]
    (record if {"format", "about"} & set(change) else record["about"]).update(change)
    (tmp_path / "predictor.json").write_text(json.dumps({**record, "checksum": _checksum(record)}))
    with pytest.raises(RunError) as caught:
        load_predictor(tmp_path)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "change",
    [
        {"text": "[linear(d=999999999) relu]"},
        {"head": {"kind": "Classification", "classes": 5_000_000}, "labels": [], "preprocessing": {"dtype": "float32"}},
    ],
    ids=["architecture", "head"],
)
def test_a_forged_record_takes_no_memory(change: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a text or a head would need is held to the numbers that are there, before anything of that size is made."""
    from einspace.predictor.folder import _checksum

    def built(*_: Any) -> None:
        pytest.fail("the network was built")

    task, _ = task_of("numbers")
    predictor_of(task).save(tmp_path)
    record = json.loads((tmp_path / "predictor.json").read_text())
    del record["checksum"]
    record["about"].update(change)
    (tmp_path / "predictor.json").write_text(json.dumps({**record, "checksum": _checksum(record)}))
    monkeypatch.setattr("einspace.predictor.loading.build", built)
    tracemalloc.start()
    try:
        with pytest.raises(RunError, match=r"the weights are of another architecture: [\d,]+ numbers in place of [\d,]+ parameters"):
            load_predictor(tmp_path)
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("kind", ["words", "names"])
@pytest.mark.parametrize("number", [1, 100])
def test_each_output_has_one_class(kind: str, number: int, tmp_path: Path) -> None:
    """Too few names ended in the middle of predictions, and too many would have been those of other classes."""
    from einspace.predictor.folder import _checksum

    predictor_of(task_of(kind)[0]).save(tmp_path)
    record = json.loads((tmp_path / "predictor.json").read_text())
    del record["checksum"]
    record["about"]["labels"] = [str(name) for name in range(number)]
    (tmp_path / "predictor.json").write_text(json.dumps({**record, "checksum": _checksum(record)}))
    with pytest.raises(RunError, match=rf"{number} classes are named, and there are \d+ outputs"):
        load_predictor(tmp_path)


def test_other_folders_are_left_alone(tmp_path: Path) -> None:
    """A folder with other things in it is neither read nor written to, and a predictor's is replaced."""
    task, _ = task_of("words")
    predictor = predictor_of(task)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear")
    with pytest.raises(RunError, match="holds other things: save the predictor to a new one"):
        predictor.save(tmp_path / "mine")
    with pytest.raises(RunError, match=r"is not the folder of a predictor: it has no predictor.json"):
        load_predictor(tmp_path / "mine")
    with pytest.raises(RunError, match=r"it has no predictor.json"):
        load_predictor(tmp_path / "nowhere")
    with pytest.raises(RunError, match="is a file"):
        predictor.save(tmp_path / "mine" / "letter.txt")
    predictor.save(tmp_path / "new")
    other = predictor_of(task, seed=1)
    other.save(tmp_path / "new")
    x = task_of("words")[1][0]
    assert np.array_equal(load_predictor(tmp_path / "new").predict_proba(x), other.predict_proba(x))
    assert sorted(os.listdir(tmp_path / "mine")) == ["letter.txt"]


@pytest.mark.parametrize("name", ["predictor.json", "weights.safetensors"])
@pytest.mark.parametrize("error", [OSError(ENOSPC, "No space left on device"), KeyboardInterrupt()])
def test_a_save_that_fails_leaves_the_predictor_that_it_should_replace(
    name: str, error: BaseException, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk, or Ctrl-C, left a folder that could neither be read nor written to."""
    task, (x, _) = task_of("words")
    first, other = predictor_of(task), predictor_of(task, seed=1)
    first.save(tmp_path / "saved")

    def write(self: Path, data: bytes) -> int:
        if name in self.name:
            raise error
        with self.open("wb") as file:
            return file.write(data)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "write_bytes", write)
        for folder in ("saved", "new"):
            with pytest.raises(RunError if isinstance(error, OSError) else KeyboardInterrupt):
                other.save(tmp_path / folder)
    assert sorted(os.listdir(tmp_path / "saved")) == ["predictor.json", "weights.safetensors"]
    assert np.array_equal(load_predictor(tmp_path / "saved").predict_proba(x), first.predict_proba(x))
    for folder in ("saved", "new"):
        other.save(tmp_path / folder)
        assert np.array_equal(load_predictor(tmp_path / folder).predict_proba(x), other.predict_proba(x))


def test_a_folder_of_a_save_that_was_killed_is_written_to(tmp_path: Path) -> None:
    """It has files of a predictor, or drafts of them, and no record."""
    (tmp_path / "weights.safetensors").write_bytes(b"half")
    (tmp_path / ".predictor.json.0123456789abcdef").write_bytes(b"")
    predictor_of(task_of("words")[0]).save(tmp_path)
    assert load_predictor(tmp_path).about.kind == "classification"


def test_a_path_that_no_folder_can_have_is_an_error_in_a_line(tmp_path: Path) -> None:
    """It was an OSError from the look at what is there."""
    with pytest.raises(RunError, match=r"^the predictor cannot be written to \S+: File name too long$"):
        predictor_of(task_of("words")[0]).save(tmp_path / ("a" * 300))


def test_truth_values_come_back_as_truth_values(tmp_path: Path) -> None:
    """They came back as 0 and 1, which are no mask of rows: an array of them would choose the first two rows again and again."""
    x, y = np.random.default_rng(0).normal(size=(30, 8, 1)), np.arange(30) % 2 == 0
    task = Task.from_arrays(x, y, baselines=())
    assert task.labels == ("0", "1")
    predictor = predictor_of(task)
    predictor.save(tmp_path / "mine")
    for found in (predictor, load_predictor(tmp_path / "mine")):
        predicted = found.predict(x)
        assert predicted.dtype == bool
        assert found.classes == (False, True)
        assert all(type(value) is bool for value in found.classes)
        assert found.score(x, y) == found.score(x, y.astype(int)) == pytest.approx((predicted == y).mean())
    before = replace(predictor.about, preprocessing=replace(predictor.about.preprocessing, classes=(0, 1)))
    Predictor(predictor.network, before).save(tmp_path / "mine")
    old = load_predictor(tmp_path / "mine")
    assert (old.predict(x).dtype, old.classes) == (np.int64, (0, 1))
    assert old.score(x, y) == predictor.score(x, y)
    named = predictor_of(Task.from_arrays(x, y, labels=("no", "yes"), baselines=()))
    assert named.classes == ("no", "yes")
