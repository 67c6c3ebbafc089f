"""The command line among hostile terminals, files, texts and numbers: every attack ends in one message, or in what was asked for."""

import os
import subprocess
from io import StringIO
from pathlib import Path

import psutil
import pytest
from rich.console import Console
from tests.builders.small import write_words
from tests.commands import COMMAND, call

from einspace.cli import output
from einspace.cli.search import outward
from einspace.config import load
from einspace.errors import EinspaceError
from einspace.tasks import load_task

pytestmark = pytest.mark.timeout(250)


def refused(*words: str, cwd: Path | None = None) -> str:
    """The message of a command that ends with code 2, and prints nothing else."""
    done = call(*words, cwd=cwd)
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    return done.stderr


def stream(words: list[str], output: str = "", **environment: str) -> subprocess.CompletedProcess[bytes]:
    """A command in a process of its own, whose streams and encodings matter."""
    with open(output or os.devnull, "wb") as file:
        return subprocess.run(
            [*COMMAND, *words],
            stdout=file if output else subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, **environment},
            check=False,
            timeout=200,
        )


@pytest.mark.slow
@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_encodings(encoding: str) -> None:
    """Where the encoding lacks a character, it is written in plain ones."""
    done = stream(["grammar"], PYTHONIOENCODING=encoding)
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"M  -> M M 0.227" in done.stdout


@pytest.mark.slow
def test_an_output_that_is_full() -> None:
    """A full disk under standard output is one line and code 1."""
    done = stream(["grammar", "--json"], "/dev/full")
    assert (done.returncode, done.stderr.splitlines()) == (1, [b"error: the output cannot be written: No space left on device"])


@pytest.mark.slow
def test_a_closed_pipe() -> None:
    """A reader that wants no more, such as `head`, gets no traceback."""
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = subprocess.run([*COMMAND, "grammar", "--json"], stdout=writer, stderr=subprocess.PIPE, check=False, timeout=200)
    finally:
        os.close(writer)
    assert (done.returncode, done.stderr) == (1, b"")


@pytest.mark.slow
@pytest.mark.parametrize("closed", [1, 2])
def test_closed_streams(closed: int) -> None:
    """A command whose output or whose errors are closed from the beginning does its work."""
    done = subprocess.run(
        ["sh", "-c", f"exec {closed}>&-; exec {' '.join(COMMAND)} grammar --json"], capture_output=True, check=False, timeout=200
    )
    assert (done.returncode, done.stderr, bool(done.stdout)) == (0, b"", closed == 2)


@pytest.mark.slow
def test_no_width() -> None:
    """A width of 0 is one that is not known, and no reason to print nothing."""
    assert b"resnet8" in stream(["baselines", "--shape", "3,8,8"], COLUMNS="0").stdout


@pytest.mark.parametrize(
    ("words", "whole"),
    [
        (["baselines", "--shape", "3,64,64"], "│ (256, 16, 16) │ [[[[[[im2col(k=3,s=1,p=1) linear(d=16) col2im] norm] relu]"),
        (["show", "resnet8", "--shape", "3,8,8"], "├── conv 3×3 32, stride 2  → 32×4×4  4.64 k"),
        (["tasks"], "│ mean average precision │ resnet8, resnet8-wide, vit-tiny, mixer-tiny │"),
    ],
    ids=["baselines", "show", "tasks"],
)
def test_widths(words: list[str], whole: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tables and outlines are as wide as a narrow terminal at most, and use a wide one; only the text of a network is never broken."""
    lines = {}
    for columns in (40, 300):
        monkeypatch.setattr(output.out, "width", columns)
        lines[columns] = call(*words).stdout.splitlines()
    assert 30 < max(len(line) for line in lines[40] if "[[[[[im2col" not in line and " parameters, " not in line) <= 40
    assert not any(whole in line for line in lines[40])
    assert any(whole in line for line in lines[300])


@pytest.mark.parametrize(
    "command", [["show", "resnet18"], ["sample"], ["baselines"], ["export", "resnet18", "-o", "x.py", "--format", "source"]]
)
def test_an_input_that_is_too_large(tmp_path: Path, command: list[str]) -> None:
    """A sample of 4 GB is refused by arithmetic, before anything is built."""
    assert "an input of (999999999, 1, 1) is 3,999,999,996 bytes a sample" in refused(*command, "--shape", "999999999,1,1", cwd=tmp_path)


def test_an_architecture_that_is_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What would take more memory than is free is out-of-memory by its own figures, for `export` and for `evaluate`."""
    load_task("digits")  # what reads them is imported, which takes memory too
    memory = psutil.virtual_memory()._replace(available=10_000_000)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: memory)
    for words in (["export", "resnet18", "-o", str(tmp_path / "x.onnx"), "--format", "safetensors"], ["evaluate", "resnet18", "digits"]):
        said = refused(*words)
        assert "out-of-memory: to" in said
        assert "10,000,000 are free" in said


def test_a_head_that_is_too_large(tmp_path: Path) -> None:
    """A billion classes are out of memory by arithmetic, and no layer of theirs is built."""
    target = str(tmp_path / "x.safetensors")
    said = refused("export", "[linear(d=64) relu]", "--shape", "3,8,8", "--classes", "1000000000", "--format", "safetensors", "-o", target)
    assert "parameters with its head" in said


def test_control_characters_of_a_file(tmp_path: Path) -> None:
    """The name of a folder of others reaches the terminal escaped."""
    name = "a\x1b[31m\u202eb.csv"
    (tmp_path / name).write_text("label,x\n1")
    said = refused("evaluate", "resnet8", str(tmp_path / name))
    assert "a\\x1b[31m\\u202eb.csv" in said.replace("\n", "")


def test_control_characters_of_a_folder_that_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bar of what is built shows its name escaped too, on a terminal."""
    shown, source, folder = StringIO(), write_words(tmp_path / "words"), tmp_path / "x\x1b]2;owned\x07"
    console = Console(file=shown, force_terminal=True, force_interactive=True, markup=False, width=300)
    console.push_render_hook(output._Safely())
    monkeypatch.setattr(output, "err", console)
    done = call("data", "prepare", "language", "--from", str(source), "--data", str(folder), "--samples", "40,10,10")
    assert done.returncode == 0, done.stderr
    assert "\x1b]2;" not in shown.getvalue()
    assert "x\\x1b]2;owned\\x07/language" in shown.getvalue()


def test_markup_of_a_file(tmp_path: Path) -> None:
    """The name of a file is neither markup nor a picture."""
    target = tmp_path / "[bold]x[red]:heart:.svg"
    done = call("show", "resnet8", "--shape", "3,8,8", "--svg", str(target))
    assert (done.returncode, target.exists()) == (0, True)
    assert "[bold]x[red]:heart:.svg" in done.stdout.replace("\n", "")


@pytest.mark.parametrize("option", ["--runs", "--config", "--storage"])
def test_long_paths(tmp_path: Path, option: str) -> None:
    """A path of 6,000 characters is one message."""
    word = f"sqlite:///{'x' * 6000}" if option == "--storage" else "x" * 6000
    said = refused("search", "digits", "--trials", "1", option, word, cwd=tmp_path)
    assert [line.startswith("error: ") for line in said.splitlines()].count(True) == 1
    assert "too long" in said.splitlines()[-1]


def test_a_folder_of_runs_whose_name_is_no_text(tmp_path: Path) -> None:
    """SQLite's files have names in UTF-8; one line says so, and no study is made."""
    said = refused("search", "digits", "--trials", "1", "--runs", os.fsdecode(b"caf\xe9"), cwd=tmp_path)
    assert "caf\\udce9/" in said
    assert "cannot hold a study: its name is not UTF-8" in said
    assert not list(tmp_path.rglob("*.db"))


def test_passwords(tmp_path: Path) -> None:
    """No message shows the password of an address, on the command line, in a list of a file, or malformed."""
    address = "postgresql://me:hunter2@127.0.0.1:port/name"
    settings = tmp_path / "settings.yaml"
    settings.write_text(f"task: digits\nstorage:\n- {address}\n")
    for words in (
        ["digits", "--storage", address],
        ["--config", str(settings)],
        ["digits", "--storage", "mysql://me:hunter2@h/n"],
    ):
        said = refused("search", *words, cwd=tmp_path)
        assert "hunter2" not in said
        assert "me:***@" in said


def test_what_a_file_connects_to(tmp_path: Path) -> None:
    """A settings file that names servers is said to, and those of the command line are not."""
    settings = tmp_path / "settings.yaml"
    settings.write_text(
        "task: digits\nstorage: postgresql://me:hunter2@host/name\naddress: ray://host:10001\nlog: ['mlflow:http://host', mlflow, wandb]\n"
    )
    found, _ = load(settings, {})
    assert [line.split(" (")[0] for line in outward(found, {"storage", "address", "log"})] == [
        "postgresql://me:hunter2@host/name",
        "ray://host:10001",
        "http://host",
        "wandb",
    ]
    assert outward(found, set()) == []


@pytest.mark.parametrize("value", ["1_0", "010", "1:30", "0x10", "0b1", "0o7", "+0x1", "1_0.5", "1:30.5", "1\u0663"])
def test_numbers_by_accident(tmp_path: Path, value: str) -> None:
    """What is a number only by the rules of YAML 1.1 is none, and the message shows it."""
    settings = tmp_path / "settings.yaml"
    for key in ("trials", "time_limit"):
        settings.write_text(f"task: digits\n{key}: {value}\n")
        with pytest.raises(EinspaceError, match=f"{key} must be a .*number.*, not {value!r}".replace("+", r"\+")):
            load(settings, {})


@pytest.mark.parametrize("value", ["1_0", "010", "1:30", "0x10", "\u0663", "1\u0663", "5_0_0", "1e400x", "9" * 401])
@pytest.mark.parametrize("option", ["-n", "--seed"])
def test_whole_numbers_of_options_by_accident(option: str, value: str) -> None:
    """What Python or YAML reads as a whole number and people do not is none on the command line either."""
    assert f"{value[:40]!r} is not a whole number" in " ".join(refused("sample", option, value).replace("│", "").split())


@pytest.mark.parametrize("value", ["0.1_0", "0_0.5", "00.5", "0.\u0663", "\u0660.5", "1e-0_1", "0x0.8p0", "1/2", "0:30", " 0.5"])
def test_numbers_of_options_by_accident(value: str) -> None:
    """Nor is what would be a number within the bounds of the option: it is refused for how it is written."""
    assert f"{value!r} is not a number" in refused("sample", "-p", value)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["export", "resnet8", "--format", "source", "-o", "loop"], "Too many levels of symbolic links"),
        (["show", "resnet8", "--shape", "3,8,8", "--svg", "loop"], "Too many levels of symbolic links"),
        (["search", "digits", "--trials", "1", "--storage", "sqlite:///loop"], "Too many levels of symbolic links"),
        (["search", "digits", "--trials", "1", "--runs", "loop"], "Too many levels of symbolic links"),
        (["predict", "loop", "loop.csv", "-o", "x.csv"], "neither a run nor the folder of a predictor"),
        (["evaluate", "resnet8", "./loop"], "there is no such file or folder"),
        (["export", "resnet8", "--format", "source", "-o", "x.py", "--module", "../../etc"], "a module is named as in"),
        (["export", "resnet8", "--format", "source", "-o", "x.py", "--module", ""], "a module is named as in"),
        (["evaluate", "resnet8", "digits", "--seed", "9" * 23], "--seed"),
        (["export", "resnet8", "--format", "safetensors", "-o", "x", "--seed", "9" * 23], "--seed"),
    ],
)
def test_links_names_and_seeds(tmp_path: Path, words: list[str], said: str) -> None:
    """A link that leads to itself, a module whose name is none and a seed that no generator takes are each one message."""
    (tmp_path / "loop").symlink_to("loop")
    assert said in refused(*words, cwd=tmp_path)


def test_a_folder_that_was_deleted(tmp_path: Path) -> None:
    """A command in a folder that is gone says so."""
    (tmp_path / "gone").mkdir()
    script = f"cd {tmp_path}/gone && rmdir {tmp_path}/gone && exec {' '.join(COMMAND)} tasks"
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=False, timeout=200)
    assert (done.returncode, done.stderr) == (2, "error: the current folder was deleted: change into another one\n")


def test_numbers_of_options() -> None:
    """Numbers as people write them are read, within the bounds of the option, and a data set's sizes are too."""
    assert call("sample", "-n", "1", "-p", "5e-1", "--max-parameters", "50_000_000", "--seed", "-5").returncode == 0
    assert "'0' is not a whole number of at least 1" in refused("sample", "-n", "0")
    assert "samples are TRAIN,VALID,TEST" in refused("data", "prepare", "gutenberg", "--samples", "1_0,2,3", "--from", ".")


def test_numbers(tmp_path: Path) -> None:
    """Numbers as people and programs write them are read, and come back from what we write."""
    settings = tmp_path / "settings.yaml"
    for value, number in (("1e2", 100.0), ("5", 5), ("5.0", 5.0), (".5", 0.5), ("+3", 3), ("50_000", 50_000), ("1.5e+3", 1500.0)):
        settings.write_text(f"task: digits\ntime_limit: {value}\n")
        assert load(settings, {})[0].time_limit == number


def test_a_nul_in_a_file(tmp_path: Path) -> None:
    """No setting holds a NUL, which ends a name where the system looks at it."""
    settings = tmp_path / "settings.yaml"
    for key in ("runs", "data_folder", "run", "storage"):
        settings.write_text(f'task: digits\n{key}: "a\\0b"\n')
        with pytest.raises(EinspaceError, match=f"{key} holds a NUL"):
            load(settings, {})
    settings.write_text('task: digits\nlog: ["mlflow:a\\0b"]\n')
    with pytest.raises(EinspaceError, match="log holds a NUL"):
        load(settings, {})


def test_a_target_that_is_no_file(tmp_path: Path) -> None:
    """A picture is not written into a pipe, where it would wait for a reader, nor into a device."""
    os.mkfifo(tmp_path / "pipe")
    for target in (str(tmp_path / "pipe"), "/dev/full"):
        assert "not a regular file" in call("show", "resnet8", "--shape", "3,8,8", "--svg", target).stderr


@pytest.mark.parametrize("name", ["..:x", ".:x", "a..b:x", "a b:x", "os/path:x"])
def test_strategies_that_are_no_names(name: str) -> None:
    """What cannot be the name of a module is unknown, and nothing is imported."""
    with pytest.raises(EinspaceError, match="unknown strategy"):
        load(None, {"task": "digits", "strategy": name})


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("ImportError('libtorch_cpu.so: failed to map segment from shared object')", "a library cannot be loaded: libtorch_cpu.so: failed"),
        ("MemoryError()", "out-of-memory: the limit of this process leaves too little memory"),
    ],
)
def test_a_limit_of_memory_that_leaves_no_room(monkeypatch: pytest.MonkeyPatch, kind: str, said: str) -> None:
    """A library that `ulimit -v` leaves no room for is one line."""
    monkeypatch.setattr("einspace.cli.space.parse_shape", lambda _: exec(f"raise {kind}"))
    assert said in refused("baselines", "--shape", "3,8,8")
