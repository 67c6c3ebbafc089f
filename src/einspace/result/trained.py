"""Trained: the predictor of a run's best network, or of another one."""

from pathlib import Path
from typing import TYPE_CHECKING

import safetensors.torch
from safetensors import SafetensorError

from einspace.errors import NetworkError, RunError
from einspace.evaluation import Context
from einspace.evaluation.objective import TaskObjective
from einspace.evaluation.outcome import NotANumber
from einspace.features import Feature
from einspace.grammar import Grammar
from einspace.predictor import About, Predictor
from einspace.predictor.folder import made
from einspace.run import WEIGHTS, read_tensors
from einspace.settings import fingerprint
from einspace.space import EinSpace
from einspace.tasks import Recipe, Task
from einspace.tasks.preprocessing import Preprocessing
from einspace.trial import Proposal

if TYPE_CHECKING:
    from einspace.result.result import Result


def predictor_of(result: "Result", trial: int | str | None, task: Task | None, grammar: Grammar | None) -> Predictor:
    """See `Result.predictor`."""
    settings, name = result.settings, result.run.name
    if "head" not in settings:
        raise RunError(f"the run {name} is of an objective of your own, which alone knows its networks: it has no predictor")
    if "preprocessing" not in settings:
        raise RunError(f"the run {name} was started before runs kept what lies between data and network: search again for a predictor")
    shown, proposal, test = _chosen(result, trial)
    file = result.weights.get(proposal.key, result.run / WEIGHTS / f"{proposal.key}.safetensors")
    if not file.is_file():
        if task is None:
            call = "predictor(task=task)" if trial is None else f"predictor(trial={trial!r}, task=task)"
            raise RunError(
                f"the weights of {shown} were not kept by the run {name}: {call} trains it as a final training does, and keeps them"
            )
        test = _trained(result, shown, proposal, task, grammar, file)
    preprocessing = Preprocessing.from_json(settings["preprocessing"], read_tensors(result.run))
    about = About.of_run(settings, proposal.text, proposal.key, test, name, preprocessing)
    try:
        return made(about, safetensors.torch.load(file.read_bytes()), grammar)
    except (OSError, SafetensorError, NetworkError) as error:
        reason = str(error).splitlines()[0]
        raise RunError(f"{file} cannot be used: {reason}; without the file, the same search trains the network again") from None


def _chosen(result: "Result", trial: int | str | None) -> tuple[str, Proposal, float | None]:
    """What an architecture is called, its proposal, and its score on test from the seed whose weights are kept."""
    name = result.run.name
    if trial is None and result.best is None:
        raise RunError(f"the run {name} has no best architecture: say which trial you want")
    entrants = [entrant for entrant in (result.best, *result.baselines) if entrant is not None]
    for entrant in entrants:
        wanted = entrant is result.best if trial is None else trial in (entrant.name, entrant.trial)
        if wanted and entrant.proposal is not None:
            return entrant.name, entrant.proposal, entrant.tests[0] if entrant.tests else None
    found = next((other for other in result.history if other.number == trial), None)
    if found is None:
        names = ", ".join(entrant.name for entrant in entrants if entrant.trial is None)
        raise RunError(
            f"the run {name} has the trials 0 to {len(result.history) - 1} and the baselines {names or '(none)'}, but not {trial!r}"
        )
    return f"trial {found.number}", found.proposal, None


def _trained(result: "Result", shown: str, proposal: Proposal, task: Task, grammar: Grammar | None, file: Path) -> float | None:
    """Train an architecture as the run trains its finals, and keep its weights; gives its score on test."""
    settings = result.settings
    if fingerprint(task) != settings["data"]:
        raise RunError(f"the run {result.run.name} was of other data than this task {task.name} has: give the task of the search")
    architecture = EinSpace(Feature.of(settings["input"]), grammar=grammar).parse(proposal.text)
    context = Context(settings["seed"], final=True, changes=dict(proposal.changes), files=file)
    try:
        evaluation = TaskObjective(task, Recipe(**settings["recipe"])).evaluate(architecture, context)
    except NotANumber as error:
        raise RunError(f"{shown} cannot be trained: {error}") from None
    if evaluation.value is None or not file.is_file():
        raise RunError(f"{shown} has no weights: {evaluation.reason}")
    return evaluation.value
