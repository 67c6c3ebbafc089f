"""What one takes away of a run is what its verdict recommends, everywhere, and a line says which network that is."""

import json
import logging
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.commands import Done, call
from tests.result.raced import WORDS, X, raced
from tests.study.race_samples import RESNET, phases

import einspace.sklearn
from einspace.errors import EinspaceError, RunError, SettingError
from einspace.racing.verdict import Word
from einspace.result import Result, load_result
from einspace.result.report.commands import next_commands
from einspace.sklearn import NetworkClassifier
from einspace.trial import FINAL

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def worse(tmp_path_factory: pytest.TempPathFactory) -> Result:
    """A run whose winner is worse than the baseline."""
    return raced(tmp_path_factory.mktemp("worse"), 0.9)


@pytest.fixture(scope="module")
def better(tmp_path_factory: pytest.TempPathFactory) -> Result:
    """A run whose winner is better than the baseline, with two final seeds."""
    return raced(tmp_path_factory.mktemp("better"), 0.1, final_seeds=2)


def predicted(result: Result, folder: Path, *words: str) -> tuple[Done, list[str]]:
    """What `einspace predict` says, and its predictions."""
    np.save(folder / "x.npy", X)
    done = call("predict", str(result.run), "x.npy", "-o", "a.csv", *words, cwd=folder)
    return done, [line.split(",")[1] for line in (folder / "a.csv").read_text().splitlines()[1:]]


def card(result: Result, folder: Path, *words: str) -> tuple[Done, str]:
    """What `einspace export` says, and the model card that it writes."""
    done = call("export", str(result.run), "--format", "safetensors", "-o", "network.safetensors", *words, cwd=folder)
    assert done.returncode == 0, done.stderr
    return done, (folder / "network.safetensors.md").read_text()


def test_a_baseline_that_the_verdict_recommends_is_what_python_gets(worse: Result, caplog: pytest.LogCaptureFixture) -> None:
    """Its weights are kept beside the winner's, `best` stays the winner, and one warning says which network it is, and why."""
    result = load_result("mine", str(worse.run.parent))
    assert result.best is not None
    assert result.recommended is not None
    assert (result.recommended.name, result.recommended.text, result.best.name) == (
        "resnet8",
        RESNET,
        result.verdict and result.verdict.winner,
    )
    assert set(result.weights) == {row.proposal.stem for row in (result.best, result.recommended) if row.proposal is not None}
    with caplog.at_level(logging.WARNING, "einspace"):
        predictor = result.predictor()
    assert predictor.about.text == RESNET
    assert predictor.score(X[32:], WORDS[32:]) == result.recommended.test
    (record,) = caplog.records
    assert record.getMessage() == (
        f"The network is the baseline resnet8, since the best of the search, {result.best.name}, is worse: "
        f"result.predictor(trial={result.best.trial}) gives the other"
    )
    caplog.clear()
    other = result.predictor(result.best.trial)
    assert (other.about.text, other.about.test) == (result.best.text, result.best.test)
    assert result.predictor(baseline="resnet8").about.text == RESNET
    assert caplog.records == []


def test_the_command_line_takes_the_recommended_baseline_and_says_so(worse: Result, tmp_path: Path) -> None:
    """`predict` and `export` alike, on standard error alone; `--trial` and `--baseline` take what they name and say nothing."""
    assert worse.best is not None
    said = (
        f"The network is the baseline resnet8, since the best of the search, {worse.best.name}, is worse: --trial {worse.best.trial} takes"
    )
    done, found = predicted(worse, tmp_path, "--json")
    assert said in done.stderr
    assert json.loads(done.stdout)["key"] == worse.recommended.key  # type: ignore[union-attr]
    assert found == worse.predictor(baseline="resnet8").predict(X).tolist()
    for words, text in ((["--trial", str(worse.best.trial)], worse.best.text), (["--baseline", "resnet8"], RESNET)):
        done, found = predicted(worse, tmp_path, *words)
        assert "The network is" not in done.stderr
        done = call("export", str(worse.run), "--format", "safetensors", "-o", "a.safetensors", *words, "--json", cwd=tmp_path)
        assert "The network is" not in done.stderr
        report = json.loads(done.stdout)
        assert (report["architecture"], report["fresh_weights"]) == (text, False)
    done, written = card(worse, tmp_path)
    assert said in done.stderr
    assert written.splitlines()[2] == "# The baseline resnet8 for bright"


def test_what_is_recommended_is_what_is_shown(worse: Result, tmp_path: Path) -> None:
    """The outline is that of the baseline, as a prediction would be; --trial and --baseline show others, and an architecture has none."""
    best = worse.best
    assert best is not None
    done = call("show", str(worse.run), cwd=tmp_path)
    assert RESNET in done.stdout
    assert f"--trial {best.trial} takes the other" in done.stderr
    mine = call("show", str(worse.run), "--trial", str(best.trial), cwd=tmp_path)
    assert (best.text in mine.stdout, mine.stderr) == (True, "")
    assert RESNET in call("show", str(worse.run), "--baseline", "resnet8", cwd=tmp_path).stdout
    refused = call("show", "resnet8", "--baseline", "resnet8", cwd=tmp_path)
    assert (refused.returncode, "--baseline resnet8 needs a run" in refused.stderr) == (2, True)


def test_the_card_of_a_recommended_baseline_states_verdict_scores_and_seed(worse: Result, tmp_path: Path) -> None:
    """The winner of the race has a row too, and the card of the winner says that another network is recommended."""
    _, written = card(worse, tmp_path)
    assert worse.verdict is not None
    assert worse.best is not None
    assert worse.recommended is not None
    assert f"{worse.verdict.sentence} Each was trained again 3 times for" in written
    assert "The verdict recommends this network." in written
    assert "The score on test is that of one final training, from seed 0." in written
    rows = [line for line in written.splitlines() if line.startswith("| ") and ("this network" in line or "winner" in line)]
    assert rows == [
        f"| {name} | {row.validation:.4f} | {row.means['race']:.4f} | {row.means['decision']:.4f} | {row.test:.4f} |"
        for name, row in (("resnet8, this network", worse.recommended), (f"{worse.best.name}, the winner of the race", worse.best))
    ]
    _, written = card(worse, tmp_path, "--trial", str(worse.best.trial))
    assert written.splitlines()[2] == f"# {worse.best.name.capitalize()} for bright"
    assert "The verdict recommends resnet8, not this network." in written


def test_a_winner_that_is_better_is_taken(better: Result, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Python says nothing, the command line says why; only its weights are kept, and the card has both seeds."""
    best = better.best
    assert better.recommended == best
    assert best is not None
    with caplog.at_level(logging.WARNING, "einspace"):
        assert better.predictor().about.text == best.text
    assert caplog.records == []
    assert list(better.weights) == [best.proposal.stem if best.proposal else ""]
    better = replace(better, settings={**better.settings, "path": "pumps.npz"})
    commands = [command for _, command in next_commands(better)]
    assert [command.split()[1] for command in commands] == ["predict", "export", "show", "search"]
    (tmp_path / "bare").mkdir()
    shutil.copy(better.run / "config.yaml", tmp_path / "bare")
    assert next_commands(replace(better, run=tmp_path / "bare"))[0][1].endswith("--final-seeds 1")
    done, written = card(better, tmp_path)
    assert f"The network is that of {best.name}, which is better than the best baseline, resnet8: --baseline resnet8 takes" in done.stderr
    assert better.verdict is not None
    assert better.verdict.sentence in written
    assert "mean and standard deviation over final trainings from the seeds 0, 1. The files hold the weights of the first one." in written
    assert f"| {best.test:.4f} ± {best.over_seeds.deviation:.4f} |" in written
    with pytest.raises(
        RunError, match=r"did not keep the weights of the network of resnet8: .*so does the same search with --keep-weights all"
    ):
        better.predictor(baseline="resnet8")


def test_an_export_without_weights_says_what_makes_them(better: Result, tmp_path: Path) -> None:
    """The same search makes those of a baseline, and a call in Python those of any trial; the final trainings alone make neither."""
    other = next(trial for trial in better.history if trial.value is not None and better.entrant(trial.proposal) is None)
    for words, said in (
        (("--baseline", "resnet8"), "so does the same search with --keep-weights all; --untrained writes fresh ones"),
        (("--trial", str(other.number)), f"result.predictor(trial={other.number}, task=task) trains it as a final training does"),
    ):
        done = call("export", str(better.run), "--format", "safetensors", "-o", "a.safetensors", *words, cwd=tmp_path)
        assert done.returncode == 2
        assert said in done.stderr
        assert ("--keep-weights" in done.stderr) == ("--baseline" in words)


def test_without_a_race_the_best_by_validation_is_taken(tmp_path: Path) -> None:
    """Nothing is said of a choice that nobody made, and the card says that there is no verdict and why."""
    result = raced(tmp_path, 0.9, trials=2, race=False)
    assert result.verdict is None
    assert result.recommended is result.best is not None
    done, written = card(result, tmp_path)
    assert "The network is" not in done.stderr
    assert f"# {result.best.name.capitalize()} for bright" in written
    assert "There is no verdict: there was no race. On validation the best found does not beat the best baseline, resnet8: 0." in written
    assert "|  | validation | test |" in written
    assert f"| {result.best.name}, this network | {result.best.validation:.4f} | {result.best.test:.4f} |" in written


@pytest.mark.parametrize(
    ("word", "recommended", "said"),
    [
        (
            "not distinguishable",
            "trial 7",
            "The network is that of trial 7, which is smaller than the best baseline, resnet8, and not dist",
        ),
        ("not distinguishable", "resnet8", "since the best of the search, trial 7, is not distinguishable from it, and not smaller"),
    ],
)
def test_of_equals_the_smaller_one_is_taken(word: Word, recommended: str, said: str, worse: Result) -> None:
    """The line says that it is the size that decides."""
    assert worse.verdict is not None
    verdict = replace(worse.verdict, word=word, winner="trial 7", recommended=recommended)
    result = replace(worse, verdict=verdict)
    assert said in verdict.reason
    assert (result.recommended is result.best) == (recommended == "trial 7")


def test_what_is_recommended_is_trained_for_test_first(worse: Result, better: Result) -> None:
    """So that a budget that ends before the last training still leaves a network to take away."""
    assert worse.best is not None
    assert better.best is not None
    assert [text for text, _ in phases(worse, FINAL)] == [RESNET, worse.best.text]
    assert [text for text, _ in phases(better, FINAL)] == [better.best.text, RESNET] * 2


@pytest.mark.parametrize(
    ("trial", "baseline", "error", "message"),
    [
        (0, "resnet8", SettingError, "take either a trial or a baseline, not both: 0 and 'resnet8'"),
        (None, "resnet9", EinspaceError, "unknown baseline of the run mine 'resnet9': did you mean resnet8"),
        (99, None, RunError, "the run mine has no trial 99: those that have ended are 0 to 9"),
    ],
)
def test_what_cannot_be_taken_is_refused(
    trial: int | None, baseline: str | None, error: type[EinspaceError], message: str, worse: Result
) -> None:
    """One line names it and what there is."""
    with pytest.raises(error, match=message):
        worse.trained(trial, baseline)


@pytest.mark.filterwarnings("ignore:only .* samples in valid")
def test_the_estimator_predicts_with_what_is_recommended(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """After a search whose verdict is for an initial member, the estimator is that member, without advice about a result."""
    results = []

    def searched(*args: Any, **options: Any) -> Result:
        found = einspace.study.search(*args, **options)
        results.append(found)
        return found

    monkeypatch.setattr(einspace.sklearn, "search", searched)
    monkeypatch.setattr("einspace.racing.contest.word_of", lambda difference, error: "worse")
    recipe = {"epochs_search": 1, "epochs_final": 1}
    estimator = NetworkClassifier(budget=None, trials=10, init="mixer-tiny", recipe=recipe, workers=0, random_state=0, axes="NHW")
    with caplog.at_level(logging.WARNING, "einspace"):
        estimator.fit(X[:, 0], WORDS)
    assert [record for record in caplog.records if "result.predictor" in record.getMessage()] == []  # nobody has that result
    (result,) = results
    assert result.verdict is not None
    assert result.recommended is not None
    assert result.best is not None
    assert estimator.architecture_ == estimator.predictor_.about.text == result.recommended.text != result.best.text
    assert estimator.validation_score_ == result.recommended.validation
