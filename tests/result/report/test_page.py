"""The report of a run: complete, self-contained, and with everything of others escaped."""

import json
import re
import shutil
from base64 import b64decode
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any
from zlib import decompress

import plotly.graph_objects as go
import pytest
from plotly.offline import get_plotlyjs
from tests.result_samples import HOSTILE, searched
from tests.study_samples import SMALL

from einspace.errors import RunError
from einspace.evaluation.outcome import Evaluation, Outcome, Seconds
from einspace.racing.verdict import Verdict
from einspace.result import Result, load_result
from einspace.result.report import Album, content, is_page_of, page
from einspace.result.report.charts import best_baseline
from einspace.result.report.commands import further_commands, next_commands
from einspace.result.report.family import Step, family
from einspace.result.report.operations import shares
from einspace.result.report.summary import lead, tried
from einspace.result.report.workers import workers
from einspace.result.words import compared
from einspace.space import EinSpace
from einspace.strategies import RegularisedEvolution
from einspace.trial import DECISION, FINAL, RACE, Trial

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> Result:
    """A run of 16 trials, some of which fail."""
    return searched(tmp_path_factory.mktemp("runs"), report=False)


@pytest.fixture(scope="module")
def html(result: Result) -> str:
    return page(result)


def data(html: str, name: str) -> dict[str, Any]:
    """One of the two blocks of data in a page."""
    (block,) = re.findall(rf'<script type="application/json" id="{name}">(.*?)</script>', html, re.DOTALL)
    found: dict[str, Any] = json.loads(block)
    return found


def unpacked(letters: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(decompress(b64decode(letters)))
    return found


def test_the_page_has_every_trial_with_its_picture_reason_and_traceback(result: Result, html: str) -> None:
    """Details of each trial are there by number, and a failure says why."""
    details = {number: unpacked(letters) for number, letters in data(html, "details").items()}
    assert set(details) == {str(trial.number) for trial in result.history}
    failed = [trial for trial in result.history if trial.value is None]
    assert failed
    for trial in result.history:
        assert details[str(trial.number)]["text"] == trial.text
        assert details[str(trial.number)]["network"].startswith("<svg ")
    assert all(HOSTILE in details[str(trial.number)]["traceback"] for trial in failed)
    assert len(html) - len(get_plotlyjs()) < 3_000_000


def test_what_others_wrote_is_no_markup(result: Result, html: str) -> None:
    """A task, a run, a baseline and a message that look like HTML stay text, and the policy of the page lets no other script run."""
    assert HOSTILE not in html
    assert html.count("<script") == get_plotlyjs().count("<script") + 4
    baselines = tuple(replace(row, name=HOSTILE) for row in result.baselines)
    settings = {**result.settings, "task": HOSTILE, "published": {HOSTILE: 0.5}}
    hostile = content(replace(result, settings=settings, baselines=baselines, run=Path("runs") / HOSTILE))
    assert "<img" not in hostile
    assert "<img" not in json.dumps(data(hostile, "charts"))
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="(.*?)"', html)
    (scripts,) = re.findall(r"script-src ([^;]*)", unescape(policy))
    assert all(source.startswith("'sha256-") for source in scripts.split())


def test_the_first_lines_say_what_was_found(result: Result, html: str) -> None:
    """The headline compares the best with the best baseline; the lead names the trials, the best, its scores and the direction."""
    (headline,) = re.findall(r'<p class="headline">(.*?)</p>', html)
    (lead,) = re.findall(r'<p class="lead">(.*?)</p>', html)
    best, rival = result.best, best_baseline(result)
    assert best is not None
    assert best.test is not None
    assert rival is not None
    for fact in (
        "16 architectures (trials)",
        "1 baseline (a network that people designed)",
        best.name,
        f"{best.validation:.4f} on validation",
        f"{best.test:.4f} on test",
        "higher is better",
        "These are test scores of single trainings: how much of their difference is chance is not known.",
    ):
        assert fact in lead
    assert f"the best baseline, {rival.name}: " in headline


def test_a_verdict_comes_first(result: Result) -> None:
    """It is the headline; where it finds no difference no other sentence claims one, and the table says who was what in the race."""
    best = result.best
    assert best is not None
    raced = replace(best, race=(0.5, 0.6), decision=(0.7, 0.8))
    rival = replace(next(row for row in result.baselines if row.proposal is not None), race=(0.5, 0.5), decision=(0.75, 0.7))
    sentence = f"Not distinguishable: {best.name} and {rival.name}, the best baseline, differ by 0.0250 ± 0.0500 accuracy."
    numbers, names = (0.025, 0.05, 0.04), (best.name, rival.name, best.name)
    verdict = Verdict("not distinguishable", *numbers, *names, 2, (0.75, 0.725), sentence, "Each was trained again.")
    html = content(replace(result, best=raced, baselines=(rival,), finalists=(raced, rival), verdict=verdict, won=True))
    assert f'<p class="headline">{sentence}</p>' in html
    assert "the best found beats" not in html
    assert '<p class="evidence">Each was trained again. Training one network again changes its score by 0.0400 (stan' in html
    assert "accuracy, trained again</span><strong>0.7500" in html
    assert f"<strong>not distinguishable</strong><small>0.0250 ± 0.0500 apart from {rival.name}</small>" in html
    assert "These are test scores of single trainings: rely on the comparison above." in html
    assert "recommended: it is the smaller of" in html
    rows = re.findall(r'<tr(?: class="best")?><th scope="row">(.*?)</th>.*?<td>([^<]*)</td></tr>', html)
    assert dict(rows)[best.name] == "winner, after the best were trained again"
    assert dict(rows)[rival.name] == "baseline of the verdict"
    assert html.count("<figcaption>") == 2


def test_a_page_without_final_trainings_has_no_column_for_them(result: Result, tmp_path: Path) -> None:
    """It says that there are no test scores, names no phase that did not run, and offers the final training that a prediction needs."""
    bare = [None if row is None else replace(row, finals=(None,)) for row in (result.best, *result.baselines)]
    searched = [trial for trial in result.others if trial.phase not in (RACE, DECISION, FINAL)]
    settings = {**result.settings, "published": {}, "task": "digits"}
    others = tuple(row for row in bare[1:] if row)
    (run := tmp_path / result.run.name).mkdir()
    shutil.copy(result.run / "config.yaml", run)
    html = content(replace(result, run=run, best=bare[0], baselines=others, others=tuple(searched), settings=settings))
    assert "No scores on test: no final training has ended with one." in html
    assert '<th scope="col" class="n">test</th>' not in html
    assert '<th scope="col" class="n">validation, in the search</th>' in html
    assert re.search(r"<span>time</span><strong>[^<]*</strong><small>[^<]* of search</small>", html)
    assert "--final-seeds 1" in html
    assert '<th scope="col" class="n">test</th>' in content(result)
    assert re.search(r"<small>[^<]* of search, [^<]* of final training</small>", content(result))


def test_the_best_is_said_to_have_the_epochs_that_it_was_trained_for(result: Result) -> None:
    """One that began with weights of its parent was trained for fewer epochs than the recipe has."""
    trained = [(trial, trial.evaluation) for trial in result.history if trial.evaluation is not None]
    settings = {**result.settings, "recipe": {**result.settings["recipe"], "epochs_search": 8}}
    history = tuple(replace(trial, evaluation=replace(evaluation, losses=(1.0,) * 4)) for trial, evaluation in trained)
    assert "on validation after 4 epochs," in " ".join(lead(replace(result, settings=settings, history=history)))


def test_the_trials_are_counted_by_what_they_are(result: Result) -> None:
    """Baselines and samples among them are no new networks."""
    named = next(row.proposal for row in result.baselines if row.proposal is not None)
    first, second, *others = [replace(trial, proposal=replace(trial.proposal, parents=(0,))) for trial in result.history]
    history = (
        replace(first, proposal=named),
        replace(second, proposal=replace(second.proposal, origin="seed random", parents=())),
        *others,
    )
    said = tried(replace(result, history=history))
    assert said == "16 architectures (trials): 1 baseline (a network that people designed), 1 random sample, 14 new networks"


def test_the_gap_of_the_search_is_not_passed_for_the_finding(result: Result) -> None:
    """Where a sentence repeats the scores of the search, it says that the best of many was picked."""
    rival = best_baseline(result)
    assert result.best is not None
    assert rival is not None
    ahead = replace(result, best=replace(result.best, validation=0.9), baselines=(replace(rival, validation=0.5),))
    assert compared(ahead, "validation").endswith("0.9000 against 0.5000; that gap flatters it, because the best of many is picked.")
    behind = replace(ahead, best=replace(result.best, validation=0.4))
    assert "flatters" not in compared(behind, "validation")


def test_a_best_that_is_a_baseline_is_compared_with_nothing(result: Result) -> None:
    """It does not equal the best baseline, and has no multiple of its parameters: it is that baseline."""
    rival = best_baseline(result)
    assert rival is not None
    html = content(replace(result, best=rival, finalists=(), verdict=None))
    assert f'<p class="headline">On test nothing is better than the best baseline, {rival.name}: {rival.test:.4f}.</p>' in html
    assert re.search(r"<span>parameters of the best</span><strong>[^<]*</strong><small></small>", html)
    assert "<figcaption>" not in html


def test_the_charts_are_figures_of_plotly_s_with_the_scores(result: Result, html: str) -> None:
    """Each chart is a valid figure; a point is a trial with its score, the line is the best so far."""
    charts = data(html, "charts")
    assert {"by-trial", "by-time", "losses", "test", "pareto-parameters", "pareto-flops", "operations", "workers"} <= set(charts)
    for chart in charts.values():
        go.Figure(chart)
    points, best, *_ = charts["by-trial"]["data"]
    scored = {trial.number: trial.value for trial in result.history if trial.value is not None}
    assert dict(zip(points["customdata"], points["y"], strict=True)) == scored
    assert best["y"][-1] == max(scored.values())
    assert best["y"] == sorted(best["y"])


def test_each_worker_has_a_lane(result: Result) -> None:
    """In the order of their numbers; a worker that two programs have has a lane for each, and workers that are not known come last."""

    def ran(number: int, worker: int | None, start: float) -> Trial:
        evaluation = Evaluation(Outcome.OK, 0.5, seconds=Seconds(0.1, 0.7, 0.2), worker=worker)
        return replace(result.history[0], number=number, evaluation=evaluation, reused=None, started=start, ended=start + 1)

    runs = [ran(0, 2, 100.0), ran(1, 1, 100.0), ran(2, 1, 101.0), ran(3, 1, 101.5), ran(4, None, 102.0)]
    chart = workers(replace(result, history=tuple(runs), others=()))
    assert chart is not None
    assert list(chart.data[0].y) == ["worker 2", "worker 1", "worker 1", "worker 1 of program 2", "lane 1"]
    assert list(chart.layout.yaxis.categoryarray) == ["worker 1", "worker 1 of program 2", "worker 2", "lane 1"]
    assert [bar.x[0] * 60 for bar in chart.data] == pytest.approx([0.1, 0.7, 0.2])


def test_the_family_leads_from_a_seed_to_the_best_with_what_was_replaced(tmp_path: Path) -> None:
    """Each step's parents come before it, and its subtree in the parent's place gives the child."""
    result = searched(tmp_path, trials=40, init="resnet8", population=4, edits=0.0, recipe_changes=0.0)
    steps = family(result)
    assert result.best is not None
    assert steps[-1].trial.number == result.best.trial
    assert steps[0].trial.parents == ()
    known: set[int] = set()
    for step in steps:
        assert set(step.trial.parents) <= known
        known.add(step.trial.number)
    mutants = [step for step in steps if step.trial.origin == "mutation"]
    assert mutants
    for step in mutants:
        parent = next(trial for trial in result.history if trial.number == step.trial.parents[0])
        assert step.before != step.after
        assert step.before.strip("…") in parent.text
        assert step.after.strip("…") in step.trial.text


def test_the_family_has_edits_with_their_places_and_changes_of_the_recipe(tmp_path: Path) -> None:
    """A step says in two words what was edited, shows the subtree around it, and the changes of recipe and head where they moved."""
    space = EinSpace((1, 8, 8), limits=SMALL)
    choices = {"dropout": ((0.0, 0.1, 0.25), 0.0)}
    strategy = RegularisedEvolution(space, 4, 4, ("resnet8",), edits=1.0, recipe_changes=0.5, choices=choices)
    result = searched(tmp_path, trials=30, strategy=strategy, init=(), population=None, tournament=None)
    by_number = {trial.number: trial for trial in result.history}
    best = replace(result.best, trial=max(trial.number for trial in result.history if trial.fitness is not None)) if result.best else None
    steps = family(replace(result, best=best))
    assert len(steps) > 2
    for step in steps[1:]:
        parent = by_number[step.trial.parents[0]]
        assert bool(step.recipe) == (step.trial.proposal.changes != parent.proposal.changes) == step.trial.origin.endswith("recipe")
        if step.trial.origin != "recipe":
            place = step.trial.proposal.place
            assert place is not None
            assert (
                space.parse(step.trial.text).node.replace(place, space.parse(parent.text).node.at(place)) == space.parse(parent.text).node
            )
            assert step.after.strip("…") in step.trial.text
    assert "changes of recipe and head" in page(replace(result, best=best))


def test_a_long_subtree_is_shown_from_where_it_changed(result: Result) -> None:
    """What stands before the first difference says nothing, and it would fill the line."""
    common = " ".join(["[relu"] * 60)
    old, new = (f"{common} {word}{']' * 60}" for word in ("norm", "softmax"))
    parent, child = (
        replace(result.history[0], number=i, proposal=replace(result.history[0].proposal, text=text, parents=parents, place=place))
        for i, text, parents, place in ((0, old, (), None), (1, new, (0,), ()))
    )
    step = Step(child, parent)
    assert step.before == f"… [relu [relu [relu norm{']' * 60}"
    assert step.after == f"… [relu [relu [relu softmax{']' * 60}"


def test_the_replaced_subtree_of_a_series_is_shown(result: Result) -> None:
    """Its grammar has operations that the paper's has not, and both texts were empty."""
    parent, child = (
        replace(result.history[0], number=i, proposal=replace(result.history[0].proposal, text=text, parents=parents, place=place))
        for i, text, parents, place in (
            (0, "[[window(k=3,s=1,p=1) linear(d=16) permute(o=(2,1))] relu]", (), None),
            (1, "[[window(k=5,s=1,p=2) linear(d=16) permute(o=(2,1))] relu]", (0,), (0,)),
        )
    )
    step = Step(child, parent)
    assert "window(k=3,s=1,p=1)" in step.before
    assert "window(k=5,s=1,p=2)" in step.after


def test_shares_of_operations_sum_to_one(result: Result) -> None:
    """They are means over architectures of shares of each, of the good and of all."""
    found = shares(result)
    assert sum(share.good for share in found) == pytest.approx(1)
    assert sum(share.all for share in found) == pytest.approx(1)
    assert shares(replace(result, history=result.history[:3])) == []


def test_a_run_without_any_trial_has_a_page(result: Result) -> None:
    """A page that follows a search from its start says that there is nothing yet."""
    empty = replace(result, history=(), others=(), best=None, baselines=())
    html = page(empty)
    assert "None has a score yet." in html
    assert data(html, "details") == {}


def test_a_text_of_another_grammar_is_shown_without_a_picture(result: Result) -> None:
    """A report needs nothing of a grammar that it does not have."""
    assert Album((3, 8, 8)).network("[conv1d(k=3) relu]") == ""
    first = result.history[0]
    strange = replace(first, proposal=replace(first.proposal, text="[conv1d(k=3) relu]"))
    details = data(content(replace(result, history=(strange, *result.history[1:]))), "details")
    assert unpacked(details["0"])["network"] == ""


def test_a_page_in_a_hurry_leaves_out_pictures_and_does_not_pass_for_a_whole_one(result: Result, tmp_path: Path) -> None:
    """What cannot be drawn in time says how it can be; the same run gives the whole page later."""
    shape = tuple(result.settings["input"])
    (tmp_path / "a.html").write_text(page(result, Album(shape, seconds=0)))
    details = data((tmp_path / "a.html").read_text(), "details")
    assert {unpacked(letters)["network"] for letters in details.values()} == {""}
    assert not is_page_of(tmp_path / "a.html", result)
    (tmp_path / "a.html").write_text(page(result, Album(shape)))
    assert is_page_of(tmp_path / "a.html", result)
    assert not is_page_of(tmp_path / "a.html", replace(result, history=result.history[:-1]))
    assert not is_page_of(tmp_path / "missing.html", result)


def test_a_search_leaves_its_report_and_a_result_writes_it_anywhere(result: Result, tmp_path: Path) -> None:
    """`Result.report` gives the path, and a folder that is not there is one line."""
    loaded = load_result("test", str(result.run.parent))
    assert loaded.report(tmp_path / "a.html") == tmp_path / "a.html"
    assert (tmp_path / "a.html").read_text() == page(loaded)
    with pytest.raises(RunError, match=r"the report .*b\.html cannot be written: No such file"):
        loaded.report(tmp_path / "missing" / "b.html")


def test_kept_weights_are_offered_for_prediction(result: Result, tmp_path: Path) -> None:
    """Weights lie under the key with a hash of the changes of recipe and head, where there are any; without them a training is offered."""
    assert result.best is not None
    assert result.best.proposal is not None
    changed = replace(result.best, proposal=replace(result.best.proposal, changes={"batch_size": 16.0}))
    assert changed.proposal is not None
    moved = replace(result, run=tmp_path / result.run.name, best=changed, verdict=None)
    (moved.run / "weights").mkdir(parents=True)
    assert "einspace predict" not in str(next_commands(moved))
    (moved.run / "weights" / f"{changed.proposal.stem}.safetensors").touch()
    offered = str(next_commands(moved))
    assert "einspace predict" in offered
    assert "einspace export" in offered
    assert "--final-seeds" not in offered


def test_a_search_in_python_is_continued_in_python(result: Result) -> None:
    """The command line finds the data of a task with a name of ours or with a path; of another one it would not know what to search."""
    known = replace(result, settings={**result.settings, "task": "digits"})
    assert str([*next_commands(known), *further_commands(known)]).count("einspace search --config") == 2
    own = replace(result, settings={**result.settings, "task": "pumps", "path": None})
    offered = str([*next_commands(own), *further_commands(own)])
    assert "einspace search" not in offered
    assert offered.count("es.search(task, run=") == 1
    assert "einspace search --config" in str(next_commands(replace(own, settings={**own.settings, "path": "/data/pumps.npz"})))


def test_a_result_says_itself_in_a_line(result: Result) -> None:
    """Without a verdict it has a sentence too, and what an interpreter shows of it is not the whole history."""
    assert result.verdict is None
    assert result.sentence == f"There is no verdict: {result.unjudged}."
    assert len(repr(result)) < 300
    assert repr(result).startswith(f"<Result of {result.run.name}: 16 trials, best trial ")


def test_a_baseline_that_nothing_is_above_is_not_compared_with_itself(result: Result) -> None:
    """One sentence says so, and none speaks of chance in a difference between a network and itself."""
    assert result.best is not None
    same = replace(result, baselines=(replace(result.best, name="resnet8"),))
    assert same.is_baseline
    assert "nothing is better than the best baseline, resnet8" in compared(same, "validation")
    assert "chance" not in " ".join(lead(same))
    assert not result.is_baseline
