"""A search with rungs, from the call to what is stored and shown."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import optuna
import pytest
from tests import study_samples
from tests.study_samples import CLIMB, EVOLUTION, SAMPLED, SMALL, Driver, ThreadExecutor, bright_task, climber, kill_after, small_task

from einspace.errors import RunError, SettingError
from einspace.evaluation.objective import TaskObjective
from einspace.evaluation.outcome import Evaluation, Request
from einspace.evaluation.work import Work
from einspace.executors.local import LocalExecutor
from einspace.reporting.result import summary
from einspace.result import Result, load_result
from einspace.result.words import climbed
from einspace.space import EinSpace
from einspace.strategies import History, Strategy
from einspace.strategies.rungs import FEWEST, PAIRS
from einspace.study import search
from einspace.trial import BASELINE, FINAL, RACE, Proposal

RECIPE = replace(study_samples.RECIPE, **CLIMB["recipe"])
TRIALS = 60


def run(folder: Path, trials: int = TRIALS, run: str = "test", function: Callable[[Request], Evaluation] = climber, **more: Any) -> Result:
    """A search of one worker, without final trainings unless they are asked for."""
    fixed = {"workers": 1, "limits": SMALL, "report": False, "final_seeds": 0, **CLIMB}
    given = {**fixed, **EVOLUTION, **more}
    executor = given.pop("executor", None) or ThreadExecutor(function)
    return search(small_task(), trials=trials, run=run, runs=folder, executor=executor, **given)


def facts(result: Result) -> list[tuple[Any, ...]]:
    """What two runs have in common that are the same."""
    return [(trial.proposal, trial.outcome, trial.value, dict(trial.rungs), trial.reason, trial.reused) for trial in result.history]


def check_stops(result: Result) -> None:
    """Each trial was stopped at the first rung whose score it missed, and no other."""
    for trial in result.history:
        if trial.reused is None:
            assert trial.proposal.rungs is not None
            missed = [epoch for epoch, least in trial.proposal.rungs if least is not None and trial.rungs.get(epoch, 1.0) < least]
            assert (trial.outcome == "pruned") == bool(missed)
            assert trial.stopped == (missed[0] if missed else None)
            assert max(trial.rungs) == (trial.stopped or 4)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Result:
    return run(tmp_path_factory.mktemp("runs"))


def test_a_trial_is_stopped_by_what_its_proposal_says(whole: Result) -> None:
    """Initial members are only scored, and nothing is stopped before there are enough peers; then about half is."""
    for trial in whole.history[:4]:
        assert trial.proposal.rungs == ((2, None), (4, None))
    assert [trial.proposal.rungs and trial.proposal.rungs[0][1] for trial in whole.history[:FEWEST]] == [None] * FEWEST
    check_stops(whole)
    assert {trial.stopped for trial in whole.history} == {None, 2, 4}
    assert whole.outcomes["pruned"] < 0.75 * TRIALS
    assert facts(load_result("test", str(whole.run.parent))) == facts(whole)


def test_a_stopped_trial_has_children_and_is_never_best(whole: Result) -> None:
    """Once twenty have gone on from its rung it is a member of the population; what is best has been trained to its end."""
    stopped = {trial.number for trial in whole.history if trial.stopped}
    parents = {child.number: set(child.parents) & stopped for child in whole.history}
    assert any(parents.values())
    for child, found in parents.items():
        ended = [trial for trial in whole.history[:child] if trial.fitness is not None]
        assert not found or len(ended) >= PAIRS
    assert all(whole.history[number].fitness is None for number in stopped)
    assert whole.best is not None
    assert whole.best.validation == max(trial.value for trial in whole.history if trial.value is not None)


@pytest.mark.slow
@pytest.mark.parametrize("strategy", ["evolution", "mutation", "random"])
def test_a_run_that_goes_on_equals_one_that_was_never_interrupted(tmp_path: Path, strategy: str) -> None:
    """Whatever trials it ended after: bounds are stored with proposals, and predictions follow from the trials."""
    options: dict[str, Any] = {**SAMPLED} if strategy == "random" else {"strategy": strategy}
    uninterrupted = facts(run(tmp_path, run="whole", **options))
    assert any(outcome == "pruned" for _, outcome, *_ in uninterrupted)
    for trials in (9, 33, 50):
        run(tmp_path, trials, run="cut", **options)
    assert facts(run(tmp_path, run="cut", **options)) == uninterrupted


@pytest.mark.processes
@pytest.mark.parametrize("done", [12, 25])
def test_a_killed_run_goes_on_as_if_nothing_had_happened(whole: Result, tmp_path: Path, done: int) -> None:
    """After SIGKILL in the middle of a trial that may be stopped, the same trials are stopped at the same rungs."""
    kill_after(done, tmp_path, TRIALS, delay=0.05, function="climber", **CLIMB)
    assert facts(run(tmp_path, run="killed")) == facts(whole)


@pytest.mark.processes
def test_a_killed_run_of_many_workers_loses_nothing(tmp_path: Path) -> None:
    """Trials that ran are tried again, and must reach what was stored when they were proposed; each is judged by its own proposal."""
    with Driver(tmp_path, 1000, workers=4, delay=0.2, function="climber", **CLIMB) as process:
        process.wait_for(20)
        process.kill()
    study = optuna.load_study(study_name="einspace", storage=f"sqlite:///{tmp_path}/killed/study.db")
    left = [trial.user_attrs["trial"] for trial in study.trials if trial.state == optuna.trial.TrialState.RUNNING]
    ended = load_result("killed", str(tmp_path)).history
    resumed = run(tmp_path, run="killed", workers=4, executor=ThreadExecutor(climber, workers=4, delay=0.01))
    assert left
    for known in left:
        proposal = resumed.history[known["number"]].proposal
        assert (proposal.text, [list(rung) for rung in proposal.rungs or ()]) == (known["proposal"]["text"], known["proposal"]["rungs"])
    assert len(ended) >= 20
    assert [(trial.outcome, trial.stopped) for trial in ended] == [
        (trial.outcome, trial.stopped) for trial in (resumed.history[trial.number] for trial in ended)
    ]
    assert [trial.number for trial in resumed.history] == list(range(TRIALS))
    assert {trial.outcome for trial in resumed.history} == {"ok", "pruned"}
    check_stops(resumed)


def test_only_the_search_has_rungs(tmp_path: Path) -> None:
    """Baselines beside it have its rate and no rung; race and final trainings are as the recipe says. The result says what was stopped."""
    executor = ThreadExecutor(climber)
    result = run(tmp_path, 40, executor=executor, race=True, final_seeds=1, report=True, init="random*4")
    rungs = {phase: {trial.proposal.rungs for trial in result.others if trial.phase == phase} for phase in (BASELINE, RACE, FINAL)}
    assert rungs == {BASELINE: {()}, RACE: {None}, FINAL: {None}}
    assert [request.rungs is None for request in executor.requests[-len(result.others) + 1 :]] == [True] * (len(result.others) - 1)
    first, second = result.rungs
    assert (first.epoch, second.epoch) == (2, 4)
    assert first.stopped + second.stopped == result.outcomes["pruned"]
    assert second.scored == first.scored - sum(trial.stopped == 2 for trial in result.history if trial.reused is None)
    assert result.to_json()["rungs"][0] == {
        "epoch": 2,
        "scored": first.scored,
        "stopped": first.stopped,
        "ended": first.ended,
        "tau": first.tau,
    }
    assert f"{first.stopped} of 40 trials were stopped after 2 epochs" in climbed(result)
    assert climbed(result) in summary(result)
    assert f"{second.stopped} of 40 trials were stopped after 4 epochs" in result.report(tmp_path / "report.html").read_text()


def test_without_rungs_nothing_is_said_of_them(tmp_path: Path) -> None:
    """Neither in what is stored nor in what is shown, and a run is not continued with another choice."""
    result = run(tmp_path, 6, pruner="none")
    assert (result.rungs, climbed(result), result.to_json()["rungs"]) == ((), "", [])
    assert all("rungs" not in trial.to_json()["proposal"] for trial in result.history)
    with pytest.raises(RunError, match='pruner: null there, "rungs" here'):
        run(tmp_path, 7)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"protocol": "paper"}, "the pruner 'rungs' is not for the protocol 'paper', by which the rate of every trial is a cosine to zero"),
        ({"strategy": "pareto"}, "the pruner 'rungs' is not for the strategy 'pareto': it would stop cheap networks for their score alone"),
        ({**SAMPLED, "strategy": "sampling"}, "the pruner 'rungs' is not for RandomSampling, whose every trial is trained to its end"),
        (
            {"recipe": {"epochs_search": 1}},
            "needs trainings of 2 epochs or more, whose warm-up ends in the first half, not 1 with a warmup of",
        ),
        ({"inherit": True}, "inherit takes no pruner, which would compare epochs of trials that begin otherwise: 'rungs'"),
    ],
)
def test_what_cannot_have_rungs_is_refused(tmp_path: Path, options: dict[str, Any], said: str) -> None:
    """In one line, before anything is trained."""
    with pytest.raises(SettingError, match=said):
        run(tmp_path, 3, **options)


def _constant(architecture: object, context: object) -> float:
    return 0.0


def test_an_objective_has_no_rungs(tmp_path: Path) -> None:
    """It trains as it is written; the pruners of Optuna's go by what it reports."""
    with pytest.raises(SettingError, match="the pruner 'rungs' is for a task: an objective trains as it is written"):
        search(objective=_constant, space=EinSpace((1, 8, 8)), pruner="rungs", trials=3, runs=tmp_path)


class Prepared(Strategy):
    """Proposes what it was given, in its order."""

    def __init__(self, space: EinSpace, texts: Sequence[str]) -> None:
        self.space, self.texts = space, texts

    def propose(self, history: History, rng: Random) -> Proposal:
        return Proposal.of(self.space.parse(self.texts[len(history)]), "prepared")


def test_a_network_that_cannot_learn_is_stopped_at_its_first_rung(tmp_path: Path) -> None:
    """Trained for real: eight that tell bright samples from dark ones, and one that sees a constant, which a ninth peer outlives."""
    task = bright_task()
    learns = ["[relu " * depth + "relu" + "]" * depth for depth in range(1, FEWEST + 2)]
    texts = [*learns[:FEWEST], "[softmax relu]", learns[FEWEST]]
    recipe = replace(RECIPE, batch_size=8)
    executor = LocalExecutor(Work(TaskObjective(task, recipe), task.input))
    given: dict[str, Any] = {"recipe": recipe, "race": False, "report": False, "final_seeds": 0, "workers": 1, "executor": executor}
    strategy = Prepared(EinSpace(task.input), texts)
    result = search(task, strategy, trials=FEWEST + 2, pruner="rungs", runs=tmp_path, **given)
    *peers, constant, last = result.history
    assert [trial.stopped for trial in (*peers, last)] == [None] * (FEWEST + 1), [trial.rungs for trial in result.history]
    assert (constant.stopped, constant.rungs, len(constant.losses)) == (2, {2: 0.5}, 2)
    assert constant.reason == "stopped at the rung after epoch 2 of 8, with 0.5 where 1 was asked"
