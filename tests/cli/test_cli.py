"""The command line: results on standard output, one message and exit code 2 for a mistake in the input."""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path
from xml.etree import ElementTree

import pytest
from tests.commands import call
from tests.forked import Forked

QUICK = ["--epochs", "1", "--final-epochs", "1", "--workers", "1", "--max-parameters", "50000", "--max-flops", "2000000"]


@pytest.mark.parametrize(
    ("words", "messages"),
    [
        (["search", "adddigit"], ["unknown task 'adddigit'", "did you mean adddigits"]),
        (["search", "digits", "--strategy", "evolutoin"], ["unknown strategy 'evolutoin'", "did you mean evolution"]),
        (["search", "digits", "--init", "resnet81"], ["unknown initial member 'resnet81'", "resnet8"]),
        (["search", "digits", "--trials", "0"], ["trials must be a whole number of at least 1"]),
        (["search", "digits", "--epochs", "0"], ["epochs_search"]),
        (["search", "digits", "--cost", "flops"], ["the strategy evolution takes no cost", "an option of pareto"]),
        (["search", "digits", "--strategy", "random", "--population", "9"], ["the strategy random takes no population", "given as 9"]),
        (["search", "digits", "--strategy", "no_such_module:Any"], ["the strategy no_such_module:Any cannot be imported"]),
        (["search", "digits", "--trials", "5", "--iterations", "5"], ["give either trials or iterations, not both: 5 and 5"]),
        (["search", "digits", "--budget", "5 minutes"], ["a budget is a time over 0, such as 90s, 30m, 8h or 2d, not '5 minutes'"]),
        (["search", "digits", "--crossover", "2"], ["crossover must be a number of at least 0 and at most 1", "not 2"]),
        (["search", "digits", "--run", "../x"], ["a run's name"]),
        (["search", "digits", "--time-limit", "-1"], ["time_limit must be a number over 0"]),
        (["search"], ["task is missing"]),
        (["search", "digits", "--config", "none.yaml"], ["none.yaml cannot be read"]),
        (["search", "digits", "--log", "tensorbord"], ["unknown callback 'tensorbord'", "did you mean tensorboard"]),
        (["search", "digits", "--top", "0"], ["top must be a whole number of at least 1"]),
        (["show", "resnet19"], ["did you mean resnet18"]),
        (["show", "[relu norn]"], ["unknown operation 'norn'", "did you mean norm", "[relu norn]\n        ^"]),
        (["show", "[relu norm"], ["the text ends too early", "expected"]),
        (["show", "[linear(d=64) col2im]"], ["col2im cannot stand here", "^"]),
        (
            ["show", "[group-dim(dim=1,b=2) {relu relu} add]"],
            ["group-dim(dim=1,b=2) needs an axis 1 that is a multiple of 2", "(3, 32, 32)"],
        ),
        (["show", "wrn16-4", "--shape", "24,24"], ["wrn16-4 takes images", "(24, 24)"]),
        (["show", "[relu relu]", "--svg", "/nonexistent/a.svg"], ["cannot write /nonexistent/a.svg"]),
        (["sample", "--shape", "3,x"], ["a shape is C,H,W or S,D", "3,x\n    ^"]),
        (["sample", "--shape", "3,32,32,1"], ["two or three axes, not 4"]),
        (["sample", "--shape", "0,4"], ["positive integers"]),
        (["sample", "-p", "1.5"], ["above 0 and at most 1"]),
        (["sample", "--grammar", "recurent"], ["unknown grammar 'recurent'", "did you mean recurrent"]),
        (["evaluate", "[relu relu]", "digit"], ["did you mean digits"]),
        (["evaluate", "digits", "resnet8"], ["resnet8 is a network, not a task: the network comes first"]),
        (["reproduce", "table2"], ["unknown experiment 'table2'", "Known: table1, table4, table5"]),
        (["grammar", "-p", "0"], ["above 0 and at most 1, not 0"]),
        (["grammar", "-p", "1.5"], ["above 0 and at most 1, not 1.5"]),
        (["grammar", "-p", "nan", "--figure7"], ["above 0 and at most 1, not nan"]),
        (["grammar", "--table6", "-n", "0"], ["samples must be a whole number of at least 1, not 0"]),
        (["grammar", "--table6", "--shape", "3,x"], ["a shape is C,H,W or S,D"]),
    ],
)
def test_bad_input_is_one_message(words: list[str], messages: list[str], tmp_path: Path) -> None:
    """Exit code 2, the offending value and what would be right, no traceback, nothing on standard output."""
    done = call(*words, cwd=tmp_path)
    assert done.returncode == 2, done.stderr
    assert done.stdout == ""
    for message in messages:
        assert message in done.stderr
    assert not list(tmp_path.glob("runs/*/study.db"))


def test_sample_is_json_and_reproducible() -> None:
    """The same seed prints the same architectures, each with all its figures."""
    first, second = call("sample", "-n", "3", "--json"), call("sample", "-n", "3", "--json")
    assert first.stdout == second.stdout
    samples = json.loads(first.stdout)
    assert len(samples) == 3
    assert {"architecture", "key", "parameters", "flops", "terminals", "output"} <= samples[0].keys()


def test_samples_of_a_grammar_by_name() -> None:
    """Those of the grammar with recurrence have its operations, and those without a name are the paper's."""
    words = ["sample", "--shape", "24,6", "-n", "30", "--max-parameters", "50000", "--json"]
    texts = [row["architecture"] for row in json.loads(call(*words, "--grammar", "recurrent").stdout)]
    assert any("scan(" in text for text in texts)
    assert not any("scan(" in row["architecture"] for row in json.loads(call(*words).stdout))


def test_show_lists_draws_and_counts(tmp_path: Path) -> None:
    """The table, the JSON and a picture that is well-formed XML."""
    picture = tmp_path / "resnet.svg"
    done = call("show", "resnet18", "--shape", "3,64,64", "--svg", str(picture))
    assert done.returncode == 0
    assert "11,210,560 parameters" in done.stdout
    assert ElementTree.parse(picture).getroot().tag.endswith("svg")
    assert json.loads(call("show", "resnet18", "--shape", "3,64,64", "--json").stdout)["output"] == [512, 4, 4]


def test_the_package_is_the_command_too(tmp_path: Path) -> None:
    """`python -m einspace` does what `einspace` does, from any folder, and says how it was called."""
    done = subprocess.run([sys.executable, "-m", "einspace", "sample", "--help"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.split()[:4] == ["Usage:", "python", "-m", "einspace"]


def test_lists() -> None:
    """Baselines and tasks, for people and for machines."""
    names = [row["name"] for row in json.loads(call("baselines", "--json").stdout)]
    assert {"resnet18", "wrn16-4", "vit", "mlp-mixer", "resnet8", "vit-tiny", "mixer-tiny"} <= set(names)
    assert {"resnet34", "wrn28-10", "densenet40", "resmlp", "permutator"} <= set(names)
    tasks = {row["name"]: row for row in json.loads(call("tasks", "--json").stdout)}
    assert tasks["adddigits"]["input"] == [3, 8, 8]
    assert "adddigits" in call("tasks").stdout


def test_baselines_are_those_that_fit_the_input() -> None:
    """One that does not fit, as an image smaller than its patches, is named and takes none of the others with it."""
    done = call("baselines", "--shape", "1,3,3", "--json")
    names = {row["name"] for row in json.loads(done.stdout)}
    assert {"resnet18", "resnet8", "resnet14-flat"} <= names
    assert "vit" not in names
    assert re.search(r"These do not fit .*: .*vit, mlp-mixer", done.stderr)
    series = call("baselines", "--shape", "20,3").stdout
    assert "vit-tiny" in series
    assert re.search(r"These do not fit .*: wrn16-4, ", series)


def test_grammar_prints_the_rules_and_what_follows() -> None:
    """The rules of section 3.3 with their probabilities; both radii, lengths and critical probabilities."""
    text = call("grammar").stdout
    for part in (
        "M  → M M 0.227 | B M A 0.227 | R1 M R2 0.227 | C 0.320",
        "group-dim ×9 0.750",
        "0.9822",
        "1.7378",
        "0.3077",
        "0.6087",
        "infinite",
    ):
        assert part in text
    facts = json.loads(call("grammar", "-p", "0.7", "--json").stdout)
    assert [row["expansion"] for row in facts["rules"]["M"]] == ["M M", "B M A", "R1 M R2", "C"]
    for rules in facts["rules"].values():
        assert sum(row["probability"] for row in rules) == pytest.approx(1)
    assert facts["drawn"]["spectral_radius"] == pytest.approx(0.3 * 13 / 9)
    assert facts["expanded"]["spectral_radius"] == pytest.approx(0.3 * 23 / 9)
    assert facts["drawn"]["critical_probability"] == pytest.approx(4 / 13)
    assert facts["expanded"]["critical_probability"] == pytest.approx(14 / 23)
    assert facts["drawn"]["expected_terminals"] < facts["expanded"]["expected_terminals"]
    below = json.loads(call("grammar", "-p", "0.3", "--json").stdout)
    assert below["drawn"]["consistent"] is False
    assert below["drawn"]["expected_terminals"] is None


def test_grammar_at_the_end_of_its_range() -> None:
    """At p = 1 nothing grows: a start symbol and two, three or four modules of one operation."""
    facts = json.loads(call("grammar", "-p", "1", "--json").stdout)
    assert facts["drawn"]["spectral_radius"] == 0
    assert facts["drawn"]["expected_terminals"] == pytest.approx((2 + 2 + 4 / 3 + 3) / 3)
    assert "consistent" in call("grammar", "-p", "1").stdout


@pytest.mark.slow
def test_table_6_stands_beside_the_paper_s() -> None:
    """Every p from 0.9 to 0.3, ours and the paper's, and the frequency of every function and module."""
    words = ["grammar", "--table6", "-n", "20"]
    figures = json.loads(call(*words, "--json").stdout)
    assert [row["p"] for row in figures["table6"]] == [0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3]
    for row in figures["table6"]:
        assert {"given_up", "terminals", "non-terminals", "branching factor"} <= row.keys()
        ours = row["terminals"]["ours"]
        assert 2 <= ours["minimum"] <= ours["median"] <= ours["maximum"] <= figures["operations_limit"]
    assert figures["table6"][0]["terminals"]["paper"]["mean"] == 3.87
    functions = figures["figure7"]["functions"]
    assert {"clone", "group-dim", "matmul", "add", "concat", "im2col", "col2im", "permute", "identity", "linear"} <= functions.keys()
    assert sum(entry["drawn_share"] for entry in functions.values()) == pytest.approx(1)
    assert set(figures["figure7"]["modules"]) == {"sequential", "branching", "routing", "computation"}
    text = call(*words).stdout
    for part in ("Table 6: terminals", "Table 6: non-terminals", "Table 6: branching factor", "6,070.77", "Figure 7: functions", "pos-enc"):
        assert part in text


def test_evaluate_trains_and_scores() -> None:
    """A baseline by its name learns the digits in two epochs."""
    figures = json.loads(call("evaluate", "resnet8", "digits", "--epochs", "2", "--json").stdout)
    assert figures["accuracy"] > 0.8
    assert figures["split"] == "valid"


@pytest.mark.slow
def test_search_ends_with_a_table_and_continues_by_name(tmp_path: Path) -> None:
    """The best five, the test scores beside the baselines', where the run lies; the same name goes on, and prints one JSON object."""
    words = ["search", "digits", "--init", "resnet8,random*2", "--trials", "4", "--seed", "1", "--run", "mine", *QUICK]
    done = call(*words, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    for part in ("Best 4 of 4 trials", "scored once on test", "resnet8", "runs/mine", "--run mine"):
        assert part in done.stdout
    words[words.index("4")] = "6"
    report = json.loads(call(*words, "--json", cwd=tmp_path).stdout)
    assert report["trials"] == 6
    assert sum(report["outcomes"].values()) == 6
    assert report["best"]["validation"] >= report["baselines"][0]["validation"]
    assert {"run", "trials", "best", "baselines", "outcomes", "seconds", "overhead"} <= report.keys()
    refused = call(*words, "--learning-rate", "0.5", cwd=tmp_path)
    assert refused.returncode == 2
    assert refused.stdout == ""
    assert "learning_rate" in refused.stderr
    assert "Traceback" not in refused.stderr


@pytest.mark.slow
def test_ctrl_c_keeps_what_is_done_and_says_how_to_go_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit code 130, no traceback, and the printed command finishes the run."""
    words = ["search", "digits", "--strategy", "random", "--trials", "5000", "--no-race", *QUICK]
    monkeypatch.chdir(tmp_path)
    driver = Forked("tests.cli.alone:run", *words)
    deadline = time.monotonic() + 120
    while not (found := list(tmp_path.glob("runs/*/study.db"))) or _finished(found[0]) < 3:
        assert time.monotonic() < deadline
        time.sleep(0.2)
    os.kill(driver.pid, signal.SIGINT)
    _, message = driver.communicate(timeout=60)
    assert driver.returncode == 130
    assert "Traceback" not in message
    (line,) = [line for line in message.splitlines() if line.startswith("  einspace ")]
    again = shlex.split(line)[1:]
    assert again == [*words, "--run", found[0].parent.name]
    done = _finished(found[0])
    again[again.index("5000")] = str(done + 1)
    report = json.loads(call(*again, "--json", cwd=tmp_path).stdout)
    assert (Path(report["run"]).name, report["trials"]) == (again[-1], done + 1)


def _finished(database: Path) -> int:
    import sqlite3

    if not database.exists():
        return 0
    try:
        with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as connection:
            return int(connection.execute("select count(*) from trials where state = 'COMPLETE'").fetchone()[0])
    except sqlite3.OperationalError:
        return 0
