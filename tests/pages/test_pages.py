"""The pages say what is so: their Python runs, their commands exist, their links lead somewhere, and the site has all of them."""

import argparse
import contextlib
import doctest
import io
import re
import shlex
import shutil
import tomllib
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer
import yaml
from sklearn.datasets import load_digits
from tests.commands import call, train_here
from tests.pages.blocks import DOCS, PAGES, ROOT, Block, benchmarks, blocks, commands, name_of

import einspace
from einspace.cli import app
from einspace.executors.local import LocalExecutor

README = ROOT / "README.md"
GENERATED = DOCS / "reference" / "command-line.md"
EXECUTED = [page for page in PAGES if any(block.executed for block in blocks(page))]


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as readers have one after a first search: `digits.npz`, and the run `digits` of one trial."""
    folder = tmp_path_factory.mktemp("finished")
    digits = load_digits()
    words = np.array(["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"])[digits.target]
    np.savez(folder / "digits.npz", x=(digits.images[:300] * 255 / 16).astype(np.uint8)[..., None], y=words[:300])
    einspace.search(
        str(folder / "digits.npz"),
        trials=1,
        init="resnet8",
        recipe={"epochs_search": 1, "epochs_final": 1},
        run="digits",
        runs=folder / "runs",
        report=False,
        executor=lambda work, *_: LocalExecutor(work),
    )
    return folder


def run(block: Block, names: dict[str, object]) -> str:
    """What a block prints: Python in these names, a command as it is called, examples with what they give."""
    if block.language == "console":
        for line in block.executed.splitlines():
            done = call(*shlex.split(line)[1:])
            assert done.returncode == 0, done.stderr
        return ""
    if block.executed.startswith(">>>"):
        test = doctest.DocTestParser().get_doctest(block.executed, names, "page", None, 0)
        assert doctest.DocTestRunner().run(test, clear_globs=False).failed == 0
        names.update(test.globs)
        return ""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(block.executed, names)
    return printed.getvalue()


@pytest.mark.slow
@pytest.mark.parametrize("page", EXECUTED, ids=name_of)
def test_the_python_of_a_page_runs(page: Path, finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every block is executed, in order, but those marked as too long; a block of text after one is what it prints."""
    shutil.copytree(finished, tmp_path, dirs_exist_ok=True)
    (tmp_path / "results").symlink_to(ROOT / "results")
    monkeypatch.chdir(tmp_path)
    train_here(monkeypatch)
    names: dict[str, object] = {"__name__": "page"}
    for block in blocks(page):
        if block.executed:
            printed = run(block, names)
            assert block.printed is None or printed == block.printed


def test_the_two_commands_stand_on_the_first_screen() -> None:
    """A newcomer finds `make demo` and `make test` without scrolling, in a README of at most two screens."""
    lines = README.read_text().splitlines()
    assert any(line.startswith("make demo") for line in lines[:30])
    assert any(line.startswith("make test") for line in lines[:30])
    assert len(README.read_text().split()) <= 900


def described() -> dict[str, set[str]]:
    """The flags of every command of the program, by the words that call it."""
    group = typer.main.get_command(app)
    found = {}
    waiting = [("einspace", group)]
    while waiting:
        name, command = waiting.pop()
        found[name] = {flag for parameter in command.params for flag in (*parameter.opts, *parameter.secondary_opts)}
        waiting += [(f"{name} {child}", inner) for child, inner in getattr(command, "commands", {}).items()]
    return found


@pytest.mark.parametrize("page", [page for page in PAGES if page != GENERATED and commands(page)], ids=name_of)
def test_the_commands_of_a_page_exist(page: Path) -> None:
    """Each call of the command line names a command, and flags that this command has."""
    known = described()
    for line in commands(page):
        words = line.split(" | ")[0].split()
        name = " ".join(words[:3]) if " ".join(words[:3]) in known else " ".join(words[:2])
        assert name in known, line
        for flag in re.findall(r"(?<=\s)--?[a-z][\w-]*", line.replace(",", " ")):
            assert flag in known[name], line


class Read(Exception):
    """The options of a benchmark have been read, and what follows is not done."""


@pytest.mark.slow
@pytest.mark.parametrize("page", [page for page in PAGES if benchmarks(page)], ids=name_of)
def test_the_benchmarks_of_a_page_take_their_options(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each call of a benchmark names one that exists, and options that it takes."""
    parse = argparse.ArgumentParser.parse_args

    def read(parser: argparse.ArgumentParser, *arguments: Any) -> None:
        parse(parser, *arguments)
        raise Read

    monkeypatch.setattr(argparse.ArgumentParser, "parse_args", read)
    for line in benchmarks(page):
        _, _, module, *words = shlex.split(line)
        name = f"{module}.__main__" if (ROOT / module.replace(".", "/")).is_dir() else module
        monkeypatch.setattr("sys.argv", [module, *words])
        with pytest.raises(Read):
            import_module(name).main()


def anchors(page: Path) -> set[str]:
    """What can be linked to on a page: its headings, and what its reference describes."""
    text = re.sub(r"^```.*?^```\n", "", page.read_text(), flags=re.DOTALL | re.MULTILINE)
    titles = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    slugs = {re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", title).strip().lower()) for title in titles}
    return slugs | set(re.findall(r"^::: (\S+)$", text, re.MULTILINE))


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_the_links_of_a_page_lead_somewhere(page: Path) -> None:
    """A link within the repository names a file that is there, and a heading or an object that this file has."""
    text = re.sub(r"^```.*?^```\n", "", page.read_text(), flags=re.DOTALL | re.MULTILINE)
    for target in re.findall(r"\]\(([^)\s]+)\)|<img src=\"([^\"]+)\"", text):
        path, _, anchor = next(filter(None, target)).partition("#")
        if path.startswith("https://"):
            continue
        file = (page.parent / path).resolve() if path else page
        assert file.is_file(), path
        assert DOCS not in page.parents or file.is_relative_to(DOCS), f"the site does not have {path}"
        if anchor:
            assert any(anchor == name or anchor.startswith(f"{name}.") for name in anchors(file)), f"{path}#{anchor}"


def test_the_navigation_names_every_page() -> None:
    """Each page stands in the navigation of the site, once, and nothing else does."""
    found, waiting = [], [yaml.safe_load((ROOT / "mkdocs.yml").read_text())["nav"]]
    while waiting:
        match waiting.pop():
            case str(page):
                found.append(page)
            case dict(entry):
                waiting += entry.values()
            case entries:
                waiting += entries
    assert sorted(found) == sorted(page.relative_to(DOCS).as_posix() for page in DOCS.rglob("*.md"))


def test_the_reference_has_every_public_name() -> None:
    """Whatever `einspace` exports is described on one page of the reference."""
    text = "\n".join(page.read_text() for page in (DOCS / "reference").glob("*.md"))
    assert sorted(re.findall(r"^::: einspace\.(\w+)$", text, re.MULTILINE)) == sorted(
        {*einspace.__all__, "pictures", "sklearn", "errors"} - {"EinspaceError"}
    )


def test_one_version_stands_everywhere() -> None:
    """What is packaged is what is cited, and what the changes are listed under, below a heading for what comes next."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    coming, latest = re.findall(r"^## (.+)$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)[:2]
    assert coming == "[Unreleased]"
    assert (cited["version"], latest) == (version, f"[{version}] - {cited['date-released']}")
