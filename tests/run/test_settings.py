"""Facts about the settings of a run: what a strategy of the user's may call its parameters, and what they may hold."""

import json
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from tests.grammar.own_operation import GATED, Gated
from tests.study_samples import SMALL, ThreadExecutor, score, small_task
from torch import nn

from einspace import EinSpace, Grammar, Limits
from einspace.config import OF_A_STRATEGY
from einspace.errors import RunError, SettingError
from einspace.evaluation import Context
from einspace.features import Features
from einspace.result import Result
from einspace.run.settings import OF_A_RUN, check_same, of_strategy
from einspace.space import Architecture
from einspace.strategies import History, RandomSearch, Strategy
from einspace.study import search
from einspace.trial import Proposal

SPACE = EinSpace((1, 8, 8), limits=SMALL)


class BestOf(Strategy):
    """The smallest of several samples, with a parameter that a run calls otherwise."""

    def __init__(self, space: EinSpace, samples: int = 3) -> None:
        self.space, self.samples = space, samples

    def propose(self, history: History, rng: Random) -> Proposal:
        return Proposal.of(min((self.space.sample(rng) for _ in range(self.samples)), key=lambda one: one.parameters), "best")


class Judging(RandomSearch):
    """Keeps whatever it is given, and what stands for a population."""

    def __init__(self, space: EinSpace, judge: Any = None, population: int = 5) -> None:
        super().__init__(space)
        self.judge, self.population = judge, population


def drive(folder: Path, strategy: Any, **options: Any) -> Result:
    given: dict[str, Any] = {"limits": SMALL, "runs": folder, "run": "test", "race": False, "report": False, "workers": 1, "trials": 1}
    return search(small_task(), strategy, executor=ThreadExecutor(), **(given | options))


def by_size(architecture: Architecture, context: Context) -> float:
    """An objective."""
    return score(str(architecture))


def test_a_parameter_with_the_name_of_a_setting_is_refused(tmp_path: Path) -> None:
    """It would take the place of that setting, so that the finished run could not be read; no folder is made."""
    said = r"the strategy .*test_settings:BestOf has a parameter samples, .* a setting of every run"
    for strategy in (BestOf(SPACE), f"{__name__}:BestOf"):
        with pytest.raises(SettingError, match=said) as caught:
            drive(tmp_path, strategy)
        assert len(str(caught.value).splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "kept", [len, lambda good: good, np.zeros(3), Path("texts"), Limits(), {(1, 2): 3}, {7}], ids=lambda kept: type(kept).__name__
)
def test_what_cannot_be_stored_is_refused(tmp_path: Path, kept: Any) -> None:
    """In one line that names class and parameter, before there is a folder or a database."""
    with pytest.raises(SettingError, match=r"the strategy .*:Judging keeps .* as its judge, .* numbers, texts, lists") as caught:
        drive(tmp_path, Judging(SPACE, kept))
    assert len(str(caught.value).splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_what_can_be_stored_is_a_setting(tmp_path: Path) -> None:
    """Numbers of NumPy's too, and a parameter that einspace's own strategies have; the run is read and goes on."""
    result = drive(tmp_path, Judging(SPACE, [np.int64(3), "text", None]))
    assert (result.settings["judge"], result.settings["population"]) == ([3, "text", None], 5)
    assert len(drive(tmp_path, Judging(SPACE, [3, "text", None]), trials=2).history) == 2


def test_a_run_that_has_begun_goes_on_with_a_parameter_that_a_new_one_may_not_have() -> None:
    """Before such names were refused, what the search gives under them stood in the settings, and it still does."""

    class Seeded(RandomSearch):
        def __init__(self, space: EinSpace, seed: int = 0, depth: int = 2) -> None:
            super().__init__(space)
            self.seed, self.depth = seed, depth

    with pytest.raises(SettingError, match="has a parameter seed"):
        of_strategy(Seeded(SPACE))
    assert of_strategy(Seeded(SPACE), continued=True) == {"depth": 2}


class Halved(Gated):
    """Another operation of the same name and options."""

    def layer(self, inputs: Features) -> nn.Module:
        return nn.Sequential(super().layer(inputs), nn.Dropout(0.5))


HALVED = Grammar(
    tuple(replace(rule, expansion=Halved(rule.expansion.d)) if isinstance(rule.expansion, Gated) else rule for rule in GATED.productions)
)


def test_a_run_goes_on_with_the_operations_that_it_was_started_with(tmp_path: Path) -> None:
    """Another class of the same name is another operation: scores of the one were taken for those of the other.

    A run from before this was kept goes on, for nobody knows what its operations were.
    """
    given: dict[str, Any] = {"objective": by_size, "strategy": "random", "workers": 1, "runs": tmp_path, "run": "own", "report": False}
    ours, other = (EinSpace((8, 8), limits=SMALL, grammar=grammar) for grammar in (GATED, HALVED))
    assert ours.grammar.fingerprint == other.grammar.fingerprint
    search(space=ours, trials=1, executor=ThreadExecutor(), **given)
    with pytest.raises(RunError, match=r"own_operations\.gated: .* there, .* here"):
        search(space=other, trials=2, executor=ThreadExecutor(), **given)
    assert len(search(space=ours, trials=2, executor=ThreadExecutor(), **given).history) == 2
    stored = json.loads((tmp_path / "own" / "run.json").read_text())
    older = {name: value for name, value in stored.items() if name != "own_operations"}
    check_same(older, {**stored, "own_operations": {"gated": "0"}}, "own")


def test_all_settings_of_a_run_are_known_by_name(tmp_path: Path) -> None:
    """Those of a task and of an objective, so that no parameter takes the place of one."""
    of_task = drive(tmp_path, "random", compute={"precision": "bf16"}).settings
    of_objective = search(
        objective=by_size, space=SPACE, strategy="random", trials=1, workers=1, executor=ThreadExecutor(), runs=tmp_path, run="own"
    ).settings
    assert (of_task.keys() | of_objective.keys() | {"warm_start", "own_operations"}) == OF_A_RUN
    assert not OF_A_RUN & set(OF_A_STRATEGY)
