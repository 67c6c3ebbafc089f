"""Standalone source: imports torch only, takes our weights, computes the same bits, and reads well."""

import ast
import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from tests.architectures import BULK, RECURRENT, SHAPES, sampled
from tests.networks.own_layers import OWN, WEIGHTLESS
from torch import nn

from einspace import Architecture, Classification, Dense, EinSpace, Grammar, MultiLabel, baselines, build, recurrent_grammar
from einspace.errors import ExportError
from einspace.networks import Head
from einspace.networks.export import source

READ = Grammar(tuple(dict.fromkeys((*recurrent_grammar().productions, *OWN.productions, *WEIGHTLESS.productions))))
"""The grammar that derives every architecture of these tests."""

HEADS: list[Head | None] = [Classification(10), Dense(2, (5, 6)), MultiLabel(3), None]


BODY = """\
    def __init__(self) -> None:
        super().__init__()
        self.linear_2 = nn.Conv2d(3, 8, 3, padding=1)
        self.norm_4 = nn.BatchNorm2d(8)
        self.linear_7 = nn.Conv2d(3, 8, 1)
        self.head = nn.Module()
        self.head.linear = nn.Linear(8, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x1 = self.linear_2(x)  # (n, 8, 6, 6)
        x1 = self.norm_4(x1)
        x1 = functional.leaky_relu(x1, inplace=True)
        x = self.linear_7(x)  # (n, 8, 6, 6)
        x = functional.leaky_relu(x, inplace=True)
        x = x1 + x
        return self.head.linear(x.mean((2, 3)))  # (n, 10)
"""


def _written(text: str, path: Path) -> nn.Module:
    """The network of a source, imported from a file in a fresh namespace."""
    path.write_text(text)
    specification = importlib.util.spec_from_file_location(path.stem, path)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    network: nn.Module = module.Network()
    return network


def _check(architecture: Architecture, head: Head | None, path: Path, optimize: bool = True) -> str:
    """Strict loading and equal outputs, in evaluation and in training; the derivation in the docstring is the architecture's."""
    text = source(architecture, head, optimize)
    ours, theirs = build(architecture, head, optimize), _written(text, path)
    assert list(theirs.state_dict()) == list(ours.state_dict())
    theirs.load_state_dict(ours.state_dict())
    x = torch.randn(3, *architecture.input.shape)
    for training in (False, True):
        outputs = []
        for network in (ours.train(training), theirs.train(training)):
            torch.manual_seed(1)  # a user's layer may drop
            outputs.append(network(x))
        torch.testing.assert_close(outputs[0], outputs[1], rtol=0, atol=0, equal_nan=True)
    documented = (theirs.__doc__ or "").split("The derivation:")[1]
    assert str(EinSpace(architecture.input, grammar=READ).parse(documented.strip())) == str(architecture)
    return text


def _formatted(folder: Path) -> None:
    """`ruff format` leaves every file as it is, at its own line length and at longer ones."""
    for length in ("88", "140"):
        command = [sys.executable, "-m", "ruff", "format", "--isolated", "--check", "--line-length", length, str(folder)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout[-2000:]


@pytest.mark.slow
def test_every_baseline(tmp_path: Path) -> None:
    """All registered baselines, as deep and as wide as they are, with the head; the larger of two of a family in bulk."""
    torch.manual_seed(0)
    for name in baselines.names():
        if name in ("resnet34", "wrn28-10") and BULK == 1:
            continue
        text = _check(baselines.get(name, (3, 16, 16)), Classification(10), tmp_path / f"{name.replace('-', '_')}.py")
        imported = {ast.unparse(node) for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Import | ast.ImportFrom)}
        assert imported <= {"import torch", "from torch import nn", "from torch.nn import functional"}
    _formatted(tmp_path)


@pytest.mark.slow
def test_random_architectures(tmp_path: Path) -> None:
    """At inputs in both modes, optimised and plain, with every head and without one, and some with recurrence."""
    torch.manual_seed(0)
    for i, shape in enumerate(RECURRENT):
        for j, architecture in enumerate(sampled(shape, 4, seed=2, grammar="recurrent")):
            _check(architecture, HEADS[j % 4], tmp_path / f"recurrent_{i}_{j}.py", optimize=(i + j) % 3 > 0)
    for i, shape in enumerate(SHAPES):
        for j, architecture in enumerate(sampled(shape, 4, seed=2)):
            _check(architecture, HEADS[j % 4], tmp_path / f"random_{i}_{j}.py", optimize=(i + j) % 3 > 0)
    _formatted(tmp_path)


@pytest.mark.slow
def test_thousands_of_operations(tmp_path: Path) -> None:
    """A network near the limit of 3,000 operations, and a chain of a thousand nested modules."""
    torch.manual_seed(0)
    text = "[[linear(d=16) norm] [relu [softmax linear(d=16)]]]"
    for merge in ("concat(dim=1,b=8)", "concat(dim=2,b=8)", "add"):
        text = f"[clone(b=8) {{{text}}} {merge}]"
    large = EinSpace((2, 16)).parse(text)
    assert large.terminals > 2_500
    _check(large, Classification(10), tmp_path / "large.py")
    text = "[linear(d=16) norm]"
    for i in range(1_000):
        text = f"[{text} {'relu' if i % 2 else 'softmax'}]"
    _check(EinSpace((8, 8)).parse(text), None, tmp_path / "deep.py")
    _formatted(tmp_path)


def test_what_it_looks_like() -> None:
    """Layers with the fewest arguments, views inside the call that reads them, shapes where they change, `x` for the trunk."""
    text = "[clone(b=2) {[[im2col(k=3,s=1,p=1) linear(d=8) col2im] [norm relu]] [[im2col(k=1,s=1,p=0) linear(d=8) col2im] relu]} add]"
    written = source(EinSpace((3, 6, 6)).parse(text), Classification(10))
    body = written[written.index("    def __init__") :]
    assert body == BODY
    assert "(n, 3, 6, 6) -> (n, 10)" in written
    assert "362 parameters" in written


@pytest.mark.slow
def test_operations_of_a_user(tmp_path: Path) -> None:
    """A layer of torch's layers, weights and buffers is written out; one that looks at its data or hides a tensor is named."""
    torch.manual_seed(0)
    space = EinSpace((5, 6), grammar=OWN)
    text = _check(space.parse("[scale [linear(d=16) scale]]"), Classification(3), tmp_path / "own.py")
    for line in (
        "self.scale_0.scale = nn.Parameter(torch.zeros(6))  # to be loaded",
        'self.scale_2.register_buffer("shift", torch.zeros(16))',
        'nn.GELU(approximate="tanh"),',
    ):
        assert line in text
    for name in ("gate", "hidden"):
        with pytest.raises(ExportError, match=rf"the operation {name} cannot be written as standalone source"):
            source(space.parse(f"[relu {name}]"))
    _formatted(tmp_path)


def test_operations_of_a_user_without_weights(tmp_path: Path) -> None:
    """A layer of torch's is written as one, so that dropout ends with training; one whose settings no constructor gives, as its calls."""
    space = EinSpace((3, 8, 8), grammar=WEIGHTLESS)
    text = _check(space.parse("[[drop standard] relu]"), Classification(3), tmp_path / "layers.py")
    assert "self.drop_0 = nn.Dropout()" in text
    assert "self.standard_1 = nn.InstanceNorm2d(3)" in text
    x = torch.randn(2, 3, 8, 8)
    for optimize in (True, False):
        architecture = space.parse("[[drop-path noisy] mean]")
        text = source(architecture, None, optimize)
        assert "functional.avg_pool2d(x, 3, 1, 1, False, False, None)" in text
        written, network = _written(text, tmp_path / f"calls_{optimize}.py").eval(), build(architecture, None, optimize).eval()
        assert torch.equal(written(x), network(x))
