"""The commands that a report prints are those that work: an own grammar, operation or strategy is given in Python or by its module."""

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest
from tests.commands import call
from tests.grammar.own_operation import Gated
from tests.result_samples import searched
from tests.study_samples import SMALL

from einspace import Grammar, Production, Proposal, Strategy, Trial, einspace_grammar
from einspace.files.yaml import read
from einspace.result import Result
from einspace.result.report.commands import further_commands, next_commands
from einspace.space import EinSpace


class Repeating(Strategy):
    """Proposes one network again and again."""

    def propose(self, history: Sequence[Trial], rng: Random) -> Proposal:
        """A small one."""
        return Proposal.of(EinSpace((1, 8, 8)).parse("[linear(d=16) relu]"), "again")


def offered(result: Result) -> list[str]:
    """All commands of a run on a task with a name of ours."""
    known = replace(result, settings={**result.settings, "task": "digits"})
    return [command for _, command in (*next_commands(known), *further_commands(known))]


@pytest.fixture(scope="module")
def gated(tmp_path_factory: pytest.TempPathFactory) -> Result:
    """A run in a grammar with an operation of another module."""
    grammar = Grammar((*einspace_grammar().productions, Production("C", Gated(32), weight=4)))
    return searched(tmp_path_factory.mktemp("runs"), trials=3, grammar=grammar, report=False)


def test_a_run_in_an_own_grammar_is_continued_in_python(gated: Result, tmp_path: Path) -> None:
    """A settings file cannot give the grammar, and says so in its first line."""
    assert not [command for command in offered(gated) if "--config" in command]
    assert len([command for command in offered(gated) if command.startswith("es.search(task, grammar=grammar, run='test'")]) == 1
    file = gated.run / "config.yaml"
    assert file.read_text().splitlines()[0] == "# this run is repeated in Python, which alone gives its grammar"
    (tmp_path / "known.yaml").write_text(file.read_text().replace("task: small", "task: digits"))
    assert "which only Python can give" in call("search", "--config", str(tmp_path / "known.yaml")).stderr


def test_commands_name_the_module_of_an_own_operation(gated: Result, tmp_path: Path) -> None:
    """Those that build a network; the report draws without it."""
    commands = {command.split()[1]: command for command in offered(gated) if command.startswith("einspace")}
    assert {name for name, command in commands.items() if "--module tests.grammar.own_operation" in command} == set(commands) - {"report"}
    assert call(*commands["show"].split()[1:], cwd=tmp_path).returncode == 0


def test_a_module_beside_no_package_is_named_by_its_file(gated: Result, monkeypatch: pytest.MonkeyPatch) -> None:
    """A script is found by its path alone, which is written as from the current folder."""
    stored = gated.run / "grammar.json"
    before = stored.read_text()
    stored.write_text(before.replace("tests.grammar.own_operation", "test_commands"))
    monkeypatch.setitem(sys.modules, "test_commands", sys.modules[__name__])
    try:
        monkeypatch.chdir(Path(__file__).parent)
        assert any("--module test_commands.py" in command for command in offered(gated))
        monkeypatch.chdir(gated.run)
        assert any(f"--module {__file__}" in command for command in offered(gated))
    finally:
        stored.write_text(before)


def test_a_strategy_of_a_script_is_continued_in_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`__main__` is another module in each program."""
    monkeypatch.setattr(Repeating, "__module__", "__main__")
    given: dict[str, Any] = {"population": None, "tournament": None, "init": None}
    result = searched(tmp_path, trials=2, strategy=Repeating(), limits=SMALL, report=False, **given)
    assert read(result.run / "config.yaml")[0]["strategy"] == "__main__:Repeating"
    assert not [command for command in offered(result) if "--config" in command]
    assert [command for command in offered(result) if command.startswith("es.search(task, strategy=strategy, run=")]
    assert (result.run / "config.yaml").read_text().startswith("# this run is repeated in Python, which alone gives its strategy\n")


def test_a_program_that_proposes_is_given_again(gated: Result, tmp_path: Path) -> None:
    """A run does not store its command."""
    (tmp_path / "test").mkdir()
    (tmp_path / "test" / "config.yaml").write_text("task: digits\nstrategy: einspace.strategies.program:Program\n")
    result = replace(gated, run=tmp_path / "test")
    searches = [command for command in offered(result) if "einspace search" in command]
    assert len(searches) == 3
    assert all("--proposer COMMAND" in command for command in searches)


def test_a_run_without_its_settings_here_is_continued_in_python(gated: Result, tmp_path: Path) -> None:
    """As where another machine began it, and the database alone is here."""
    assert not [command for command in offered(replace(gated, run=tmp_path / "gone")) if "--config" in command]
