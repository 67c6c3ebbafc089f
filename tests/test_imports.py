"""Imports run one way through the house."""

import ast
from pathlib import Path

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


def _imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("einspace"):
            parts = node.module.split(".")
            names |= {parts[1]} if len(parts) > 1 else {alias.name for alias in node.names if alias.name in RANKS}
    return names


def test_every_package_imports_only_what_stands_before_it() -> None:
    """The compiler knows no task, a strategy knows no executor, and nothing knows the command line."""
    wrong = []
    for path in ROOT.rglob("*.py"):
        name = path.relative_to(ROOT).parts[0].removesuffix(".py")
        if name != "__init__":
            wrong += [(str(path.relative_to(ROOT)), other) for other in _imported(path) - {name} if RANKS[other] >= RANKS[name]]
    assert wrong == []


def test_the_first_two_stages_know_no_tensor() -> None:
    """Shapes, parameters, FLOPs and bytes are arithmetic: sampling starts without loading PyTorch, and so does a mailbox of Ray's."""
    import subprocess
    import sys

    code = "import sys, random, einspace, einspace.executors.ray.mailbox; einspace.EinSpace((3, 8, 8)).sample(random.Random(0)).key; "
    code += "sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_no_file_is_overgrown() -> None:
    """Past 400 lines a file wants a second one."""
    assert [path.name for path in ROOT.rglob("*.py") if len(path.read_text().splitlines()) > 400] == []
