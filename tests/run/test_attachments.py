"""What lies beside `run.json`: a grammar of the user's, and the normalisation of fields; and runs from before they were kept."""

import json
import runpy
from dataclasses import asdict
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tests.networks.own_layers import OWN
from torch import nn

from einspace import Classification, Dense, EinSpace, Grammar, Production, einspace_grammar
from einspace.errors import GrammarError, RunError
from einspace.executors.main_module import hidden
from einspace.grammar import grammar_data, grammar_of
from einspace.networks.export import export_file, load_source, load_weights
from einspace.networks.heads.data import head_data, head_of
from einspace.predictor.trained import Trained, check_raw
from einspace.run.attachments import GRAMMAR, PREPROCESSING, attach, grammar_of_run, preprocessing_of_run
from einspace.run.folder import Run, made
from einspace.run.settings import check_same
from einspace.tasks import Recipe
from einspace.tasks.preprocessing import Preprocessing
from einspace.tasks.split import Normaliser
from einspace.trial import Proposal, Trial


def _fields() -> Preprocessing:
    """Samples and targets that are normalised pixel by pixel."""
    rng = np.random.default_rng(0)
    fields = [Normaliser(50 + rng.random((1, 1, 20, 20)), 1 + rng.random((1, 1, 20, 20))) for _ in range(2)]
    return Preprocessing(normaliser=fields[0], target_normaliser=fields[1])


def test_a_run_brings_back_its_grammar_and_its_fields(tmp_path: Path) -> None:
    """Exactly; a run of the paper's grammar and of channels has no such files."""
    run = Run(tmp_path, "mine")
    made(run.path)
    said = _fields()
    attach(run.path, said, OWN)
    settings = {"grammar": OWN.fingerprint, "preprocessing": json.loads(json.dumps(said.to_json()))}
    assert grammar_of_run(run.path, settings) == OWN
    back = preprocessing_of_run(run.path, settings)
    assert back is not None
    assert back.to_json() == said.to_json()
    other = Run(tmp_path, "other")
    made(other.path)
    attach(other.path, Preprocessing(), None)
    assert list(other.path.iterdir()) == []
    assert grammar_of_run(other.path, {}) is None
    assert preprocessing_of_run(other.path, {}) is None


def test_damage_is_said(tmp_path: Path) -> None:
    """Another grammar, a file that is none, tensors that were changed or are gone: each is one line with the file's name."""
    run = Run(tmp_path, "mine")
    made(run.path)
    said = _fields()
    attach(run.path, said, OWN)
    settings = {"grammar": einspace_grammar().fingerprint, "preprocessing": said.to_json()}
    with pytest.raises(RunError, match="holds another grammar"):
        grammar_of_run(run.path, settings)
    (run.path / GRAMMAR).write_text("{")
    with pytest.raises(RunError, match="cannot be read"):
        grammar_of_run(run.path, settings)
    (run.path / PREPROCESSING).write_bytes(b"none at all")
    with pytest.raises(RunError, match=r"preprocessing.safetensors cannot be used"):
        preprocessing_of_run(run.path, settings)
    (run.path / PREPROCESSING).unlink()
    with pytest.raises(RunError, match=r"is missing among the tensors"):
        preprocessing_of_run(run.path, settings)


def test_a_stored_grammar_imports_nothing() -> None:
    """A class that is not defined here is named with its module, and data of another form are refused."""
    data = json.loads(json.dumps(grammar_data(OWN)))
    assert grammar_of(data) == OWN
    data["operations"]["gate"] = "antigravity:Gate"
    with pytest.raises(GrammarError, match="gate is not defined here: import the module antigravity first"):
        grammar_of(data)
    with pytest.raises(GrammarError, match="the stored grammar cannot be read"):
        grammar_of({"start": "S"})
    assert isinstance(grammar_of(grammar_data(einspace_grammar(0.5))), Grammar)


SCRIPT = """
from einspace.operations import Computation

class Mine(Computation):
    name = "mine"

    def infer(self, inputs):
        return inputs

    def layer(self, inputs):
        raise NotImplementedError
"""


def test_an_operation_of_the_program_itself_is_named_as_others_import_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`python search.py` has it in `__main__`, which no other program can import; a run that says so is read by that program still."""
    file = tmp_path / "search.py"
    file.write_text(SCRIPT)
    mine = runpy.run_path(str(file), run_name="__main__")["Mine"]
    own = Grammar((*einspace_grammar().productions, Production("C", mine())))
    data = json.loads(json.dumps(grammar_data(own)))
    assert data["operations"]["mine"] == "search:Mine"
    assert grammar_of(data) == own
    with hidden():
        assert grammar_of(data) == own
        assert grammar_data(own)["operations"]["mine"] == "search:Mine"
    data["operations"]["mine"] = "__main__:Mine"
    assert grammar_of(data) == own
    monkeypatch.setitem(mine.infer.__globals__, "__spec__", ModuleSpec("tools.search", None))
    assert grammar_data(own)["operations"]["mine"] == "tools.search:Mine"
    monkeypatch.setattr(mine, "__module__", "search")
    data["operations"]["mine"] = "search:Mine"
    assert grammar_of(data) == own


def test_a_run_from_before_is_continued_and_exported_normalised() -> None:
    """Settings without a preprocessing or parts of it, or without later options of recipe and head, are the same but for these options.

    What separated the cells of a table is no setting of its numbers.
    """
    common = {"data": "abc", "strategy_source": "einspace", "metric": {"source": "x"}}
    check_same({**common, "scaling": None}, {**common, "preprocessing": {}, "samples": {}}, "mine")
    with pytest.raises(RunError, match="preprocessing"):
        check_same({**common, "preprocessing": {"axes": "NHWC"}}, {**common, "preprocessing": {"axes": "NCHW"}}, "mine")
    recorded = {**common, "preprocessing": {"axes": "", "shallow": True}}
    check_same({**common, "preprocessing": {"axes": ""}}, recorded, "mine")
    with pytest.raises(RunError, match=r"preprocessing\.shallow: false there, true here"):
        check_same({**common, "preprocessing": {"axes": "", "shallow": False}}, recorded, "mine")
    check_same({**common, "preprocessing": {"classes": [0, 1]}}, {**common, "preprocessing": {"classes": [False, True]}}, "mine")
    signals = {"columns": ["a"], "named": True}
    for delimiter in ({}, {"delimiter": ","}):
        stored = {**common, "preprocessing": {"signals": {**signals, **delimiter}}}
        check_same(stored, {**common, "preprocessing": {"shallow": None, "signals": {**signals, "delimiter": ";"}}}, "mine")
    recipe = asdict(Recipe(8, 24, 64, 0.05, 5e-4))
    before: dict[str, Any] = {
        "recipe": {name: recipe[name] for name in list(recipe)[:6]},
        "head": {"kind": "Classification", "classes": 3, "pool": "paper", "weights": None},
    }
    head = head_data(Classification(3, pool="paper"))
    check_same({**common, **before}, {**common, "recipe": recipe, "head": head}, "mine")
    assert head_of(before["head"]) == Classification(3, pool="paper")
    assert Recipe(**before["recipe"]) == Recipe(**recipe)
    for changed in ({"recipe": {**recipe, "clip": 1.0}}, {"head": {**head, "grid": 2}}):
        with pytest.raises(RunError, match=r"recipe.clip: 0.0 there, 1.0 here|head.grid: 1 there, 2 here"):
            check_same({**common, **before}, {**common, "recipe": recipe, "head": head, **changed}, "mine")
    space = EinSpace((1, 20, 20))
    architecture = space.parse("[relu norm]")
    found = Trained("trial 0", architecture, Dense(1, (20, 20)), None, None, Trial(0, Proposal.of(architecture, "sample")), (), "", {})
    with pytest.raises(RunError, match="--normalised-input"):
        check_raw(found, "mine")


def test_a_run_from_before_an_option_is_continued_with_the_option_off() -> None:
    """What a stored run does not name was off: a search that turns it on is another one."""
    stored = {"strategy_source": "einspace", "metric": {"source": "x"}, "crossover": 0.0}
    check_same(stored, {**stored, "edits": 0.0, "recipe_changes": 0.0, "choices": {}, "start": {}}, "mine")
    for option in ({"edits": 0.3}, {"start": {"grid": 2.0}}, {"crossover": 0.5}):
        with pytest.raises(RunError, match=next(iter(option))):
            check_same(stored, {**stored, **option}, "mine")


def test_fields_go_into_every_format(tmp_path: Path) -> None:
    """A mean for each pixel: too many numbers for a source to write down, which takes them from the safetensors file."""
    said, space = _fields(), EinSpace((1, 20, 20))
    architecture, head = space.parse("[[im2col(k=3,s=1,p=1) linear(d=2) col2im] norm]"), Dense(1, (20, 20))
    for format, name in (("source", "n.py"), ("torch", "n.pt2"), ("safetensors", "n.safetensors")):
        export_file(architecture, tmp_path / name, format, head=head, around=said.around)
    text = (tmp_path / "n.py").read_text()
    assert "torch.ones(1, 1, 20, 20)" in text
    network = load_source(text).eval()
    load_weights(network, tmp_path / "n.safetensors")
    x = 50 + torch.rand(2, 1, 20, 20)
    program = torch.export.load(tmp_path / "n.pt2").module()
    torch.testing.assert_close(network(x), program(x), rtol=1e-5, atol=1e-4)
    bare = said.around(nn.Identity())
    assert float(bare.inside(bare(bare.before(torch.zeros(1, 1, 20, 20)))).abs().max()) < 1e-4
