"""A program that proposes, and a surrogate that chooses among what it offers."""

import json
from pathlib import Path
from random import Random
from typing import Any

import pytest
from tests.strategies.program_samples import answering, command, read
from tests.study_samples import SMALL, ThreadExecutor, good, small_task
from tests.surrogate.surrogate_samples import SPACE

from einspace import strategies
from einspace.errors import SettingError
from einspace.evaluation.outcome import Evaluation, Outcome
from einspace.known import BEGIN
from einspace.result import Result
from einspace.strategies.base import Exhausted
from einspace.strategies.program import OFFERS, Program
from einspace.study import search
from einspace.trial import Proposal, Trial

TREES = 60

pytestmark = pytest.mark.usefixtures("small_forests")

GOOD = "[norm [norm norm]]"
BAD = ("[relu [relu relu]]", "[relu norm]", "[softmax [relu relu]]", "[softmax [norm relu]]", "[softmax relu]", "[relu softmax]")
MANY = """
import json, sys
from collections import Counter
asked = Counter()
for line in sys.stdin:
    ((key, value),) = json.loads(line).items()
    if key == "ask":
        asked[value] += 1
        print("[" * (value + 1) + ("relu", "norm", "softmax")[asked[value] % 3] + " norm]" * (value + 1), flush=True)
"""


@pytest.fixture(scope="module")
def history() -> list[Trial]:
    """Trials that are better the more norms they have; the next one is not the program's own."""
    found: dict[str, Trial] = {}
    rng = Random(0)
    while len(found) <= BEGIN:
        names = [rng.choice(("norm", "relu", "softmax")) for _ in range(rng.randint(4, 7))]
        proposal = Proposal.of(SPACE.parse("[" + " [".join(names[:-1]) + f" {names[-1]}" + "]" * (len(names) - 1)), "proposer")
        if proposal.key not in found:
            ended = Evaluation(Outcome.OK, names.count("norm") / len(names))
            found[proposal.key] = Trial(len(found), proposal).end(ended, 1.0, float(len(found)))
    return list(found.values())


def asked(folder: Path, history: list[Trial], *lines: str, times: int = 1) -> list[Proposal | None]:
    """What a program with these answers proposes for the next trial with a surrogate, so many times."""
    strategy = Program(SPACE, answering(folder, *lines), surrogate=True)
    try:
        return [strategies.propose(strategy, history, 0) for _ in range(times)]
    finally:
        strategy.close()


def run(folder: Path, trials: int, run: str = "test", **options: Any) -> Result:
    given: dict[str, Any] = {"workers": 1, "limits": SMALL, "surrogate": True, "race": False, "report": False, "final_seeds": 0, **options}
    return search(small_task(), trials=trials, run=run, runs=folder, executor=ThreadExecutor(good), **given)


def test_the_best_of_what_it_offers_is_trained(history: list[Trial], tmp_path: Path) -> None:
    """The program is asked for several; those that are promised less are answered with one line each."""
    (found,) = asked(tmp_path, history, *BAD[:2], GOOD, *BAD[2:])
    assert found is not None
    assert found.text == GOOD
    assert found.prediction is not None
    assert found.prediction.among == OFFERS == len(BAD) - 1
    assert read(tmp_path, "ask") == [BEGIN + 1] * OFFERS
    refused = read(tmp_path, "refused")
    assert [one["text"] for one in refused] == list(BAD[: OFFERS - 1])
    assert {one["error"] for one in refused} == {"the surrogate promises more of another one"}


def test_what_does_not_parse_is_no_offer(history: list[Trial], tmp_path: Path) -> None:
    """It is answered as without a surrogate, and the program is asked again."""
    (found,) = asked(tmp_path, history, BAD[0], "[relu", GOOD, *BAD[1:])
    assert found is not None
    assert found.text == GOOD
    assert [one["text"] for one in read(tmp_path, "refused")] == ["[relu", BAD[0], *BAD[1 : OFFERS - 1]]


def test_every_fifth_is_the_programs_own(history: list[Trial], tmp_path: Path) -> None:
    """It is asked once, and what it offers is trained whatever is promised."""
    (found,) = asked(tmp_path, history[:BEGIN], *BAD)
    assert found is not None
    assert found.text == BAD[0]
    assert found.prediction is not None
    assert found.prediction.among == 1
    assert read(tmp_path, "ask") == [BEGIN]


def test_one_that_ends_has_offered_what_it_has(history: list[Trial], tmp_path: Path) -> None:
    """The best of that is trained; then there is nothing more."""
    strategy = Program(SPACE, answering(tmp_path, BAD[0], GOOD), surrogate=True)
    try:
        found = strategies.propose(strategy, history, 0)
        assert found is not None
        assert (found.text, found.prediction and found.prediction.among) == (GOOD, 2)
        with pytest.raises(Exhausted):
            strategies.propose(strategy, history, 0)
    finally:
        strategy.close()


def test_one_that_always_says_the_same_is_not_asked_without_end(history: list[Trial], tmp_path: Path) -> None:
    """A program whose answer follows from the number of the trial offers one architecture, which is trained and not refused."""
    (found,) = asked(tmp_path, history, *(GOOD,) * 2 * OFFERS)
    assert found is not None
    assert (found.text, found.prediction and found.prediction.among) == (GOOD, 1)
    assert len(read(tmp_path, "ask")) == OFFERS
    assert read(tmp_path, "refused") == []


def test_no_worker_waits_for_a_second_offer(history: list[Trial], tmp_path: Path) -> None:
    """While trials run, the best of what is there is trained; what was asked for is not asked for again."""
    asks, answer = tmp_path / "asks", tmp_path / "answer"
    source = f"""
import json, os, sys, time
count = 0
for line in sys.stdin:
    if "ask" in json.loads(line):
        count += 1
        open({str(asks)!r}, "w").write(str(count))
        while count > 1 and not os.path.exists({str(answer)!r}):
            time.sleep(0.01)
        print({(GOOD, *BAD)!r}[count - 1], flush=True)
"""
    running = [*history, Trial(len(history), Proposal.of(SPACE.parse("[relu [norm [relu relu]]]"), "proposer"), started=1.0)]
    strategy = Program(SPACE, command(tmp_path, source), surrogate=True)
    try:
        found = strategies.propose(strategy, running, 0)
        assert found is not None
        assert (found.text, found.prediction and found.prediction.among) == (GOOD, 1)
        more = [*running, Trial(len(running), found, started=1.0)]
        assert strategies.propose(strategy, more, 0) is None
        assert strategies.propose(strategy, more, 0) is None
        assert asks.read_text() == "2"
        answer.touch()
        late = strategies.propose(strategy, more, 0)
        assert late is not None
        assert late.text in BAD
        assert asks.read_text() == str(1 + OFFERS)
    finally:
        strategy.close()


@pytest.mark.slow
def test_a_run_of_both_goes_on_as_it_was_and_says_so(tmp_path: Path) -> None:
    """The surrogate is a setting of the run, in its file too; the same trials are chosen wherever the run ended."""
    proposer = command(tmp_path, MANY)
    whole = run(tmp_path, 38, "whole", proposer=proposer)
    assert whole.surrogate is not None
    assert whole.surrogate.chosen > 0
    assert whole.settings["surrogate"] is True
    assert "surrogate: true\n" in (whole.run / "config.yaml").read_text()
    for trials, surrogate in ((32, True), (36, None), (38, None)):
        parts = run(tmp_path, trials, "parts", proposer=proposer, surrogate=surrogate)
    assert [trial.proposal for trial in parts.history] == [trial.proposal for trial in whole.history]
    plain = run(tmp_path, 2, "plain", proposer=proposer, surrogate=None)
    assert plain.settings["surrogate"] is False
    assert json.loads((plain.run / "run.json").read_text())["surrogate"] is False
    with pytest.raises(SettingError, match="surrogate must be True or False, not 'yes'"):
        run(tmp_path, 2, "wrong", proposer=proposer, surrogate="yes")
