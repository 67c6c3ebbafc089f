"""Options and arguments that several commands share, and how an architecture is read from one."""

import inspect
import shlex
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import UnionType
from typing import TYPE_CHECKING, Annotated, Any, Union, get_args, get_origin

import typer

from einspace.cli.output import err, waiting
from einspace.config import OF_A_STRATEGY, flags, leaves
from einspace.errors import LimitError, SettingError, UnknownNameError
from einspace.features import Feature
from einspace.grammar import WIDEST_GRAMMAR
from einspace.limits import Limits
from einspace.space import Architecture, EinSpace

if TYPE_CHECKING:
    from einspace.result import Result

Shape = Annotated[str, typer.Option("--shape", help="Input without the batch axis: C,H,W for images, S,D for sequences.")]
Seed = Annotated[
    int, typer.Option("--seed", min=-(2**62), max=2**62, help="Seed of all random choices; the same seed gives the same result.")
]
Probability = Annotated[float, typer.Option("-p", "--probability", help="Probability p(M -> C), the share of computation modules.")]
MaxParameters = Annotated[int, typer.Option("--max-parameters", help="Parameters of a backbone, at most.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]
Text = Annotated[str, typer.Argument(metavar="TEXT", help="An architecture in brackets, or the name of a baseline.")]
What = Annotated[str, typer.Argument(metavar="RUN|TEXT", help="A run's name or folder, an architecture in brackets, or a baseline.")]
TaskName = Annotated[str, typer.Argument(metavar="TASK", help="A task, as `einspace tasks` lists them, or a path to data.")]
Runs = Annotated[str, typer.Option("--runs", metavar="DIR", help="The folder of all runs.")]
Storage = Annotated[str | None, typer.Option("--storage", metavar="URL", help="Database of the run, if the search was given one.")]
Modules = Annotated[
    list[str],
    typer.Option(
        "--module", metavar="MODULE|FILE.py", help="Module or script that defines your own operations or head; it is imported first."
    ),
]
OfTrial = Annotated[int | None, typer.Option("--trial", help="The number of a run's trial, in place of the recommended network.")]
OfBaseline = Annotated[str | None, typer.Option("--baseline", help="The name of a run's baseline, in place of the recommended network.")]
Data = Annotated[str | None, typer.Option("--data", help="Folder of the paper's data sets; $EINSPACE_DATA or ./data if not given.")]

COMPUTE = tuple(key for key in leaves() if key.startswith("compute."))
"""Settings that say how networks are computed."""

OWN = tuple(key for key in leaves() if key.startswith("own."))
"""Options for reading the user's own data."""


PANELS = {
    "Search": (
        "strategy",
        "proposer",
        "protocol",
        "init",
        "trials",
        "iterations",
        "budget",
        "seed",
        *OF_A_STRATEGY,
        "inherit",
        "pruner",
        "grammar",
        "computation_probability",
    ),
    "Training": ("recipe", "compute", "time_limit", "race", "final_seeds", "keep_weights"),
    "Limits of an architecture": ("limits",),
    "Your own data": ("own", "data_folder"),
    "Machines": ("workers", "devices", "executor", "address", "cpus_per_trial", "gpus_per_trial", "storage", "patience"),
    "Output": ("run", "runs", "report", "top", "log", "live"),
}
"""The options of a search as its help shows them: settings, or whole groups of them."""


def with_settings(*keys: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """A decorator: a command gets settings as options, with types and descriptions of the model, in place of its keyword arguments.

    An option that is not given is None.
    """

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        signature = inspect.signature(command)
        stated = [p for p in signature.parameters.values() if p.kind is not p.VAR_KEYWORD]
        command.__signature__ = signature.replace(parameters=[*stated, *map(_option, keys)])  # type: ignore[attr-defined]
        return command

    return decorate


def parameter(key: str) -> str:
    """The name that a command gives a setting: its key without points."""
    return key.replace(".", "_")


def _option(key: str) -> inspect.Parameter:
    """A setting as a parameter of a command. Its default is None, so that only options that are given win over a file."""
    field = leaves()[key]
    kind: Any = get_args(field.annotation)[0] if get_origin(field.annotation) in (Union, UnionType) else field.annotation
    kind = str if get_origin(kind) is tuple else kind
    shown = False if field.default in (None, "", [], False) else str(field.default)
    panel = next((name for name, members in PANELS.items() if key in members or key.split(".")[0] in members), None)
    names = flags(key)
    if kind is bool and field.default is not False:
        names = tuple(f"{name}/--no-{name.removeprefix('--')}" for name in names)
    option = typer.Option(*names, help=field.description, show_default=shown, rich_help_panel=panel)
    info = typer.Argument(metavar="TASK", help=field.description, show_default=False) if key == "task" else option
    return inspect.Parameter(parameter(key), inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[kind | None, info])


def import_modules(names: Sequence[str]) -> None:
    """Import the modules of the user's own operations and heads, by their names or files.

    Raises SettingError for one that cannot be imported.
    """
    for name in names:
        load = _import_file if name.endswith(".py") else import_module
        if load is import_module and not all(part.isidentifier() for part in name.split(".")):
            raise SettingError(f"a module is named as in package.module, or by its file, as in folder/my-search.py, not {name!r}")
        try:
            load(name)
        except Exception as error:  # noqa: BLE001 - importing runs code of the user's
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            absent = isinstance(error, ModuleNotFoundError) and error.name == name.split(".")[0]
            hint = "; --module FILE.py names it by its file, wherever that lies" if absent else ""
            raise SettingError(f"the module {name!r} cannot be imported: {reason}{hint}") from None


def _import_file(name: str) -> None:
    """Import a script by its path, under the name that a run has for its operations, which need not be one of Python's.

    It finds the modules that lie beside it.
    """
    file = Path(name)
    if not file.is_file():
        raise FileNotFoundError("there is no such file")
    if file.stem in sys.modules:
        raise ImportError(f"another module is called {file.stem}: rename the file")
    spec = spec_from_file_location(file.stem, file)
    assert spec is not None  # its name ends with .py
    assert spec.loader is not None
    sys.path.append(str(file.resolve().parent))
    sys.modules[file.stem] = module_from_spec(spec)
    spec.loader.exec_module(sys.modules[file.stem])


def parse_shape(text: str) -> Feature:
    """A shape from its text; raises LimitError for a sample that is larger than all that a backbone may write by default."""
    feature, most = Feature.parse(text), Limits().activation_bytes
    if most is not None and feature.bytes > most:
        raise LimitError(f"an input of {feature} is {feature.bytes:,} bytes a sample, but at most {most:,} are allowed: lower --shape")
    return feature


def read_architecture(text: str, shape: Feature) -> Architecture:
    """An architecture from its text, or a baseline by its name."""
    from einspace import baselines

    space = EinSpace(shape, grammar=WIDEST_GRAMMAR)
    if text in baselines.names():
        return baselines.get(text, shape)
    if not text.lstrip().startswith(("[", "{")) and text.strip().split("(")[0] not in space.grammar.operations:
        raise UnknownNameError("architecture or baseline", text, baselines.names())
    return space.parse(text)


def read_run(what: str, runs: str, storage: str | None = None) -> "Result | None":
    """The run of this name or folder; None where there is no such run, and for a text in brackets or a baseline's name.

    With a `storage`, the database says whether there is such a run, whose folder may lie on another machine.
    """
    from einspace import baselines

    if what.lstrip().startswith(("[", "{")) or what in baselines.names():
        if storage is not None:
            raise SettingError(f"--storage is for a run, and {what!r} is an architecture")
        return None
    found = next((folder.resolve() for folder in (Path(runs, what), Path(what)) if (folder / "run.json").is_file()), None)
    if found is None and storage is None:
        return None
    from einspace.result import load_result

    with waiting(f"reading the run {what}"):
        return load_result(what, runs, storage) if found is None else load_result(found.name, str(found.parent), storage)


def taken(result: "Result", trial: int | None, baseline: str | None) -> tuple[int | None, str | None]:
    """The trial or the baseline that is taken from a run; standard error says which one a verdict recommends, and how to take the other."""
    verdict = result.verdict
    if trial is not None or baseline is not None or verdict is None or result.best is None:
        return trial, baseline
    other = f"--baseline {shlex.quote(verdict.baseline)}" if verdict.of_winner else f"--trial {result.best.trial}"
    err.print(f"{verdict.reason}: {other} takes the other.", highlight=False, soft_wrap=True)
    return (result.best.trial, None) if verdict.of_winner else (None, verdict.baseline)


def find_run(name: str, runs: str, storage: str | None = None) -> "Result":
    """The run of this name or folder, read from its folder or from a database; raises RunError or UnknownNameError where there is none."""
    found = read_run(name, runs, storage)
    if found is None:
        raise UnknownNameError("run", name, run_names(runs))
    return found


def read_named(what: str, inputs: Feature, runs: str) -> Architecture:
    """An architecture from its text, or a baseline by its name, where a run could have been named too."""
    try:
        return read_architecture(what, inputs)
    except UnknownNameError as error:
        raise UnknownNameError("run, architecture or baseline", what, (*error.known, *run_names(runs))) from None


def run_names(runs: str) -> list[str]:
    """The names of all runs in a folder."""
    return sorted(path.parent.name for path in Path(runs).glob("*/run.json"))
