"""`einspace show` and `einspace figure`: outlines in the terminal, and pictures in files."""

import os
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from tests.commands import call
from tests.study_samples import EVOLUTION, SMALL, ThreadExecutor, small_task

from einspace import EinSpace
from einspace.pictures import network_svg, tree_svg
from einspace.result import Result
from einspace.study import search


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> Result:
    """A run of a few trials, mutants among them."""
    folder = tmp_path_factory.mktemp("show")
    options = {"executor": ThreadExecutor(), "limits": SMALL, **EVOLUTION}
    return search(small_task(), trials=14, workers=1, run="small", runs=folder / "runs", **options)


def test_the_outline_is_a_tree_and_no_line_is_cut_off() -> None:
    """Equal blocks once with their number, shapes where they change, parameters; nothing is wider than a terminal but the text."""
    done = call("show", "vit", "--shape", "3,64,64")
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    start, end = lines.index("input 3×64×64"), lines.index("└── output 256×512")
    for line in (
        "├── im2col k=4 s=4 p=0  → 256×48",
        "├── × 4 in a row",
        "│   ├── clone b=2 … add",
        "│   │   │   ├── attention 4 heads of 64  → 256×256  394 k",
        "│   │   └── skip",
    ):
        assert line in lines[start:end]
    assert max(len(line) for line in lines[start:end]) <= 80
    assert "…" not in done.stdout.replace(" … ", "")
    assert "4,367,872 parameters" in done.stdout
    assert "softmax" in call("show", "vit", "--shape", "3,64,64", "--detail", "operations").stdout
    assert "identity" in call("show", "vit", "--shape", "3,64,64", "--derived").stdout.split("\n[")[0]


def test_the_derivation_is_an_outline_too() -> None:
    """Non-terminals that derive one thing stand on its line, and a repeated branch has its number."""
    lines = call("show", "[clone(b=4) {linear(d=3)} concat(dim=3,b=4)]", "--tree").stdout.splitlines()
    assert lines[:4] == ["S", "├── B → clone b=4", "├── × 4 M → C → linear d=3", "└── A → concat dim=3 b=4"]


@pytest.mark.slow
def test_what_is_too_long_or_too_deep_is_counted() -> None:
    """400 lines and 12 levels are shown, and how much is beyond them is said: no line is wider than a terminal."""
    layers = [f"linear(d={width})" for width in range(1, 601)]
    while len(layers) > 1:
        layers = [f"[{' '.join(layers[i : i + 2])}]" for i in range(0, len(layers) - 1, 2)] + (layers[-1:] if len(layers) % 2 else [])
    assert "200 more lines are not shown" in call("show", layers[0], "--shape", "5,7").stdout
    assert "798 more lines are not shown" in call("show", layers[0], "--shape", "5,7", "--tree").stdout
    chain = "linear(d=3)"
    for _ in range(30):
        chain = f"[norm {chain}]"
    lines = call("show", chain, "--shape", "5,7", "--tree").stdout.splitlines()
    assert [line.strip() for line in lines if "nodes not shown" in line] == ["└── 55 nodes not shown"]
    branches = "linear(d=7)"
    for _ in range(20):
        branches = f"[clone(b=2) {{[norm {branches}] linear(d=7)}} add]"
    lines = call("show", branches, "--shape", "5,7").stdout.splitlines()
    assert sum("operations not shown" in line for line in lines) == 1
    assert max(len(line) for line in lines if line[:1] in "├│└") <= 80


def test_pictures_go_into_files(tmp_path: Path) -> None:
    """The network and the tree, in the theme and the detail that are asked for."""
    text = "[clone(b=2) {[[im2col(k=3,s=1,p=1) linear(d=3) col2im] norm] identity} add]"
    architecture = EinSpace((3, 32, 32)).parse(text)
    file = tmp_path / "a.svg"
    assert "drawn into" in call("show", text, "--svg", str(file), "--theme", "dark", "--detail", "operations").stdout
    assert file.read_text(encoding="utf-8") == network_svg(architecture, "operations", "dark")
    assert call("show", text, "--svg", str(file), "--tree").returncode == 0
    assert file.read_text(encoding="utf-8") == tree_svg(architecture)


def test_png_needs_its_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it, one message says how to get it, and no file is written."""
    file = tmp_path / "a.png"
    monkeypatch.setitem(sys.modules, "resvg_py", None)
    done = call("show", "[relu norm]", "--png", str(file))
    assert (done.returncode, file.exists()) == (2, False)
    assert "pip install 'einspace[png]'" in done.stderr


def test_png_goes_into_a_file(tmp_path: Path) -> None:
    """With the extra, the file is a PNG; a folder that is not there is one message."""
    pytest.importorskip("resvg_py")
    file = tmp_path / "a.png"
    assert call("show", "[relu norm]", "--png", str(file)).returncode == 0
    assert file.read_bytes().startswith(b"\x89PNG")
    refused = call("show", "[relu norm]", "--png", str(tmp_path / "none" / "a.png"))
    assert refused.returncode == 2
    assert "cannot write" in refused.stderr


@pytest.mark.parametrize("option", ["--svg", "--png"])
def test_a_picture_goes_into_no_pipe(tmp_path: Path, option: str) -> None:
    """One that nobody reads would never end; a regular file is whole or not there."""
    pytest.importorskip("resvg_py")
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    try:
        refused = call("show", "[relu norm]", option, str(tmp_path / "pipe"))
    finally:
        os.close(reader)
    assert (refused.returncode, "it is not a regular file" in refused.stderr) == (2, True)


@pytest.mark.slow
def test_a_run_and_its_trials_are_shown(result: Result, tmp_path: Path) -> None:
    """A run is its best, at the run's input; a trial is its own, and in its tree the mutated part is set off."""
    where = ["--runs", str(result.run.parent)]
    best = result.best
    assert best is not None
    assert best.text in call("show", "small", *where).stdout
    mutant = next(trial for trial in result.history if trial.proposal.place)
    file = tmp_path / "mutant.svg"
    done = call("show", "small", "--trial", str(mutant.number), "--tree", "--svg", str(file), *where)
    assert mutant.text in done.stdout
    assert 'class="symbol strong"' in file.read_text(encoding="utf-8")
    refused = call("show", "small", "--trial", "99", *where)
    assert refused.returncode == 2
    assert "the run small has no trial 99: those that have ended are 0 to 13" in refused.stderr
    assert "has inputs of" in call("show", "small", "--shape", "7,7", *where).stderr
    assert "did you mean small" in call("show", "smal", *where).stderr


def test_notebooks_show_pictures(result: Result) -> None:
    """An architecture and a result are a network, a trial is its derivation tree, under a line of facts."""
    assert result.best is not None
    assert network_svg(result.best.architecture) in result._repr_html_()
    assert f"Run small: {len(result.history)} trials; accuracy" in result._repr_html_()
    assert network_svg(result.best.architecture) in result.best.architecture._repr_html_()
    trial = result.history[0]
    shown = trial._repr_html_()
    assert "Trial 0 (" in shown
    assert "S" in "".join(ElementTree.fromstring(shown).itertext())


@pytest.mark.parametrize("number", ["1", "2", "3", "4"])
def test_figures_are_drawn(number: str, tmp_path: Path) -> None:
    """Each is one well-formed file that says which figure it is."""
    done = call("figure", number, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    root = ElementTree.parse(tmp_path / f"figure-{number}.svg").getroot()
    assert f"Figure {number}" in "".join(root.itertext())


def test_figure_7_has_every_version(tmp_path: Path) -> None:
    """A bar for each module, each function and each of its versions; the same seed draws the same."""
    first, second = tmp_path / "a.svg", tmp_path / "b.svg"
    for file in (first, second):
        assert call("figure", "7", "-n", "30", "-o", str(file)).returncode == 0
    assert first.read_text() == second.read_text()
    text = first.read_text(encoding="utf-8")
    assert text.count("fill-opacity") == 3 + 9 + 2 + 9 + 7 + 6 + 8
    assert text.count("<rect") == 1 + 4 + 14 + text.count("fill-opacity")


def test_figures_of_what_was_found_need_runs(result: Result, tmp_path: Path) -> None:
    """Figure 5 draws the best of the run that is named, with its scores; without a run, or with one for another figure, it is refused."""
    file = tmp_path / "5.svg"
    assert call("figure", "5", "small", "-o", str(file), "--runs", str(result.run.parent)).returncode == 0
    assert "accuracy: validation" in file.read_text(encoding="utf-8")
    assert "figure 8 needs runs, such as `einspace figure 8 NAME`" in call("figure", "8").stderr
    assert "figure 3 takes no runs" in call("figure", "3", "small").stderr
    assert "there is no run 'none'" in call("figure", "5", "none", cwd=tmp_path).stderr
