"""A search in which children begin with the weights of their parents, from the call to what is stored, kept and shown."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.study_samples import EVOLUTION, SAMPLED, SMALL, ThreadExecutor, heir, kill_after, score, small_task

from einspace.errors import RunError, SettingError
from einspace.evaluation.outcome import INHERITED, Evaluation, Outcome, Request
from einspace.evaluation.work import Work
from einspace.executors.local import LocalExecutor
from einspace.reporting.result import summary
from einspace.result import Result, load_result
from einspace.result.words import inherited
from einspace.study import heirs, search
from einspace.trial import Trial

TRIALS = 16


def run(folder: Path, trials: int = TRIALS, run: str = "test", function: Callable[[Request], Evaluation] = heir, **options: Any) -> Result:
    """A search of one worker, without final trainings unless they are asked for."""
    given = {"workers": 1, "limits": SMALL, "inherit": True, "report": False, "final_seeds": 0, **EVOLUTION, **options}
    executor = given.pop("executor", None) or ThreadExecutor(function)
    return search(small_task(), trials=trials, run=run, runs=folder, executor=executor, **given)


def facts(result: Result) -> list[tuple[Any, ...]]:
    """What two runs have in common that are the same."""
    return [(trial.proposal, trial.value, trial.reason, trial.inherited, trial.reused) for trial in result.history]


def files(result: Result) -> set[int]:
    """The trials whose weights are kept."""
    return {int(file.stem) for file in (result.run / "inherited").iterdir()}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Result:
    return run(tmp_path_factory.mktemp("runs"))


def test_a_child_begins_with_the_weights_of_its_first_parent(whole: Result) -> None:
    """Initial members, and children of those that inherited, begin with fresh ones; a child names the trial whose weights it has."""
    assert [trial.proposal.inherits for trial in whole.history[:4]] == [None] * 4
    children = whole.history[4:]
    assert len(children) == TRIALS - 4
    for child in children:
        parent = whole.history[child.parents[0]]
        source = None if parent.inherited else parent.number if parent.reused is None else parent.reused
        assert child.proposal.inherits == source
        assert child.inherited == (source is not None)
    assert {child.inherited for child in children} == {True, False}
    assert facts(load_result("test", str(whole.run.parent))) == facts(whole)


@pytest.mark.slow
@pytest.mark.parametrize("strategy", ["evolution", "pareto"])
def test_a_run_that_goes_on_equals_one_that_was_never_interrupted(tmp_path: Path, strategy: str) -> None:
    """Whatever trials it ended after, since the weights that it needs are still there, in a population too that members come back to."""
    options: dict[str, Any] = {"strategy": strategy, "population": 3, "tournament": 2}
    uninterrupted = facts(run(tmp_path, run="whole", **options))
    for trials in (5, 8, 13):
        run(tmp_path, trials, run="cut", **options)
    assert facts(run(tmp_path, run="cut", **options)) == uninterrupted


@pytest.mark.processes
@pytest.mark.parametrize("done", [5, 9])
def test_a_killed_run_goes_on_as_if_nothing_had_happened(whole: Result, tmp_path: Path, done: int) -> None:
    """A trial that was being trained begins with the same weights again."""
    kill_after(done, tmp_path, TRIALS, delay=0.05, function="heir", inherit=True)
    assert facts(run(tmp_path, run="killed")) == facts(whole)


@pytest.mark.slow
def test_only_weights_that_a_child_may_begin_with_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of the members as of the last proposal, what the latest began with, and the last trial's; beyond the bound the oldest go."""
    result = run(tmp_path, population=3, tournament=2, elite=0)
    possible = [trial for trial in result.history[-4:] if not trial.inherited]
    latest = [trial.proposal.inherits for trial in result.history[:-1] if trial.reused is None][-1]
    assert files(result) == {trial.number if trial.reused is None else trial.reused for trial in possible} | ({latest} - {None})
    sizes = [len(trial.text) for trial in result.history]  # a text is what the executor of these tests writes
    monkeypatch.setattr(heirs, "MOST", sorted(sizes)[TRIALS // 2])
    bounded = run(tmp_path, run="bounded")
    left = sum(file.stat().st_size for file in (bounded.run / "inherited").iterdir())
    assert left <= heirs.MOST + 2 * max(len(trial.text) for trial in bounded.history)
    fresh = [trial for trial in bounded.history[4:] if trial.proposal.inherits is None]
    assert fresh
    assert not any(trial.inherited for trial in fresh)
    run(tmp_path, 9, run="cut")
    assert facts(run(tmp_path, run="cut")) == facts(bounded)


def test_what_the_latest_trial_began_with_is_there_until_the_next_is_proposed(tmp_path: Path) -> None:
    """Its end is stored after that: where a kill comes in between, it is trained again and needs the weights that it began with."""
    latest: list[str] = []

    class Looking(ThreadExecutor):
        def submit(self, request: Request, watch: Any = None) -> Any:
            assert all(Path(path).is_file() for path in latest)
            latest[:] = filter(None, [request.inherits])
            began.extend(latest)
            return super().submit(request, watch)

    began: list[str] = []
    result = run(tmp_path, executor=Looking(heir), population=2, tournament=1, elite=0)
    assert len(began) > 3
    assert len(files(result)) < len({trial.number for trial in result.history if not trial.inherited})


def test_weights_that_are_gone_leave_fresh_ones(tmp_path: Path) -> None:
    """Those that could not be written, or were deleted: the child is proposed from fresh weights, and is trained for all epochs."""

    class Full(ThreadExecutor):
        def submit(self, request: Request, watch: Any = None) -> Any:
            return super().submit(replace(request, keep=None), watch)

    result = run(tmp_path, executor=Full(heir))
    assert {trial.proposal.inherits for trial in result.history} == {None}
    assert (result.inheritance, inherited(result)) == (None, "")


def test_who_inherited_differently_is_trained_for_itself() -> None:
    """Two trials are twins if they begin with the same weights; what is trained from fresh weights has one identity."""
    known = {"text": "relu", "key": "key", "costs": {"parameters": 1}, "origin": "mutation"}
    one, two, fresh = (Trial.from_json({"number": 5, "proposal": known | more}) for more in ({"inherits": 1}, {"inherits": 2}, {}))
    assert len({one.identity, two.identity, fresh.identity}) == 3
    assert one.proposal.identity == fresh.proposal.identity
    assert "inherits" not in fresh.to_json()["proposal"]
    assert [Trial.from_json(trial.to_json()) for trial in (one, fresh)] == [one, fresh]


@pytest.mark.slow
def test_race_and_final_trainings_begin_with_fresh_weights(tmp_path: Path) -> None:
    """The search says how many trials inherited, and how well their scores order those of the race."""
    executor = ThreadExecutor(heir)
    result = run(tmp_path, 30, executor=executor, race=True, final_seeds=1)
    others = [trial for trial in result.others if trial.phase != "search"]
    assert {trial.phase for trial in others} >= {"race", "final"}
    assert {trial.proposal.inherits for trial in others} == {None}
    again = executor.requests[30:]
    assert len(again) == len(others)
    assert {request.inherits for request in again} == {None}
    found = result.inheritance
    assert found is not None
    count = sum(trial.inherited for trial in result.history)
    assert found.trials == count > 8
    assert found.pairs >= 1
    assert result.to_json()["inheritance"] == {"trials": count, "pairs": found.pairs, "tau": found.tau}
    assert inherited(result) in summary(result)
    assert f"{count} of 30 trials began with weights of a parent" in result.report(tmp_path / "report.html").read_text()


def test_a_run_is_not_continued_with_another_choice(tmp_path: Path) -> None:
    """It is a setting of the run, off unless it is asked for."""
    assert json.loads((run(tmp_path, 2).run / "run.json").read_text())["inherit"] is True
    assert run(tmp_path, 2, run="off", inherit=False).settings["inherit"] is False
    with pytest.raises(RunError, match="inherit: false there, true here"):
        run(tmp_path, 3, run="off")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"protocol": "paper"}, "inherit is not for the protocol 'paper', by which every trial is trained from fresh weights"),
        (SAMPLED, "inherit is for strategies whose proposals have parents, and those of RandomSearch have none"),
        ({"pruner": "median"}, "inherit takes no pruner, .*'median'"),
        ({"inherit": 1}, "inherit must be True or False, not 1"),
    ],
)
def test_what_inherits_nothing_is_refused_in_one_line(tmp_path: Path, options: dict[str, Any], said: str) -> None:
    """The paper's protocol, strategies without parents, and a pruner, which would compare epochs."""
    with pytest.raises(SettingError, match=said):
        run(tmp_path, **options)
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_a_trained_child_has_half_of_the_epochs(tmp_path: Path) -> None:
    """In workers that train: the share that it inherited is stored, and it leaves none, for its own children begin with fresh weights."""

    def local(work: Work, workers: int, limit: float | None) -> LocalExecutor:
        return LocalExecutor(work)

    result = run(tmp_path, 10, executor=local, recipe={"epochs_search": 4}, race=True)
    assert {len(trial.losses) for trial in result.history if trial.value is not None and not trial.inherited} == {4}
    children = [trial for trial in result.history if trial.inherited]
    assert len(children) >= 4
    for child in children:
        assert child.evaluation is not None
        assert len(child.losses) == 2
        assert 0 < child.evaluation.extra[INHERITED] <= 1
        assert child.reason == ""
    assert {len(trial.losses) for trial in result.others if trial.phase == "race"} == {4}
    cut = run(tmp_path, 7, run="cut", executor=local, recipe={"epochs_search": 4})
    assert [trial.value for trial in cut.history] == [trial.value for trial in result.history[:7]]
    again = run(tmp_path, 10, run="cut", executor=local, recipe={"epochs_search": 4})
    assert [trial.losses for trial in again.history] == [trial.losses for trial in result.history]


def test_a_failed_parent_has_no_heirs(tmp_path: Path) -> None:
    """Where most trials fail, children still descend from those that did not."""

    def often_bad(request: Request) -> Evaluation:
        return Evaluation(Outcome.NAN, reason="nan") if score(request.text) < 0.4 else heir(request)

    result = run(tmp_path, function=often_bad)
    for trial in result.history:
        assert trial.proposal.inherits is None or result.history[trial.proposal.inherits].value is not None
    assert result.inheritance is not None
