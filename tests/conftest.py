"""What all tests share."""

import gc
import os
import signal
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from alembic.config import Config
from alembic.script import ScriptDirectory
from hypothesis import settings
from tests.databases import Hasty

from einspace.storage import database

settings.register_profile("einspace", deadline=None, derandomize=True, max_examples=50)
settings.load_profile("einspace")

collect_ignore_glob = ["conftest.py", "*/conftest.py"]
"""Fixtures hold no examples to run, and two files of one name cannot both be collected."""

os.environ["HF_HUB_OFFLINE"] = "1"  # the library datasets asks nobody
# Processes that tests start share two cores: threads that wait for one another took up to ten times as long.
os.environ["OMP_NUM_THREADS"] = "1"
os.environ["TORCHINDUCTOR_COMPILE_THREADS"] = "1"  # torch.compile starts no pool of processes, whose import of PyTorch takes seconds

gc.disable()  # until all is imported: a search of the memory for what nobody refers to finds nothing in modules, and takes seconds


def pytest_collection_finish() -> None:
    """What was imported is not searched any more; what tests leave is, less often than by default."""
    gc.freeze()
    gc.set_threshold(10_000)
    gc.enable()


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Where only tests with the mark `processes` are asked for, files that do not have the word need no import."""
    if config.option.markexpr == "processes" and collection_path.suffix == ".py":
        return "mark.processes" not in collection_path.read_text() or None
    return None


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    """Tests share two cores with worker processes."""
    torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def _signals() -> Iterator[None]:
    """A command that a signal ends ignores further ones, since its process ends; here it is called in a process that goes on."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = [signal.getsignal(number) for number in numbers]
    yield
    for number, handler in zip(numbers, before, strict=True):
        signal.signal(number, handler)


@pytest.fixture(autouse=True, scope="session")
def durable() -> Iterator[type[sqlite3.Connection]]:
    """The connections that users get; drivers in this process have others, but where a test puts them back."""
    with pytest.MonkeyPatch.context() as patch:
        found = database._Durable
        patch.setattr(database, "_Durable", Hasty)
        yield found


@pytest.fixture(autouse=True, scope="session")
def _migrations() -> Iterator[None]:
    """Optuna's scripts of migration, the same for every database, are read once, and not twice in each search."""
    read, known = ScriptDirectory.from_config, dict[str | None, ScriptDirectory]()

    def from_config(config: Config) -> ScriptDirectory:
        place = config.get_main_option("script_location")
        if place not in known:
            known[place] = read(config)
        return known[place]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ScriptDirectory, "from_config", from_config)
        yield


@pytest.fixture
def writes_reports() -> bool:
    """Whether searches of a test leave their reports, of 5 MB each; a module of tests that reads them says so by a fixture of this name."""
    return False


@pytest.fixture(autouse=True)
def _reports(writes_reports: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Searches leave no reports unless a test reads them."""
    if not writes_reports:
        from einspace.callbacks import WriteReport

        for moment in ("finish", "close"):
            monkeypatch.setattr(WriteReport, moment, lambda *_: None)


@pytest.fixture(scope="module")
def small_forests(request: pytest.FixtureRequest) -> Iterator[None]:
    """Forests of as many trees as `TREES` of the test's module says, which are enough there."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("einspace.surrogate.forest.TREES", request.module.TREES)
        yield
