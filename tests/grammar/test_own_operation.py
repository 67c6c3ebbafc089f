"""A grammar is data: an operation and productions of the user's own go everywhere, and nothing of the house is touched."""

from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest
import torch
from tests.executors.executor_samples import RECIPE
from tests.executors.mains import run_as_main
from tests.forked import Forked
from tests.grammar.own_operation import GATED, Gated
from tests.grammar.sequence_task import rows_of_digits
from torch import nn

from einspace import EinSpace, Grammar, Production, einspace_grammar
from einspace.errors import NotationError, SettingError, ShapeError
from einspace.evaluation import Outcome, Request, Work
from einspace.evaluation.evaluate import evaluate
from einspace.evaluation.objective import TaskObjective
from einspace.executors import ProcessExecutor
from einspace.networks import build, convert_state
from einspace.operations import Linear, Relu
from einspace.pictures import network_svg

SPACE = EinSpace((8, 8), grammar=GATED)


@pytest.mark.slow
def test_it_is_sampled_printed_inferred_built_and_mutated() -> None:
    """Sample, print, parse, infer, cost, both forms of the network, picture and mutation take the class as one of their own."""
    samples = [SPACE.sample(Random(seed)) for seed in range(60)]
    own = [sample for sample in samples if "gated(d=" in str(sample) and sample.terminals < 300]
    assert len(own) > 20
    x = torch.randn(2, 8, 8)
    for sample in own:
        assert SPACE.parse(str(sample)) == sample
        plain, optimised = build(sample, optimize=False), build(sample)
        convert_state(plain, optimised)
        assert sum(parameter.numel() for parameter in optimised.parameters()) == sample.parameters
        torch.testing.assert_close(plain(x), optimised(x), rtol=1e-3, atol=1e-4)
        assert optimised(x).shape == (2, *sample.output.shape)
        assert "gated" in network_svg(sample)
        assert SPACE.mutate(sample, Random(0)).key != sample.key
    assert any("gated" in str(SPACE.mutate(SPACE.parse("[relu norm]"), Random(seed))) for seed in range(20))


def test_its_rule_and_its_costs_are_kept() -> None:
    """The class alone says where it fits and what it costs: (8, 8) -> (8, 5) with 2 x 9 x 5 weights and 4 x 64 x 5 operations."""
    architecture = SPACE.parse("[gated(d=5) identity]")
    assert (architecture.output.shape, architecture.parameters, architecture.flops) == ((8, 5), 90, 1280)
    with pytest.raises(ShapeError, match=r"gated\(d=5\) needs a feature in Col mode"):
        EinSpace((3, 8, 8), grammar=GATED).parse("[gated(d=5) identity]")
    with pytest.raises(NotationError, match="unknown operation"):
        EinSpace((8, 8)).parse("[gated(d=5) identity]")


def test_one_step_of_training_moves_its_weights() -> None:
    """Gradients reach the layer that the class builds."""
    network = build(SPACE.parse("[gated(d=8) relu]"))
    before = [parameter.detach().clone() for parameter in network.parameters()]
    optimiser = torch.optim.SGD(network.parameters(), lr=0.1)
    network(torch.randn(4, 8, 8)).square().sum().backward()
    optimiser.step()
    assert all(not torch.equal(a, b) for a, b in zip(before, network.parameters(), strict=True))


def test_other_productions_are_another_space() -> None:
    """Symbols, probabilities and option sets are free: a chain of linear layers, with two rules of equal length and a single symbol."""
    widths = [Production("L", Linear(d), weight) for d, weight in ((3, 1.0), (5, 1.0), (7, 2.0))]
    rules = (Production("A", ("N",)), Production("N", ("L", "N"), 0.75), Production("N", ("L", "R"), 0.25), Production("R", Relu()))
    chain = Grammar((*rules, *widths), start="A")
    assert chain.spectral_radius() == pytest.approx(0.75)
    space = EinSpace((4, 6), grammar=chain)
    samples = [space.sample(Random(seed)) for seed in range(200)]
    operations = [node for sample in samples for node in str(sample).replace("[", "").replace("]", "").split()]
    assert set(operations) == {"relu", "linear(d=3)", "linear(d=5)", "linear(d=7)"}
    assert operations.count("linear(d=7)") / (len(operations) - 200) == pytest.approx(0.5, abs=0.06)
    assert all(space.parse(str(sample)) == sample for sample in samples)


def test_a_worker_evaluates_it() -> None:
    """The grammar travels to a worker process, which builds and trains the operation as this process does."""
    task = rows_of_digits()
    text = "[gated(d=16) norm]"
    with ProcessExecutor(Work(TaskObjective(task, RECIPE), task.input, GATED), workers=1) as executor:
        there = executor.submit(Request(text, seed=1)).result()
    assert there.outcome is Outcome.OK, there
    assert there.value == evaluate(SPACE.parse(text), task, seed=1, recipe=RECIPE).mean


def test_what_workers_cannot_import_is_refused_at_once() -> None:
    """A class inside of a function cannot be sent, and the error says where to put it."""

    @dataclass(frozen=True)
    class Hidden(Gated):
        name = "hidden"

        def layer(self, inputs: object) -> nn.Module:
            return nn.Identity()

    grammar = Grammar((*einspace_grammar().productions, Production("C", Hidden(1))))
    task = rows_of_digits()
    with pytest.raises(SettingError, match=r"Hidden.*define it at the top of a module"):
        ProcessExecutor(Work(TaskObjective(task, RECIPE), task.input, grammar))


SCRIPT = """
import numpy as np, einspace as es
from dataclasses import dataclass
from torch import nn
from einspace.operations import Computation

@dataclass(frozen=True)
class Bend(Computation):
    name = "bend"
    def layer(self, inputs):
        return nn.Tanh()

if __name__ == "__main__":
    grammar = es.Grammar((*es.sequence_grammar().productions, es.Production("C", Bend(), 60.0)))
    x = np.random.default_rng(0).normal(size=(60, 4, 3))
    task = es.Task.from_arrays(x, np.arange(60) % 2)
    recipe = {"epochs_search": 1, "epochs_final": 1}
    try:
        result = es.search(task, "random", 4, 1, grammar=grammar, limits=es.Limits(operations=30), recipe=recipe, run="bent")
    except es.EinspaceError as error:
        print(type(error).__name__, error)
    else:
        print(dict(result.outcomes), any("bend" in trial.text for trial in result.history), result.best.test is not None)
"""


@pytest.mark.slow
def test_a_class_of_a_script_reaches_the_workers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`__main__` of a script is imported by the workers, so a search over a class that it defines just runs.

    Another process shows the run once it is given the script, whose name need not be one of Python's.
    """
    monkeypatch.chdir(tmp_path)
    script = tmp_path / "scripts" / "my-script.py"
    script.parent.mkdir()
    assert run_as_main(SCRIPT, script) == "{'ok': 4} True True\n"
    calls = [["show", "bent"], ["show", "bent", "--module", "no.py"], ["show", "bent", "--module", "scripts/my-script.py"]]
    said, complained = Forked("tests.cli.alone:run_all", calls).communicate(timeout=200)
    assert said.splitlines()[-1] == "[2, 2, 0]", complained
    assert "import the module my-script first, which has it as Bend" in complained
    assert "the module 'no.py' cannot be imported: there is no such file" in complained


def test_a_class_of_an_interactive_session_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a file there is nothing to import: a clear error before anything is written, and no worker that dies for ever."""
    monkeypatch.chdir(tmp_path)
    said = run_as_main(SCRIPT)
    assert said.startswith("SettingError worker processes cannot import Bend from an interactive session or standard input")
    assert list(tmp_path.iterdir()) == []
