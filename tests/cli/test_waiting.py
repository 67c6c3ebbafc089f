"""What a command says while something takes long."""

import time

import pytest

from einspace.cli.output import waiting


def test_what_takes_long_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    """A line on standard error, without a terminal too, and with any name in it; what is quick says nothing."""
    with waiting("reading [/x]a\nb", seconds=0.01):
        end = time.monotonic() + 10
        said = ""
        while not said and time.monotonic() < end:
            said += capsys.readouterr().err
            time.sleep(0.01)
    with waiting("writing"):
        pass
    assert said == "reading [/x]a\\x0ab ...\n"
    assert capsys.readouterr().err == ""
