"""Predicting: the predictor of a run's best network, or of another one."""

from dataclasses import replace
from pathlib import Path

import safetensors.torch
from safetensors import SafetensorError

from einspace.errors import NetworkError, RunError, SettingError
from einspace.evaluation import Context
from einspace.evaluation.objective import TaskObjective
from einspace.evaluation.outcome import NotANumber
from einspace.predictor import About, Predictor
from einspace.predictor.folder import made
from einspace.result.result import Result
from einspace.result.trained import Trained, trained
from einspace.run import WEIGHTS, Run
from einspace.settings import fingerprint
from einspace.tasks import Recipe, Task


def predictor_of(result: Result, trial: int | None, task: Task | None) -> Predictor:
    """See `Result.predictor`."""
    name = result.run.name
    if "head" not in result.settings:
        raise RunError(f"the run {name} is of an objective of your own, which alone knows its networks: it has no predictor")
    try:
        found = trained(result, trial)
    except SettingError as error:
        raise RunError(str(error)) from None
    if found.preprocessing is None:
        raise RunError(f"the run {name} was made before runs kept what lies between data and network: search again for a predictor")
    test = found.entrant.tests[0] if found.entrant is not None and found.entrant.tests else None
    if found.weights is None:
        if task is None:
            call = "predictor(task=task)" if trial is None else f"predictor(trial={trial!r}, task=task)"
            shown = "its best network" if trial is None else f"the network of trial {trial}"
            raise RunError(f"the run {name} did not keep the weights of {shown}: {call} trains it as a final training does, and keeps them")
        found, test = _trained_now(result, found, task)
    grammar = Run(result.run.parent, name).grammar(result.settings)
    assert found.preprocessing is not None
    about = About.of_run(
        result.settings, str(found.architecture), found.architecture.key, test, name, found.preprocessing, grammar, found.head
    )
    assert found.weights is not None
    try:
        return made(about, safetensors.torch.load(found.weights.read_bytes()))
    except (OSError, SafetensorError, NetworkError) as error:
        reason = str(error).splitlines()[0]
        raise RunError(f"{found.weights} cannot be used: {reason}; delete it, and the same search trains the network again") from None


def _trained_now(result: Result, found: Trained, task: Task) -> tuple[Trained, float]:
    """Train an architecture as the run trains its finals, and keep its weights; its score on test."""
    settings, trial, name = result.settings, found.trial, result.run.name
    if fingerprint(task) != settings["data"]:
        raise RunError(f"the run {name} was of other data than the task {task.name} has now: give the task of the search")
    changes = {} if trial is None else dict(trial.proposal.changes)
    file = result.run / WEIGHTS / f"{found.architecture.key if trial is None else trial.proposal.stem}.safetensors"
    context = Context(settings["seed"], final=True, changes=changes, files=Path(file))
    try:
        evaluation = TaskObjective(task, Recipe(**settings["recipe"])).evaluate(found.architecture, context)
    except NotANumber as error:
        raise RunError(f"the network cannot be trained: {error}") from None
    if evaluation.value is None or not file.is_file():
        raise RunError(f"the network has no weights: {evaluation.reason}")
    return replace(found, weights=file), evaluation.value
