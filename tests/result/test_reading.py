"""A run that is read again and again while its search goes on."""

import os
import shutil
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from tests.result_samples import searched

from einspace.errors import RunError
from einspace.result import Following, Result, load_result
from einspace.run.folder import Run
from einspace.storage import database, store

pytestmark = pytest.mark.slow


def counted(monkeypatch: pytest.MonkeyPatch, module: object, name: str) -> list[object]:
    """The calls of a function of a module from now on."""
    calls: list[object] = []
    function: Callable[..., Any] = getattr(module, name)

    def call(*arguments: Any) -> Any:
        calls.append(arguments)
        return function(*arguments)

    monkeypatch.setattr(module, name, call)
    return calls


def same(one: Result, other: Result) -> bool:
    """Whether two results say the same."""
    return one.to_json() == other.to_json() and one.trials() == other.trials() and one.state == other.state


def test_a_further_look_reads_what_is_new_and_checks_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of a long run took half a minute each time, in which the search could store nothing; a look may come from another thread."""
    searched(tmp_path, trials=5, report=False)
    checks, records = counted(monkeypatch, database, "check_pages"), counted(monkeypatch, store, "trial_of")
    with Following("test", str(tmp_path)) as following, ThreadPoolExecutor(1) as other:
        first = following.read()
        assert (len(checks), len(records)) == (1, len(first.trials()))
        searched(tmp_path, trials=9, report=False)
        checks.clear()
        records.clear()
        second = other.submit(following.read).result()
        assert (len(checks), len(records)) == (0, len(second.trials()) - len(first.trials()))
        assert same(second, following.read())
        assert (len(checks), len(records)) == (0, len(second.trials()) - len(first.trials()))
    assert len(second.history) == 9
    assert same(second, load_result("test", str(tmp_path)))


def test_another_file_in_the_place_of_the_study_is_checked_and_read_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As where somebody has put its copy back; one that is gone is an error until it is there again."""
    searched(tmp_path, trials=4, report=False)
    file, copy = Run(tmp_path, "test").database, tmp_path / "copy.db"
    shutil.copy(file, copy)
    searched(tmp_path, trials=6, report=False)
    with Following("test", str(tmp_path)) as following:
        assert len(following.read().history) == 6
        checks = counted(monkeypatch, database, "check_pages")
        os.replace(copy, file)
        assert len(following.read().history) == 4
        assert len(checks) == 1
        file.rename(copy)
        with pytest.raises(RunError, match=r"the database .* is gone"):
            following.read()
        copy.rename(file)
        assert len(following.read().history) == 4
        assert len(checks) == 2


def test_a_look_after_one_that_failed_checks_the_file_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What has gone wrong with it is said each time, and a run that can be read again is read."""
    searched(tmp_path, trials=4, report=False)
    file = Run(tmp_path, "test").database

    def rename(old: str, new: str) -> None:
        with closing(sqlite3.connect(file)) as connection, connection:
            connection.execute("UPDATE study_user_attributes SET key = ? WHERE key = ?", (new, old))

    with Following("test", str(tmp_path)) as following:
        first = following.read()
        checks = counted(monkeypatch, database, "check_pages")
        rename("settings", "nothing")
        for count in (0, 1):
            with pytest.raises(RunError, match="it is damaged"):
                following.read()
            assert len(checks) == count
        rename("nothing", "settings")
        assert same(following.read(), first)
        assert len(checks) == 2
