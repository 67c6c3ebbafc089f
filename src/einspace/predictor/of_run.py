"""The predictor of a trial of a run, which is trained now where its weights were not kept."""

from dataclasses import replace

import safetensors.torch
from safetensors import SafetensorError

from einspace.disk.regular import read_whole
from einspace.errors import NetworkError, RunError
from einspace.evaluation import Context
from einspace.evaluation.compute import Compute
from einspace.evaluation.objective import TaskObjective
from einspace.evaluation.outcome import NotANumber
from einspace.predictor.about import About
from einspace.predictor.loading import made
from einspace.predictor.predictor import Predictor
from einspace.predictor.trained import Trained
from einspace.run.attachments import grammar_of_run
from einspace.run.folder import Run
from einspace.run.settings import Settings, check_trained_alike, making_sense
from einspace.tasks import Recipe, Task
from einspace.tasks.fingerprints import fingerprint


def predictor_of(found: Trained, run: Run, settings: Settings, task: Task | None) -> Predictor:
    """The predictor of what was found in a run; `task` trains it where its weights were not kept. See `Result.predictor`."""
    if found.preprocessing is None:
        raise RunError(f"the run {run.name} was made before runs kept what lies between data and network: search again for a predictor")
    test = found.tests[0] if found.tests else None
    if found.weights is None:
        if task is None:
            raise found.unkept(run.name)
        found, test = _trained_now(run, settings, found, task)
    assert found.preprocessing is not None
    assert found.weights is not None
    key, grammar = found.architecture.key, grammar_of_run(run.path, settings)
    with making_sense(run.name):
        about = About.of_run(
            settings,
            str(found.architecture),
            key,
            test,
            run=run.name,
            preprocessing=found.preprocessing,
            grammar=grammar,
            head=found.head,
        )
    try:
        return made(about, safetensors.torch.load(read_whole(found.weights)))
    except (OSError, SafetensorError, NetworkError) as error:
        reason = str(error).splitlines()[0]
        raise RunError(f"{found.weights} cannot be used: {reason}; delete it, and the same search trains the network again") from None


def _trained_now(run: Run, settings: Settings, found: Trained, task: Task) -> tuple[Trained, float | None]:
    """Train an architecture as the run trains its finals, and keep its weights; its score on test, if the task has such a split."""
    if str(found.architecture) in settings.get("warm_start", {}):
        said = "started from weights of your own, which the run does not hold: the same search with keep_weights='all' trains it"
        raise RunError(f"{found.name} of the run {run.name} {said}")
    if fingerprint(task) != settings["data"]:
        raise RunError(f"the run {run.name} was of other data than the task {task.name} has now: give the task of the search")
    check_trained_alike(settings, task, run.name)
    file = run.weights / f"{found.trial.proposal.stem}.safetensors"
    context = Context(settings["seed"], final=True, changes=dict(found.trial.proposal.changes), files=file)
    try:
        objective = TaskObjective(task, Recipe(**settings["recipe"]), Compute.of(settings.get("compute")))
        evaluation = objective.evaluate(found.architecture, context)
    except NotANumber as error:
        raise RunError(f"the network cannot be trained: {error}") from None
    if evaluation.value is None or not file.is_file():
        raise RunError(f"the network has no weights: {evaluation.reason}")
    return replace(found, weights=file), None if task.untested else evaluation.value
