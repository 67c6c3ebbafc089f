"""Facts about the source of the study: what it takes of other libraries is public, and declared."""

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "einspace"


def imported(path: Path) -> set[str]:
    """The packages that a module imports, at its top or inside of functions."""
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom) and node.level == 0}
    return {name.split(".")[0] for name in names} - {"einspace", ""} - set(sys.stdlib_module_names)


def declared(*groups: str) -> set[str]:
    """The distributions that pyproject.toml names, in lower case; with those of some extras."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lines = [*project["dependencies"], *(line for group in groups for line in project["optional-dependencies"][group])]
    return {re.split(r"[<>=\[ ;]", line)[0].lower().replace("_", "-") for line in lines}


@pytest.mark.slow
def test_everything_that_is_imported_is_declared() -> None:
    """A package that the source imports is a dependency, or one of an extra, by its own name and not by another one's."""
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    owners, known = packages_distributions(), declared(*(name for name in extras if name != "dev"))
    for path in SOURCE.rglob("*.py"):
        for package in imported(path):
            distributions = {owner.lower().replace("_", "-") for owner in owners.get(package, [package])}
            assert distributions & known, f"{path.relative_to(ROOT)} imports {package}, which pyproject.toml does not name"


def test_nothing_private_of_optuna_s_is_used() -> None:
    """Optuna is reached by its public interface: no module, attribute or subclass of a study whose name begins with an underscore."""
    private = re.compile(r"optuna(\.\w+)*\._\w+|\b(storage|study|frozen|trial|shelf\.study)\._(?!_)\w+|class \w+\(optuna\.Study\)")
    for folder in ("study", "storage", "result"):
        for path in (SOURCE / folder).rglob("*.py"):
            found = private.search(path.read_text(encoding="utf-8"))
            assert found is None, f"{path.name}: {found and found.group()}"


@pytest.mark.slow
def test_only_the_storage_knows_how_a_study_lies_in_optuna() -> None:
    """Outside of `storage/`, Optuna is what a user's tools get: `Result.study`."""
    users = {path.relative_to(SOURCE).as_posix() for path in SOURCE.rglob("*.py") if "optuna" in imported(path)}
    assert {user for user in users if not user.startswith("storage/")} <= {"result/result.py"}
