"""The docstrings that the reference shows name every parameter and every error."""

import ast
import inspect
import re
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass
from functools import cache
from importlib import import_module
from typing import Any

from tests.pages.blocks import ROOT

ENTRY = re.compile(r"^::: (\S+)\n((?: {4}.*\n)*)", re.MULTILINE)
"""A directive of mkdocstrings with its options."""

RAISES = re.compile(r"\braises? [A-Z]\w*Error", re.IGNORECASE)
"""An error that is named in a sentence, where a reader does not look for it."""


def located(name: str) -> Any:
    """The module of a full name, or what its module has by the last part of it."""
    module, _, last = name.rpartition(".")
    found = getattr(import_module(module), last, None)
    return import_module(name) if found is None else found


def entries() -> Iterator[tuple[str, Any]]:
    """Everything that a page of the reference names, and the listed or own members of a module, by its full name."""
    for page in sorted((ROOT / "docs" / "reference").glob("*.md")):
        for name, options in ENTRY.findall(page.read_text(encoding="utf-8")):
            shown = located(name)
            if not inspect.ismodule(shown):
                yield name, shown
                continue
            listed = re.search(r"members: (.*)", options)
            own = [member for member, value in vars(shown).items() if getattr(value, "__module__", "") == name and member[0] != "_"]
            members = own if listed is None else re.findall(r"\w+", listed[1].replace("false", ""))
            yield from ((f"{name}.{member}", getattr(shown, member)) for member in members)


@cache
def documented() -> dict[str, tuple[Any, list[str]]]:
    """Functions, classes and public methods of the reference, each with its parameters besides self and cls."""
    found: dict[str, tuple[Any, list[str]]] = {}
    for name, shown in entries():
        if inspect.isfunction(shown):
            found[name] = shown, parameters(shown)
        if not inspect.isclass(shown):
            continue
        constructed = is_dataclass(shown) or "__init__" in vars(shown) or hasattr(shown, "_fields")
        found[name] = shown, parameters(shown) if constructed else []
        for member, value in vars(shown).items():
            method = getattr(value, "fget", None) or getattr(value, "func", None) or getattr(value, "__func__", value)
            if member[0] != "_" and inspect.isfunction(method) and method.__name__ == member:
                found[f"{name}.{member}"] = method, parameters(method)
    return found


def parameters(shown: Callable[..., Any]) -> list[str]:
    return [name for name in inspect.signature(shown).parameters if name not in ("self", "cls")]


def beneath(kind: type) -> set[str]:
    """The fields of a dataclass or of a named tuple that have a docstring of their own beneath them."""
    (tree,) = ast.parse(textwrap.dedent(inspect.getsource(kind))).body
    assert isinstance(tree, ast.ClassDef)
    pairs = zip(tree.body, tree.body[1:], strict=False)
    return {
        field.target.id
        for field, text in pairs
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
        if isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant)
    }


def unnamed(shown: Any, names: list[str]) -> list[str]:
    """The parameters that no entry of `Args:` is about, nor a docstring beneath the field."""
    text = inspect.getdoc(shown) or ""
    args = text.partition("Args:\n")[2]
    others = beneath(shown) if inspect.isclass(shown) and (is_dataclass(shown) or hasattr(shown, "_fields")) else set()
    return [name for name in names if name not in others and not re.search(rf"^ {{4}}\**{name}: \S", args, re.MULTILINE)]


def test_the_pages_of_the_reference_show_the_package() -> None:
    """The other tests here see what the pages show."""
    assert len(documented()) > 200
    assert documented()["einspace.EinSpace.crossover"][1] == ["first", "second", "rng", "report"]
    assert [field.name for field in fields(documented()["einspace.Recipe"][0])] == documented()["einspace.Recipe"][1]


def test_two_parameters_or_more_are_named_under_args() -> None:
    """A reader finds each parameter by its name, with what it means."""
    lacking = {name: unnamed(shown, names) for name, (shown, names) in documented().items() if len(names) > 1}
    assert {name: names for name, names in lacking.items() if names} == {}


def test_errors_stand_under_raises() -> None:
    """A reader finds each error in one place of a docstring, with what it means."""
    prose = [name for name, (shown, _) in documented().items() if RAISES.search(inspect.getdoc(shown) or "")]
    assert prose == []
