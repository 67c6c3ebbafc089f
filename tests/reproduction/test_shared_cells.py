"""Facts about cells that several processes share through PostgreSQL, in real processes with a real server."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.commands import call
from tests.forked import Forked
from tests.postgres import required
from tests.study.test_drivers import check_once

from einspace.result import load_result

pytestmark = [pytest.mark.timeout(280), pytest.mark.processes]

CELLS = {"re-scratch": 4, "rn18": 1, "random-sampling": 4}
"""Columns, the one first in which a second process finds something to do, and their trials at the scale `smoke`."""


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """The address of a server for the tests of this file."""
    for server in required():
        yield server.url


def test_two_processes_do_each_cell_once(url: str, tmp_path: Path) -> None:
    """Two machines with folders of their own and one storage: each evaluates some, no training is done twice, and both print the same.

    What they have done is done: a third call on another machine evaluates nothing.
    """
    done = tmp_path / "evaluated"
    done.mkdir()
    columns = ",".join(CELLS)
    words = [
        "reproduce",
        "table1",
        "--scale",
        "smoke",
        "--task",
        "addnist",
        "--column",
        columns,
        "--storage",
        url,
        "--workers",
        "1",
        "--json",
    ]
    machines = {name: [*words, "--runs", str(tmp_path / name), "--output", str(tmp_path / f"tables-{name}")] for name in ("one", "two")}
    processes = {name: Forked("tests.reproduction.beside:main", str(done), name, *said) for name, said in machines.items()}
    said = {name: process.communicate(timeout=250) for name, process in processes.items()}
    assert {name: process.wait(0) for name, process in processes.items()} == dict.fromkeys(machines, 0), said
    one, two = (json.loads(said[name][0])["numbers"] for name in machines)
    assert one == two
    assert all(number["ours"] is not None for number in one)
    evaluated = {name: [tuple(json.loads(line)) for line in (done / name).read_text().splitlines()] for name in machines}
    assert all(evaluated.values())
    total = 0
    for column, trials in CELLS.items():
        run = f"table1-smoke-adddigits-{column}-0"
        check_once(url, run, trials)
        total += sum(trial.reused is None for trial in load_result(run, str(tmp_path), url).trials())
    assert sum(map(len, evaluated.values())) == total
    third = call(*words, "--no-run", "--runs", str(tmp_path / "three"), "--output", str(tmp_path / "tables-three"))
    assert (third.returncode, json.loads(third.stdout)["numbers"]) == (0, one)
