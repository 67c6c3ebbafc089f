"""What others wrote reaches a terminal and a log without passwords and without control characters."""

import logging

import numpy as np
import pytest

import einspace
from einspace.echo import escaped, masked
from einspace.errors import DataError, EinspaceError, NotationError, RunError, StorageError, UnknownNameError
from einspace.networks.export.facts import properties

SECRET = "hunter2"


@pytest.mark.parametrize(
    "text",
    [
        "postgresql://me:hunter2@host/name",
        "postgresql://me:hunter2@host:port/name",
        "'postgresql://me:hunter2/@/x@host/name' is not the address of a database",
        "postgresql+psycopg://host/name?user=me&password=hunter2",
        "postgresql://host/name?PASSWORD=hunter2&sslmode=require",
        "connection to host=db password=hunter2 failed",
        "storage must be a text, not ['postgresql://me:hunter2@host/name']",
        "einspace search digits --storage postgresql://me:hunter2@host/name --log mlflow:http://me:hunter2@server:5000",
        "https://hunter2@server/api, and ray://me:hunter2@head:10001",
        "wandb_api_key=hunter2",
        "two: a://u:hunter2@h b://u:hunter2@h",
        "postgresql://:hunter2@host/name",
        "://me:hunter2@host/name",
        "9http://me:hunter2@host/name",
    ],
)
def test_passwords(text: str) -> None:
    """No form of an address shows its password, malformed or not, one or several in a text."""
    assert SECRET not in masked(text)
    assert "***" in masked(text)


@pytest.mark.parametrize("text", ["sqlite:///runs/study.db", "postgresql://me@host:5432/name", "a@b: 5", "http://host:80/path", "x = 3"])
def test_what_holds_no_password(text: str) -> None:
    """A text without a password stays as it is."""
    assert masked(text) == text


@pytest.mark.timeout(20)
@pytest.mark.parametrize("part", ["a", "a://b:", "://", "@", ":@", "a.b-", "token", "token=", "https://", "1"])
def test_long_words(part: str) -> None:
    """A word of a million characters, such as a class's name, takes a moment, whatever it is made of."""
    assert masked(part * (1_000_000 // len(part))) != ""


@pytest.mark.parametrize("character", ["\x1b", "\x07", "\r", "\x9b", "\x00", "\u202e", "\u2066", "\u200f", "\ud800", "\u2028", "\x85"])
def test_control_characters(character: str) -> None:
    """Escape sequences, marks of direction and halves of characters are written out; letters of all languages are not."""
    assert escaped(f"a{character}b") == f"a\\x{ord(character):02x}b" if ord(character) < 256 else f"a\\u{ord(character):04x}b"
    assert escaped("Ä→日本 שלום\n\t") == "Ä→日本 שלום\n\t"
    assert escaped("a\nb", keep="") == "a\\x0ab"


def test_the_log(caplog: pytest.LogCaptureFixture) -> None:
    """Everything that is logged is safe."""
    assert einspace.__name__ == "einspace"
    with caplog.at_level(logging.WARNING, "einspace"):
        logging.getLogger("einspace").warning("%s is away: %s", "postgresql://me:hunter2@host/name", "\x1b[2J")
    assert caplog.messages == ["postgresql://me:***@host/name is away: \\x1b[2J"]


HOSTILE = "cat\nerror: all is well\x1b[2J\u202e\r"
"""A name that would write a line of its own, clear the terminal and turn what follows round."""


@pytest.mark.parametrize(
    "error",
    [
        EinspaceError(f"{HOSTILE} is no task"),
        DataError(f"{HOSTILE}: cannot be read"),
        UnknownNameError("run", HOSTILE, [HOSTILE]),
        RunError("a folder", HOSTILE),
        StorageError(f"{HOSTILE}:", "  einspace search"),
        NotationError("an unknown operation", f"[relu {HOSTILE!s}]".replace("\n", " "), 6, HOSTILE),
    ],
)
def test_errors(error: EinspaceError) -> None:
    """No name in a message begins a line, and none holds a control character; lines of ours stay lines."""
    lines = str(error).split("\n")
    assert len(lines) == (3 if isinstance(error, NotationError) else len(error.args) if type(error) in (RunError, StorageError) else 1)
    assert all(line == escaped(line, keep="") for line in lines)


def test_names_of_classes() -> None:
    """They are shown on one line, and are data as they are; ONNX's metadata have neither they nor the task with control characters."""
    x, y = np.arange(128, dtype=np.float32).reshape(8, 1, 4, 4), np.arange(8) % 2
    task = einspace.Task.from_arrays(x, y, labels=(HOSTILE, "dog"), name=HOSTILE)
    assert task.labels[0] == HOSTILE
    assert all(line == escaped(line, keep="") for line in task.summary().split("\n"))
    assert len(task.summary().split("\n")) == len(einspace.Task.from_arrays(x, y, labels=("a", "b"), name="a").summary().split("\n"))
    assert all(text.isascii() and text.isprintable() for text in properties({"task": HOSTILE, "classes": [HOSTILE]}).values())


def test_the_report() -> None:
    """A page shows them escaped, and its own markup as it is."""
    from markupsafe import Markup

    from einspace.result.report.frame import environment

    shown = environment().from_string("{{ name }}{{ mark }}").render(name="<b>\x1b\u202e", mark=Markup("<i>"))
    assert shown == "&lt;b&gt;\\x1b\\u202e<i>"
