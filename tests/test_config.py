"""Settings: one model for the command line and the file, mistakes named with their place, and a run that its own file repeats."""

import inspect
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st
from tests.commands import call
from tests.study_samples import EVOLUTION, SMALL, ThreadExecutor, small_task

from einspace import strategies, study
from einspace.cli import app
from einspace.config import CONFIG, SearchSettings, flags, leaves, load, notes
from einspace.config.model import OF_THE_TASK, RunSettings
from einspace.errors import EinspaceError, SettingError
from einspace.evaluation.compute import Compute
from einspace.files.yaml import LARGEST, read, write
from einspace.result import Result, load_result
from einspace.tasks import load_task


def file(folder: Path, text: str) -> Path:
    path = folder / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def flat(values: Mapping[str, Any]) -> dict[str, Any]:
    nested = {f"{name}.{key}": inner for name, value in values.items() if isinstance(value, dict) for key, inner in value.items()}
    return {name: value for name, value in values.items() if not isinstance(value, dict)} | nested


def test_the_command_has_every_option_of_the_model(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each setting is an option of its own type, by flags that no other has, and nothing is given unless somebody gives it."""

    def note(path: Path | None, given: Mapping[str, Any]) -> None:
        raise SettingError(given)

    monkeypatch.setattr("einspace.cli.search.load", note)
    command = typer.main.get_command(app)
    special: dict[str, tuple[list[str], Any]] = {
        "log": (["--log", "a", "--log", "b"], ["a", "b"]),
        "keep_weights": (["--keep-weights", "all"], "all"),
        "live": (["--live"], True),
        "race": (["--no-race"], False),
        "compute.channels_last": (["--channels-last"], True),
        "compute.compile": (["--compile"], True),
        "recipe.nesterov": (["--nesterov"], True),
        "surrogate": (["--surrogate"], True),
        "adaptive": (["--adaptive"], True),
        "learned": (["--learned"], True),
        "inherit": (["--inherit"], True),
        "report": (["--no-report"], False),
        "own.class_weights": (["--class-weights"], True),
        "own.flip": (["--flip"], True),
        "own.label": (["--label", "a"], "a"),
        "own.drop": (["--drop", "a"], "a"),
        "own.size": (["--size", "a"], "a"),
    }
    for key, field in leaves().items():
        assert field.description
        value: Any = 0.5 if "float" in str(field.annotation) else 3 if "int" in str(field.annotation) else "a"
        words, value = special.get(key, ([str(value)] if key == "task" else [flags(key)[0], str(value)], value))
        with pytest.raises(SettingError) as caught:
            command.main(["search", *words], standalone_mode=False)
        assert caught.value.args == ({key: value},)
    names = [flag for key in leaves() for flag in flags(key)]
    assert len(names) == len(set(names))


def test_the_defaults_are_those_of_search() -> None:
    """The command line and Python search the same when nothing is said, and every setting of a run is an argument."""
    defaults = {name: found.default for name, found in inspect.signature(study.search).parameters.items()}
    settings = SearchSettings(task="digits")
    arguments = settings.arguments()
    assert set(arguments) == set(RunSettings.model_fields) - set(OF_THE_TASK)
    resolved = {"recipe", "limits", "compute", "init", "computation_probability"}
    assert {name: arguments[name] for name in set(arguments) - resolved} == {name: defaults[name] for name in set(arguments) - resolved}
    assert arguments["limits"] == type(SMALL)()
    assert arguments["compute"] == Compute()
    assert set(arguments["recipe"].values()) == {None}
    assert set(arguments["recipe"]) == set(load_task("digits").recipe.__dataclass_fields__)


def test_help_tells_the_strategies_own_defaults() -> None:
    """What the model leaves to the strategy is described with the strategy's default."""
    for name in ("crossover", "cost"):
        default = inspect.signature(strategies.ParetoEvolution).parameters[name].default
        shown = f"{default:g}" if isinstance(default, float) else default
        assert f"{shown} if not set" in str(leaves()[name].description)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("trials", 0),
        ("workers", 0),
        ("seed", -1),
        ("time_limit", 0.0),
        ("population", 0),
        ("tournament", 0),
        ("computation_probability", 0.0),
        ("computation_probability", 1.5),
        ("recipe.epochs_search", 0),
        ("recipe.epochs_final", 0),
        ("recipe.batch_size", 1),
        ("recipe.learning_rate", 0.0),
        ("recipe.weight_decay", -1.0),
        ("recipe.momentum", 1.0),
        ("recipe.warmup", 1.0),
        ("recipe.clip", -1.0),
        ("recipe.nesterov", 3),
        ("recipe.smoothing", 1.0),
        ("recipe.averaging", 1.0),
        ("limits.operations", 1),
        ("limits.parameters", -1),
        ("limits.min_parameters", -1),
    ],
)
def test_the_ranges_are_those_of_search(key: str, value: Any, tmp_path: Path) -> None:
    """What the model refuses, with the key and the value, Python refuses too."""
    with pytest.raises(SettingError, match=rf"^{key} must be .*, not {value!r}$"):
        load(None, {"task": "digits", key: value})
    group, _, name = key.rpartition(".")
    options: dict[str, Any] = {group or name: {name: value} if group else value, "runs": tmp_path}
    with pytest.raises(EinspaceError):
        type(SMALL)(**{name: value}) if group == "limits" else study.search(small_task(), executor=ThreadExecutor(), **options)


def test_a_file_holds_every_option_and_the_command_line_wins(tmp_path: Path) -> None:
    """Types and groups come through, 1e-3 is a number, null is no limit; what is given on the command line replaces the file's."""
    path = file(
        tmp_path,
        "task: digits\nstrategy: pareto\nprotocol: paper\ninit: [resnet8, random*2]\ntrials: 5\nworkers: 1\nseed: 3\n"
        "run: mine\nruns: there\nproposer: mine\n"
        "iterations: 4\nbudget: 5m\npopulation: 7\ntournament: 2\ncrossover: 0.5\ncost: flops\nedits: 0.25\nwidening: 0.1\n"
        "recipe_changes: 0.1\nadaptive: true\nsurrogate: true\nlearned: true\ninherit: true\ntime_limit: 9\n"
        "computation_probability: 0.4\ngrammar: sequences\n"
        "keep_weights: all\nrace: true\nfinal_seeds: 2\nstorage: sqlite:///there.db\npatience: 5\npruner: median\n"
        "devices: cpu\nexecutor: ray\naddress: here\ncpus_per_trial: 2.0\ngpus_per_trial: 0.5\n"
        "data_folder: files\nlive: true\nreport: false\ntop: 2\nlog: [tensorboard]\n"
        "recipe: {epochs_search: 1, epochs_final: 2, batch_size: 8, learning_rate: 1e-3, weight_decay: 0, momentum: 0.5,\n"
        "  warmup: 0.1, clip: 1, nesterov: true, smoothing: 0.2, averaging: 0.9, optimizer: sgd}\n"
        "limits:\n  operations: 9\n  parameters: null\n  activation_bytes: 10\n  flops: 11\n  min_parameters: 1\n"
        "compute: {precision: bf16, channels_last: true, compile: true}\n"
        "own: {kind: mask, metric: mean IoU, class_weights: true, crop: 2, flip: true, axes: NHW, target_axes: NHWC, label: y, drop: id, "
        "channels: 2, layout: channels, split: part, size: '8,8', pool: paper}\n",
    )
    settings, _ = load(path, {})
    dumped = flat(settings.model_dump())
    assert set(dumped) == set(leaves())
    plain = flat(SearchSettings(task="digits").model_dump())
    assert [key for key in dumped if dumped[key] == plain[key]] == ["task", "elite"]  # which pareto does not take
    assert settings.recipe.learning_rate == 0.001
    assert (settings.limits.parameters, settings.time_limit) == (None, 9.0)
    won, _ = load(path, {"trials": 9, "recipe.batch_size": 4, "task": "adddigits"})
    assert (won.trials, won.recipe.batch_size, won.task) == (9, 4, "adddigits")
    assert won.recipe.epochs_final == 2
    assert load(file(tmp_path, "task: digits\nrecipe:\n"), {})[0] == SearchSettings(task="digits")


MISTAKES = [
    ("task: digits\ntrails: 5", ["line 2: unknown setting 'trails': did you mean trials"]),
    ("task: digits\nepochs: 5", ["line 2: unknown setting 'epochs': did you mean recipe.epochs_search?", "below `recipe:`"]),
    ("task: digits\nrecipe:\n  batchsize: 5", ["line 3: unknown setting of recipe 'batchsize': did you mean batch_size"]),
    ("task: digits\nrecipe: {nesterov: 1}", ["line 2: recipe.nesterov must be true or false, or null, not 1"]),
    ("task: digits\nrecipe: {optimizer: adam}", ["line 2: unknown optimizer 'adam': did you mean adamw? Known: sgd, adamw"]),
    ("task: digits\nrecipe: {flops: 5}", ["line 2: unknown setting 'recipe.flops': did you mean limits.flops"]),
    ("task: digits\ntrials: 0", ["line 2: trials must be a whole number of at least 1, or null, not 0"]),
    ("task: digits\ntrials: '5'", ["trials must be a whole number of at least 1, or null, not '5'"]),
    ("task: digits\ntrials: true", ["trials must be a whole number of at least 1, or null, not True"]),
    ("task: digits\niterations: 0", ["line 2: iterations must be a whole number of at least 1, or null, not 0"]),
    ("task: digits\nbudget: 5 minutes", ["line 2: a budget is a time over 0, such as 90s, 30m, 8h or 2d, not '5 minutes'"]),
    ("task: digits\ncrossover: 2", ["line 2: crossover must be a number of at least 0 and at most 1, or null, not 2"]),
    ("task: digits\nstrategy: no_such_module:Any", ["line 2: the strategy no_such_module:Any cannot be imported"]),
    ("task: digits\ntime_limit: .inf", ["time_limit must be a number over 0, or null, not inf"]),
    ("task: digits\nrun: 5", ["line 2: run must be a text, or null, not 5; put it in quotes"]),
    ("task: digits\nrun: 2024-01-01", ["run must be a text, or null, not 2024-01-01; put it in quotes"]),
    ("task: digits\ninit: {a: 1}", ["line 2: init must be a text or a list of texts"]),
    ("task: digits\ninit: resnet81", ["line 2: unknown initial member 'resnet81'", "resnet8"]),
    ("task: digit", ["line 1: unknown task 'digit': did you mean digits"]),
    ("task: digits\nstrategy: evolutoin", ["line 2: unknown strategy 'evolutoin': did you mean evolution"]),
    ("task: digits\ncost: flops", ["line 2: the strategy evolution takes no cost, which was given as 'flops': it is an option of pareto"]),
    ("strategy: random\ntask: digits\npopulation: 9", ["line 3: the strategy random takes no population", "option of evolution, pareto"]),
    ("task: digits\nlimits: {parameters: '5'}", ["limits.parameters must be a whole number of at least 0, or null, not '5'"]),
    ("task: digits\nlimits: {params: 5}", ["line 2: unknown setting of limits 'params': did you mean parameters"]),
    ("task: digits\nown:\n  channels: true", ["line 3: own.channels must be a whole number of at least 1, or null, not True"]),
    ("task: digits\nown:\n  label: true", ["line 3: own.label must be a text or a whole number, or null, not True"]),
    ("task: digits\nown:\n  size: 8", ["line 3: size must be HEIGHT,WIDTH in pixels, as 32,32, not 8"]),
    ("task: digits\nown:\n  drop: 3", ["line 3: drop must be columns of a table, as 'id,day', not 3"]),
    ("task: digits\nown: {metric: acuracy}", ["line 2: unknown metric 'acuracy': did you mean accuracy"]),
    ("task: digits\nlimits: 5", ["line 2: limits must hold settings of its own, operations, ", "not 5"]),
    ("task: digits\nlimits: {parameters: 1, min_parameters: 2}", ["line 2: at least 2 and at most 1 parameters exclude each other"]),
    ("trials: 5\nworkers: 0", ["task is missing", "einspace search TASK", "line 2: workers must be"]),
    ("- a\n- b", ["lines of `name: value`, not a list"]),
    ("just words", ["lines of `name: value`, not one value"]),
    ("trials: 1\nseed: 2\ntrials: 3", ["line 3: trials stands already in line 1"]),
    ("recipe: {momentum: 0.1, momentum: 0.2}", ["line 1: recipe.momentum stands already in line 1"]),
    ("a: &x 1", ["line 1: settings have no anchors (&) and aliases (*)"]),
    ("run: *x", ["line 1: settings have no anchors (&) and aliases (*)"]),
    ("<<: {trials: 1}", ["line 1: the name of a setting is a text, not <<"]),
    ("on: 1", ["line 1: the name of a setting is a text, not on"]),
    ("a: " + "[" * 9 + "]" * 9, ["line 1: settings are not deeper than 8 levels"]),
    ("a: " + "[" * 50_000, ["line 1: settings are not deeper than 8 levels"]),
    ("run: !!python/object/apply:os.getcwd []", ["line 1: could not determine a constructor"]),
    ("run: [", ["line 1: expected the node content"]),
    ("seed: 2024-13-45", ["cannot be read as YAML: month must be in 1..12"]),
    ("seed: " + "1" * 5000, ["cannot be read as YAML"]),
    ("run: \x00", ["cannot be read as YAML"]),
    ("#" * (LARGEST + 1), ["larger than 256 KiB"]),
    ("task: digits\ngrammar: abc", ["line 2: unknown grammar 'abc'", "Known: paper, sequences"]),
    ("task: digits\nown_grammar: abc", ["line 2: this run had another grammar (abc), which only Python can give"]),
    ("task: digits\nobjective: mine:f", ["line 2: this run had another objective (mine:f), which only Python can give"]),
    ("task: digits\nversions: 5", ["line 2: versions is written by einspace and cannot be read"]),
]


@pytest.mark.parametrize(("text", "messages"), MISTAKES)
def test_a_mistake_is_named_with_its_place(text: str, messages: list[str], tmp_path: Path) -> None:
    """The file, the line, the key, the value, and what is allowed or near."""
    with pytest.raises(SettingError) as caught:
        load(file(tmp_path, text), {})
    for message in ["mine.yaml", *messages]:
        assert message in str(caught.value)


def test_laughs_by_the_billion_are_refused(tmp_path: Path) -> None:
    """Nine lines that stand for 10**9 values end at the first of them, before anything is built."""
    laughs = "a: &a [lol, lol]\n" + "\n".join(
        f"{b}: &{b} [{', '.join([f'*{a}'] * 10)}]" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
    )
    with pytest.raises(SettingError, match="line 1: settings have no anchors"):
        read(file(tmp_path, laughs))


def test_what_is_no_readable_file_is_said(tmp_path: Path) -> None:
    """A folder, no file, and bytes that are not text."""
    for path, message in ((tmp_path, "Is a directory"), (tmp_path / "none", "No such file")):
        with pytest.raises(SettingError, match=message):
            read(path)
    (tmp_path / "mine.yaml").write_bytes(b"run: \xff")
    with pytest.raises(SettingError, match="cannot be read as YAML: 'utf-8' codec"):
        read(tmp_path / "mine.yaml")


@pytest.mark.slow
@given(text=st.text(max_size=60) | st.text(alphabet="a:- {}[]\n&*!'\"#|>?,1.e<", max_size=60))
def test_any_text_is_read_or_refused(text: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    """No text of a file ends in a traceback."""
    path = file(tmp_path_factory.getbasetemp(), text)
    try:
        load(path, {})
    except SettingError:
        pass
    else:
        raise AssertionError("no such text names a task")


@given(text=st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=200))
def test_what_is_written_is_read(text: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A text that looks like a number, a date or YAML stays the text that it is; so does a hash such as 12e45."""
    values = {"run": text, "digits": "12e45", "date": "2024-01-01", "number": 1e-05, "nothing": None, "list": ["yes", text]}
    assert read(file(tmp_path_factory.getbasetemp(), write(values)))[0] == values


def conducted(settings: SearchSettings, runs: Path, run: str) -> Result:
    """The search of the settings, with made-up scores."""
    return study.search(
        settings.task,
        **{**settings.arguments(), "runs": runs},
        run=run,
        executor=ThreadExecutor(),
    )


def compared(result: Result) -> list[tuple[Any, ...]]:
    return [(row.number, row.text, row.value, row.origin, row.parents) for row in result.history]


@pytest.mark.slow
def test_a_run_stores_what_repeats_it(tmp_path: Path) -> None:
    """`config.yaml` holds every option as it was resolved; what is read back finds the same architectures, trial by trial."""
    one = study.search(
        "digits",
        trials=10,
        workers=1,
        seed=5,
        limits=SMALL,
        recipe={"learning_rate": 1e-05},
        computation_probability=0.4,
        run="one",
        runs=tmp_path,
        executor=ThreadExecutor(),
        **EVOLUTION,
    )
    stored = tmp_path / "one" / CONFIG
    values, _ = read(stored)
    assert set(flat({name: values[name] for name in values if name in SearchSettings.model_fields})) == {
        key for key in leaves() if key.split(".")[0] in RunSettings.model_fields
    }
    assert set(values["versions"]) == {"einspace", "python", "torch", "optuna", "numpy"}
    assert {"platform", "data"} <= set(values)
    settings, origin = load(stored, {})
    assert settings.recipe.model_dump() == one.settings["recipe"]
    assert settings.recipe.learning_rate == 1e-05
    assert notes(origin) == []
    assert origin.data == one.settings["data"]
    two = conducted(settings, tmp_path, "two")
    assert compared(one) == compared(two)
    assert two.settings == one.settings
    other, _ = load(stored, {"seed": 6})
    assert compared(conducted(other, tmp_path, "three")) != compared(one)
    assert not list(tmp_path.glob("one/*.new"))


def test_a_run_s_file_serves_another_strategy(tmp_path: Path) -> None:
    """What a run's strategy took is not a mistake where another one is asked for: nobody gave it for that one."""
    study.search("digits", "pareto", 1, 1, population=5, limits=SMALL, run="one", runs=tmp_path, executor=ThreadExecutor())
    stored = tmp_path / "one" / CONFIG
    settings, _ = load(stored, {})
    assert (settings.population, settings.tournament, settings.cost) == (5, 2, "parameters")
    settings, _ = load(stored, {"strategy": "evolution"})
    assert (settings.population, settings.cost) == (5, None)
    settings, _ = load(stored, {"strategy": "random"})
    assert (settings.population, settings.cost, settings.limits) == (None, None, SMALL)
    with pytest.raises(SettingError, match="the strategy random takes no cost, which was given as 'flops'"):
        load(stored, {"strategy": "random", "cost": "flops"})
    with pytest.raises(SettingError, match="unknown strategy 'randm'"):
        load(stored, {"strategy": "randm"})


def test_the_file_of_an_earlier_call_is_kept(tmp_path: Path) -> None:
    """`config.yaml` tells of the last call; where it differs from one before, that one gets a number, and the same call writes nothing."""
    for trials in (2, 2, 4):
        study.search(small_task(), trials=trials, workers=1, limits=SMALL, run="a", runs=tmp_path, executor=ThreadExecutor(), **EVOLUTION)
    assert read(tmp_path / "a" / CONFIG)[0]["trials"] == 4
    assert read(tmp_path / "a" / "config-1.yaml")[0]["trials"] == 2
    assert not (tmp_path / "a" / "config-2.yaml").exists()


def test_other_versions_are_noted(tmp_path: Path) -> None:
    """A stored file says with which versions it was written: those that differ here are notes."""
    _, origin = load(file(tmp_path, write({"task": "digits", "versions": {"torch": "0.1"}})), {})
    assert any(line.startswith('versions.torch: "0.1" there, ') for line in notes(origin))


def test_a_grammar_of_one_s_own_is_not_repeated_by_mistake(tmp_path: Path) -> None:
    """The file of a run in another grammar says so, and is refused where only the paper's can be had."""
    from einspace.grammar import einspace_grammar

    study.search(small_task(), trials=1, workers=1, grammar=einspace_grammar(0.5), run="own", runs=tmp_path, executor=ThreadExecutor())
    with pytest.raises(SettingError, match="this run had another grammar"):
        load(tmp_path / "own" / CONFIG, {"task": "digits"})


@pytest.mark.slow
def test_the_command_repeats_a_run_from_its_file(tmp_path: Path) -> None:
    """A search by file, and another one by the file that its run stored: equal texts, a new name, and notes about what differs."""
    mine = file(
        tmp_path,
        "task: digits\ninit: resnet8,random*2\ntrials: 4\nworkers: 1\nseed: 1\nrun: one\nrecipe: {epochs_search: 1, epochs_final: 1}\n"
        "limits: {parameters: 50_000, flops: 2_000_000}\n",
    )
    first = call("search", "--config", str(mine), "--trials", "3", "--json", cwd=tmp_path)
    assert first.returncode == 0, first.stderr
    assert json.loads(first.stdout)["trials"] == 3
    stored = tmp_path / "runs" / "one" / CONFIG
    stored.write_text(stored.read_text().replace("optuna: ", "optuna: '0' # "))
    second = call("search", "--config", "runs/one/config.yaml", "--json", "--top", "2", cwd=tmp_path)
    assert second.returncode == 0, second.stderr
    report = json.loads(second.stdout)
    assert report["run"] != "runs/one"
    assert len(report["top"]) == 2
    assert 'versions.optuna: "0" there' in second.stderr
    one, two = (load_result(Path(name).name, str(tmp_path / "runs")) for name in ("one", report["run"]))
    assert [(row.text, row.outcome) for row in one.history] == [(row.text, row.outcome) for row in two.history]
    refused = call("search", "--config", str(file(tmp_path, "task: digits\ntrails: 3")), cwd=tmp_path)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "mine.yaml, line 2: unknown setting 'trails'" in refused.stderr


def test_the_command_line_says_how_long_a_search_is(tmp_path: Path) -> None:
    """Trials on the command line take the place of iterations in a file, and the other way round; both at once are refused later."""
    given, _ = load(file(tmp_path, "task: digits\niterations: 5"), {"trials": 9})
    assert (given.trials, given.iterations) == (9, None)
    given, _ = load(file(tmp_path, "task: digits\ntrials: 9"), {"iterations": 5})
    assert (given.trials, given.iterations) == (None, 5)
