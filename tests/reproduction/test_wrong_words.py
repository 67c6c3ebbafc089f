"""Names, numbers and addresses that cannot be are refused before anything runs."""

from pathlib import Path

import pytest
from tests.commands import call


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["table9"], "unknown experiment 'table9'"),
        (["table1", "--scale", "papr"], "unknown scale 'papr': did you mean paper?"),
        (["table1", "--task", "addnst"], "did you mean addnist"),
        (["table5", "--column", "wrn,re-rwn"], "unknown column of table5 're-rwn'"),
        (["table6", "--task", "addnist"], "table6 trains nothing, so it has no task 'addnist'"),
        (["figure4", "--seeds", "2"], "figure4 trains nothing: it has one seed, not 2"),
        (["table1", "--seeds", "0"], "'0' is not a whole number of at least 1"),
        (["table1", "--workers", "0"], "workers must be a whole number of at least 1 and at most 10000, or null, not 0"),
        (["table1", "--executor", "processs"], "unknown executor 'processs'"),
        (["table1", "--storage", "mysql://host/name"], "cannot hold a study"),
        (["table4", "-o", "/dev/null/x"], "the folder /dev/null/x cannot be used"),
    ],
)
def test_what_cannot_be_is_one_line(tmp_path: Path, words: list[str], message: str) -> None:
    """Exit code 2, nothing on standard output, and no run."""
    done = call("reproduce", *words, cwd=tmp_path)
    assert done.returncode == 2, done.stderr
    assert done.stdout == ""
    assert message in " ".join(done.stderr.split())
    assert not list(tmp_path.glob("runs/*"))
