"""Imports run one way through the house."""

import ast
from collections.abc import Mapping
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import einspace

ROOT = Path(einspace.__file__).parent

ORDER = [
    "errors",
    "features",
    "operations",
    "grammar",
    "derivation",
    "limits",
    "normal_form",
    "graph",
    "passes",
    "sampling",
    "variation",
    "pictures",
    "architecture",
    "space",
]
RANKS = {name: rank for rank, name in enumerate(ORDER)} | {
    "disk": 0,
    "echo": -1,
    "quantities": 0.5,
    "machine": -1,
    "memory": 0.5,
    "networks": 20,
    "baselines": 20,
    "files": 25,
    "reading": 28,
    "tasks": 30,
    "builders": 30.5,
    "evaluation": 31,
    "trial": 32,
    "known": 32.3,
    "surrogate": 32.5,
    "learned": 32.5,
    "strategies": 33,
    "executors": 33,
    "storage": 33,
    "config": 34,
    "run": 36,
    "predictor": 36.5,
    "racing": 36.7,
    "result": 37,
    "callbacks": 38,
    "phases": 39,
    "study": 40,
    "sklearn": 45,
    "reporting": 50,
    "reproduction": 55,
    "cli": 60,
}
"""Each package may import what has a lower rank. Strategies, executors and storage do not know each other; only the study joins them."""

CLOSING = {
    ("tasks.task", "tasks.from_data"): "`Task.from_arrays` and its like are functions that make a `Task`, and methods of it",
    ("tasks.summary", "tasks.task"): "a type: `Task.summary` stands in a file of its own",
    ("result.taking", "result.result"): "a type: the choice that `Result.trained` makes stands in a file of its own",
    ("result.as_json", "result.result"): "a type: `Result.to_json` stands in a file of its own",
    ("result.result", "result.report.page"): "`Result.report` writes the page that is made of a `Result`",
}
"""Imports that close a circle of files, and why."""


@cache
def _tree(path: Path) -> ast.Module:
    """What stands in a file, which several tests look at."""
    return ast.parse(path.read_text())


def imported(path: Path) -> set[str]:
    """The packages that a file imports, in whatever words; a name of `einspace` itself stands for the one that it lies in."""
    found: set[str] = set()
    for node in ast.walk(_tree(path)):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        for first, name, *_ in (f"{name}.".split(".") for name in names):
            if first == "einspace":
                module = f"einspace.{name}" if name in RANKS else einspace._LATER.get(name, "")
                module = module or getattr(getattr(einspace, name, None), "__module__", "")
                found.update(module.split(".")[1:2])
    return found & RANKS.keys()


@pytest.mark.parametrize(
    ("line", "package"),
    [
        ("import einspace.study", "study"),
        ("import einspace.study.searching as searching", "study"),
        ("from einspace import study", "study"),
        ("from einspace import search", "study"),
        ("from einspace import EinSpace", "space"),
        ("from einspace.study import search", "study"),
        ("def f():\n    from einspace.study.searching import search", "study"),
        ("import einspace", ""),
        ("from einspace import __version__", ""),
        ("from collections import abc", ""),
    ],
)
def test_no_word_for_an_import_hides_it(tmp_path: Path, line: str, package: str) -> None:
    """A module by its name, a name of a package, and a name that `einspace` takes from one of its packages on first use."""
    (tmp_path / "a.py").write_text(line)
    assert imported(tmp_path / "a.py") == ({package} if package else set())


def test_every_package_imports_only_what_stands_before_it() -> None:
    """The compiler knows no task, a strategy knows no executor, and nothing knows the command line."""
    wrong = []
    for path in ROOT.rglob("*.py"):
        name = path.relative_to(ROOT).parts[0].removesuffix(".py")
        if name not in ("__init__", "__main__"):
            wrong += [(str(path.relative_to(ROOT)), other) for other in imported(path) - {name} if RANKS[other] >= RANKS[name]]
    assert wrong == []


def _circle(graph: Mapping[str, set[str]]) -> list[str]:
    """Files that import each other in a circle; empty where none do."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


@pytest.mark.slow
def test_files_import_each_other_in_no_circle() -> None:
    """Imports inside of functions and those for types count too, but for the few that are listed; each of those still closes one."""
    files = {".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path for path in ROOT.rglob("*.py")}
    graph: dict[str, set[str]] = {name: set() for name in files}
    for name, path in files.items():
        for node in ast.walk(_tree(path)):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("einspace."):
                module = str(node.module).removeprefix("einspace.")
                found = {other if (other := f"{module}.{alias.name}") in files else module for alias in node.names}
                graph[name] |= found & files.keys()
    opened = {name: {other for other in found if (name, other) not in CLOSING} for name, found in graph.items()}
    assert _circle(opened) == []
    assert [pair for pair in CLOSING if not _circle({**opened, pair[0]: {*opened[pair[0]], pair[1]}})] == []


def test_the_first_two_stages_know_no_tensor() -> None:
    """Shapes, parameters, FLOPs and bytes are arithmetic: sampling starts without loading PyTorch, and so does a mailbox of Ray's."""
    import subprocess
    import sys

    code = "import sys, random, einspace, einspace.executors.ray.mailbox; einspace.EinSpace((3, 8, 8)).sample(random.Random(0)).key; "
    code += "sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


HEAVY = ("scipy", "sklearn", "pandas", "matplotlib", "ray", "onnx", "onnxruntime")

OF_ITSELF = {"sklearn", "grammar.consistency", "reproduction.summaries"}
"""Modules that are imported for what a heavy library does, and that no search imports."""


def test_a_search_starts_without_what_it_may_not_need() -> None:
    """Every process of a search imports all tasks and strategies: a library that few of them use is imported where it is used."""
    heavy = set()
    for path in ROOT.rglob("*.py"):
        for node in _tree(path).body:
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [getattr(node, "module", None) or ""]
            if any(name.split(".")[0] in HEAVY for name in names):
                heavy.add(".".join(path.relative_to(ROOT).with_suffix("").parts))
    assert heavy <= OF_ITSELF, heavy - OF_ITSELF


def test_no_file_is_overgrown() -> None:
    """Past 400 lines a file wants a second one."""
    assert [path.name for path in ROOT.rglob("*.py") if len(path.read_text().splitlines()) > 400] == []
