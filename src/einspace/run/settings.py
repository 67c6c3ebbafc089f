"""Settings: everything that decides the results of a run, as data, and the comparison of two. `run.json` and the study hold them."""

import json
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import MISSING, asdict, fields
from inspect import signature
from typing import Any

from einspace.config.origin import describe_here, differences
from einspace.config.protocol import PAPER
from einspace.errors import DAMAGE, RunError, SettingError, in_one_line
from einspace.evaluation.outcome import plain
from einspace.grammar import Grammar
from einspace.networks.heads.data import head_data, later_options
from einspace.operations import Operation
from einspace.space import EinSpace
from einspace.strategies import Strategy, is_ours
from einspace.tasks import Recipe, Task
from einspace.tasks.fingerprints import fingerprint, name_of, source_of

FORMAT = 1
"""The format of `run.json`; a run of another format is not continued."""

_LATER = ("preprocessing", "samples", "scaling")
"""Settings that earlier versions did not store, or stored in another form."""

_OPERATIONS = "own_operations"
"""The setting of the user's own operations, which runs did not always keep either."""

_OF_A_TASK = (
    "task",
    "path",
    "own",
    "data",
    "metric",
    "preprocessing",
    "input",
    "head",
    "samples",
    "labels",
    "augmentation",
    "published",
    "recipe",
    "compute",
    "warm_start",
)
_OF_A_CALL = ("protocol", "init", "seed", "pruner", "inherit")
_OF_A_SEARCH = ("grammar", "own_operations", "limits", "strategy", "strategy_source", *_OF_A_CALL, "format", "versions")

OF_A_RUN = frozenset((*_OF_A_TASK, "objective", *_OF_A_SEARCH))
"""Names of all settings but the options of a strategy."""

Settings = dict[str, Any]
"""The settings that decide the results of a run. `trials`, `workers` and the time limit do not, and may change while a run goes on."""

_LOG = logging.getLogger("einspace")


@contextmanager
def making_sense(run: str) -> Iterator[None]:
    """Turn stored settings that make no sense, because somebody changed them, into one RunError with the run's name."""
    try:
        yield
    except DAMAGE as error:
        raise RunError(f"the run {run} has settings that make no sense: {in_one_line(error)}") from error


def of_task(task: Task, recipe: Recipe) -> Settings:
    """A task as data: where it is from, what predicts its targets, how it is scored, and how it is trained."""
    metric = {"name": task.metric.name, "higher_is_better": task.metric.higher_is_better, "source": source_of(task.metric.function)}
    return {
        "task": task.name,
        "path": task.path or None,
        "own": task.own.said(),
        "data": fingerprint(task),
        "metric": metric,
        "preprocessing": task.preprocessing.to_json(),
        "input": list(task.input.shape),
        "head": head_data(task.head),
        "samples": task.sizes,
        "labels": [str(label) for label in task.labels],
        "augmentation": None if task.augmentation is None else asdict(task.augmentation),
        "published": dict(task.published),
        "recipe": asdict(recipe),
    }


def of_objective(objective: object, name: str, space: EinSpace, higher_is_better: bool) -> Settings:
    """An objective of the user's as data."""
    metric = {"name": "score", "higher_is_better": higher_is_better, "source": source_of(objective)}
    return {"task": name, "objective": name, "metric": metric, "input": list(space.input.shape), "published": {}}


def of_strategy(strategy: Strategy, continued: bool = False) -> Settings:
    """The options of a strategy as data: what it keeps under the names of its parameters.

    Raises SettingError for a strategy of the user's that has a parameter with the name of another setting, which would be lost, or that
    keeps what cannot be stored. A run that is `continued` may have begun when a parameter could have the name of an argument of `search`,
    such as `seed`. It is left out, as it was then: the run has that of the search.
    """
    apart = ("space", "initial", *(_OF_A_CALL if continued and not is_ours(strategy) else ()))
    parameters = [name for name in signature(type(strategy)).parameters if name not in apart]
    options = {name: getattr(strategy, name, None) for name in parameters}
    return options if is_ours(strategy) else {name: _storable(strategy, name, value) for name, value in options.items()}


def _storable(strategy: Strategy, parameter: str, value: object) -> Any:
    """The value that the user's strategy keeps under the name of its parameter, as JSON can hold it."""
    named = f"the strategy {name_of(type(strategy))}"
    if parameter in OF_A_RUN:
        raise SettingError(f"{named} has a parameter {parameter}, which is the name of a setting of every run: give it another name")
    try:
        return plain({parameter: value})[parameter]
    except (TypeError, ValueError, RecursionError):
        what = f"{named} keeps {value!r:.80} as its {parameter}, but a run can store only numbers, texts, lists of them, and None"
        raise SettingError(f"{what}: keep it under another name, such as self._{parameter}") from None


def of_search(space: EinSpace, strategy: Strategy, name: str, options: Mapping[str, Any], **others: Any) -> Settings:
    """The search as data: the grammar and the limits, the strategy with its options, and the others by their names."""
    own = _own_operations(space.grammar)
    return {
        "grammar": space.grammar.fingerprint,
        **({_OPERATIONS: own} if own else {}),
        "limits": asdict(space.limits),
        "strategy": name,
        "strategy_source": "einspace" if is_ours(strategy) else source_of(type(strategy)),
        **options,
        **others,
        "format": FORMAT,
        "versions": describe_here()["versions"],
    }


def _own_operations(grammar: Grammar) -> dict[str, str]:
    """The user's own operations, each with a hash of the source of its classes, or their names where there is no source.

    The grammar's fingerprint has the names of its operations, which are the same when another class has one of them.
    """
    found = {}
    for name, kind in grammar.operations.items():
        own = [part for part in kind.__mro__ if issubclass(part, Operation) and not f"{part.__module__}.".startswith("einspace.")]
        if own:
            found[name] = " ".join(source_of(part) or name_of(part) for part in own)
    return found


def has_test(settings: Settings) -> bool:
    """Whether the data of a run have a test split, as they have where early runs kept no sizes; those of an estimator have none."""
    return "objective" not in settings and "test" in settings.get("samples", ("test",))


def check_same(stored: Mapping[str, Any], settings: Settings, run: str) -> None:
    """Raise RunError, with one line for each difference, if a run was started with other settings; other versions are only noted."""
    here = json.loads(json.dumps(settings))
    apart = {"versions", "published", "path"}
    if "preprocessing" not in stored:  # a run of a version that did not store it; the hash of the data covers it
        apart |= set(_LATER)
    if _OPERATIONS not in stored:  # what its operations were is not known
        apart.add(_OPERATIONS)
    before = {"protocol": PAPER} if "protocol" in here else {}  # versions with one protocol had the paper's
    with making_sense(run):
        there = before | {name: value for name, value in _completed(stored, here).items() if name not in apart}
        versions = differences(stored.get("versions", {}), here.get("versions", {}), "versions.")
    # An option that the run's version did not have was off.
    lines = differences(there, {name: value for name, value in here.items() if name not in apart and (value or name in there)})
    if lines:
        said = f"the run {run!r} was started with other settings: continue it with the same, or choose another name"
        raise RunError(said, *(f"  {line}" for line in lines))
    for line in versions:
        _LOG.warning("the run %s was started with another version: %s", run, line)
    for name, source in (("strategy", here["strategy_source"]), ("metric", here["metric"]["source"])):
        if source is None:
            _LOG.warning("the source of the %s cannot be read: whether it changed since the run %s was started is not known", name, run)


def check_trained_alike(stored: Settings, task: Task, run: str) -> None:
    """Raise RunError, with one line for each difference, if a task would train or score networks otherwise than a run did."""
    here = json.loads(json.dumps(of_task(task, Recipe(**stored["recipe"]))))
    there, names = _completed(stored, here), ("metric", "head", "augmentation")
    lines = differences({name: there.get(name) for name in names}, {name: here[name] for name in names})
    if lines:
        said = f"the run {run} trained and scored its networks otherwise than the task {task.name} does now:"
        raise RunError(said, *(f"  {line}" for line in lines))


def _completed(stored: Mapping[str, Any], here: Mapping[str, Any]) -> Settings:
    """The settings of a run with the options of recipe and head that came after it was started, off as they are by default.

    What the preprocessing did not record is as it is here, and so is what separated the cells of a table: the hash of the data covers both.
    """
    if "preprocessing" in stored and "shallow" in here.get("preprocessing", {}):
        now, then = here["preprocessing"], {"shallow": here["preprocessing"]["shallow"], **stored["preprocessing"]}
        if now.get("signals") and then.get("signals"):
            then["signals"] = {**then["signals"], "delimiter": now["signals"]["delimiter"]}
        stored = {**stored, "preprocessing": then}
    if "recipe" not in stored or "recipe" not in here:
        return dict(stored)
    later = {field.name: field.default for field in fields(Recipe) if field.default is not MISSING}
    head = later_options(here["head"]["kind"])
    return {**stored, "recipe": {**later, **stored["recipe"]}, "head": {**head, **stored["head"]}}
