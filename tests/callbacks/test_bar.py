"""The progress of a search: lines that change in a terminal, and lines that stay in a log."""

from dataclasses import replace
from io import StringIO
from time import monotonic

import pytest
from rich.console import Console

from einspace.callbacks import AtWork, Bar, Progress
from einspace.evaluation.outcome import Evaluation, Outcome
from einspace.trial import BASELINE, DECISION, FINAL, PHASES, RACE, SEARCH, Costs, Proposal, Trial


def trial(number: int, value: float | None = None, phase: str = SEARCH, parents: tuple[int, ...] = ()) -> Trial:
    """A trial that has ended, with a score or without."""
    outcome = Outcome.OK if value is not None else Outcome.NAN
    return Trial(number, Proposal("relu", "key", Costs(1_500), "sample", parents), phase, evaluation=Evaluation(outcome, value))


def news(done: int, best: float | None, value: float | None, total: int | None = 6, budget: float | None = None) -> Progress:
    """A trial of the search has ended."""
    return Progress(SEARCH, done, total, best, trial(done - 1, value), seconds=12.4, budget=budget)


def shown(*told: Progress, terminal: bool = True) -> str:
    """What stands on a terminal after these news, or in a log."""
    out = StringIO()
    console = Console(file=out, force_terminal=terminal, force_jupyter=False, color_system=None, width=140)
    bar = Bar("search mine", console)
    for each in told:
        bar(each)
    if terminal:
        console.print(bar)
    return out.getvalue()


def test_trials_the_best_its_curve_and_the_failures_are_shown() -> None:
    """Of a search that is bounded by trials, how many have ended."""
    text = shown(news(1, 0.25, 0.25), news(2, 0.5, 0.5), replace(news(3, 0.5, None), failed=1))
    assert "search mine" in text
    assert "3/6" in text
    assert "best 0.5000 ▁██, 1 without a score" in text


def test_the_failures_are_those_of_the_whole_run() -> None:
    """Beside trials and best of the whole run stood the failures that one call, or one of several drivers, had seen itself."""
    assert "40/50 best 0.9000 ▁, 12 without a score" in shown(replace(news(40, 0.9, None, total=50), failed=12))


def test_a_search_that_time_ends_shows_the_time_that_is_left() -> None:
    """And how many trials that were."""
    text = shown(news(3, 0.75, 0.75, total=None, budget=60))
    assert "3 trials, best 0.7500" in text
    assert "48 s left" in text


def test_what_each_worker_is_at_is_a_line() -> None:
    """The trial, where it comes from, the last epoch that is known, and for how long; of very many workers the first ones."""
    running = (AtWork(trial(7, parents=(3,)), monotonic() - 75, 2, 8), AtWork(trial(1, phase=BASELINE), monotonic() - 3))
    text = shown(Progress(SEARCH, 3, 8, 0.5, running=running))
    assert "  trial 7: sample, of trial 3, 1.5 k parameters, epoch 2 of 8 done, for 1 min 15 s\n" in text.replace(" \n", "\n")
    assert "  baseline 1: sample, 1.5 k parameters, for 3.0 s" in text
    assert "and 12 more" in shown(Progress(SEARCH, 3, 8, 0.5, running=10 * running))


def test_each_phase_has_a_line_of_its_own() -> None:
    """The search keeps its name and its numbers while baselines are trained."""
    baseline = Progress(BASELINE, 1, 2, 0.7, trial(0, 0.7, BASELINE))
    text = shown(news(2, 0.5, 0.5), baseline, news(3, 0.5, 0.4), Progress(FINAL, 1, 2, None))
    lines = [line.split("━")[0].strip() for line in text.splitlines() if "━" in line]
    assert lines == ["search mine", PHASES[BASELINE], PHASES[FINAL]]


def test_a_phase_that_only_the_time_ends_has_no_total() -> None:
    """It shows how many trainings have ended; a log says that the time decides."""
    told = Progress(DECISION, 3, None, None)
    assert f"{PHASES[DECISION]} " in shown(told)
    assert "3 trainings" in shown(told)
    assert shown(told, terminal=False) == f"{PHASES[DECISION]}: trainings for as long as there is time\n"
    assert shown(Progress(DECISION, 0, 1, None), terminal=False) == f"{PHASES[DECISION]}: 1 training\n"


def test_how_the_best_compares_is_a_line() -> None:
    """Below the phases, as the latest news have it; in a log once for each time that it changes."""
    before, after = Progress(SEARCH, 1, 6, 0.5, standing="behind by 0.1"), Progress(RACE, 1, 6, 0.5, standing="ahead by 0.2 ± 0.1.")
    lines = [line.strip() for line in shown(before, after).splitlines()]
    assert "So far: ahead by 0.2 ± 0.1." in lines
    assert not any("behind" in line for line in lines)
    logged = shown(before, before, after, terminal=False).splitlines()
    state = "1 of 6 trials in 0.0 s: best 0.5000"
    assert logged == ["  so far: behind by 0.1", state, "train the best again: 6 trainings", "  so far: ahead by 0.2 ± 0.1."]


def test_a_log_has_a_line_for_each_new_best_and_for_each_phase() -> None:
    """And none for what is not new."""
    told = [news(1, None, None), news(2, 0.5, 0.5), news(3, 0.5, 0.4), news(4, 0.75, 0.75), Progress(FINAL, 0, 2, None)]
    text = shown(*told, Progress(FINAL, 1, 2, None), terminal=False)
    assert text.splitlines() == [
        "2 of 6 trials: best 0.5000 (trial 1)",
        "4 of 6 trials: best 0.7500 (trial 3)",
        "train for test: 2 trainings",
    ]


def test_a_log_names_the_trial_of_a_best_that_it_has_seen() -> None:
    """A run that goes on has its best from before, which is not the first trial of this call."""
    text = shown(news(4, 0.9, 0.4), news(5, 0.95, 0.95), terminal=False)
    assert text.splitlines() == ["4 of 6 trials: best 0.9000", "5 of 6 trials: best 0.9500 (trial 4)"]


def test_a_log_is_not_silent_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a minute after its last line it has one that says how far the search is, though there is no new best."""
    now = [0.0]
    monkeypatch.setattr("einspace.callbacks.bar.monotonic", lambda: now[0])
    out = StringIO()
    bar = Bar("search mine", Console(file=out, force_terminal=False, force_jupyter=False, width=140))
    for seconds, told in (
        (5, news(1, 0.5, 0.5)),
        (30, news(2, 0.5, 0.4)),
        (36, news(3, 0.5, 0.4, None, 60)),
        (50, Progress(FINAL, 1, 2, None)),
        (90, Progress(FINAL, 2, 2, None)),
    ):
        now[0] = seconds
        bar(told)
    assert out.getvalue().splitlines() == [
        "1 of 6 trials: best 0.5000 (trial 0)",
        "3 trials in 12 s of 1 min: best 0.5000",
        "train for test: 2 trainings",
        "train for test: 2/2",
    ]


def test_a_log_ends_with_the_final_state() -> None:
    """The trials after the last new best are counted when the next phase begins, and those of each phase at the end, once."""
    out = StringIO()
    with Bar("search mine", Console(file=out, force_terminal=False, force_jupyter=False, width=140)) as bar:
        for told in (news(1, 0.5, 0.5), news(2, 0.5, 0.4), news(3, 0.5, None), *(Progress(FINAL, done, 2, None) for done in range(3))):
            bar(told)
        bar.stop()
    assert out.getvalue().splitlines() == [
        "1 of 6 trials: best 0.5000 (trial 0)",
        "3 of 6 trials in 12 s: best 0.5000",
        "train for test: 2 trainings",
        "train for test: 2/2",
    ]


def test_a_log_that_ends_with_a_new_best_does_not_repeat_it() -> None:
    """The line of a new best says how many trials there are."""
    out = StringIO()
    with Bar("search mine", Console(file=out, force_terminal=False, force_jupyter=False, width=140)) as bar:
        bar(news(6, 0.5, 0.5))
    assert out.getvalue().splitlines() == ["6 of 6 trials: best 0.5000 (trial 5)"]


def test_names_of_others_reach_a_terminal_escaped() -> None:
    """Neither the title nor a line below it nor one of a log can steer the terminal."""
    harm = "x\x1b]2;owned\x07"
    for terminal in (True, False):
        out = StringIO()
        told = Progress(SEARCH, 1, 6, None, running=(AtWork(replace(trial(1), proposal=replace(trial(1).proposal, origin=harm)), 0.0),))
        with Bar(harm, Console(file=out, force_terminal=terminal, force_jupyter=False, force_interactive=terminal, width=140)) as bar:
            bar(replace(told, standing=harm))
            bar(Progress(harm, 1, 2, None))
            if terminal:
                bar._lines.refresh()
        assert "\x1b]2;" not in out.getvalue()
        assert "x\\x1b]2;owned\\x07" in out.getvalue()
