"""Search: strategy, executor and Optuna's study joined into one call, whose results survive whatever ends it."""

import os
from collections.abc import Callable, Mapping
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor, as_completed
from contextlib import ExitStack
from functools import partial
from math import inf
from pathlib import Path
from time import perf_counter
from typing import Any

import optuna
from optuna.study import StudyDirection

from einspace import strategies
from einspace.errors import GrammarError, NetworkError, SettingError, ShapeError
from einspace.evaluation.evaluate import evaluate
from einspace.evaluation.outcome import Evaluation, Outcome, Request
from einspace.executors import Executor, Make, choose
from einspace.executors.processes import check_sendable
from einspace.grammar import Grammar
from einspace.limits import Limits
from einspace.loop import Loop, Progress
from einspace.result import Result, best_of, collect, load_result, rows
from einspace.run import STUDY, Run, settings_of
from einspace.space import EinSpace
from einspace.strategies.initial import RANDOM, Initial, label, member
from einspace.tasks import Recipe, Task, load_task

TIME_LIMIT = 3600.0
"""Seconds that one trial may take, unless told otherwise."""

_SETTLED = (Outcome.OK.value, Outcome.NAN.value, Outcome.ERROR.value)
"""Outcomes of an evaluation outside the trials that another try would only repeat."""


class Interrupted(Exception):
    """A search was ended by Ctrl-C. Everything that had finished is stored in the folder `run`; the same call goes on from there."""

    def __init__(self, run: Path, done: int, total: int) -> None:
        super().__init__(run, done, total)
        self.run = run
        self.done = done
        self.total = total

    def __str__(self) -> str:
        return f"interrupted after {self.done} of {self.total} trials; the run {self.run} can be continued"


def search(
    task: Task | str,
    strategy: str = "evolution",
    trials: int = 100,
    workers: int = 2,
    seed: int = 0,
    *,
    init: Initial = (),
    population: int = 100,
    tournament: int = 10,
    recipe: Recipe | Mapping[str, Any] | None = None,
    limits: Limits | None = None,
    computation_probability: float | None = None,
    grammar: Grammar | None = None,
    time_limit: float | None = TIME_LIMIT,
    run: str | None = None,
    runs: str | os.PathLike[str] = "runs",
    executor: Executor | Make | str | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> Result:
    """Search an architecture for a task; then train the best one and the baselines for the test split.

    `trials` is the number of architectures that the run has when it is finished: the call that names an existing `run` continues it, and
    evaluates only what is missing. With one worker the result is that of a run that was never interrupted. `init` are the initial members
    of an evolving strategy, such as "resnet8,random*6", or texts and architectures of your own, such as `[imported.architecture]`; `recipe`
    is a recipe, or changes to the task's own, such as `{"epochs_search": 2}`.
    `grammar` is another one than the paper's, with its own probabilities; the texts of the result are of it. Workers import its operations,
    so a class of one's own stands at the top of a module or of a script.
    `time_limit` is in seconds for one evaluation of the search, None for no limit; the final training gets as much longer as it has more
    epochs and samples.
    `executor` is "processes", or None, for worker processes of this machine; "ray", for whose settings see `executors.choose`; or one of
    your own. That is left open, but for Ctrl-C, which stops it. It is the one that knows what an evaluation is, and so another grammar:
    `ProcessExecutor(task, recipe, evaluate=partial(evaluate, grammar=grammar))`.
    `progress` is called after each trial, from one thread at a time.

    Raises SettingError, UnknownNameError, NotationError, ShapeError, TaskError, GrammarError, LimitError or RunError for what cannot be,
    and Interrupted on Ctrl-C.
    """
    for name, value, least in (("trials", trials, 1), ("workers", workers, 1), ("seed", seed, 0)):
        if type(value) is not int or value < least:
            raise SettingError(f"{name} must be a whole number of at least {least}, not {value!r}")
    if time_limit is not None and not 0 < time_limit < inf:
        raise SettingError(f"the time limit must be over 0 seconds, or None, not {time_limit!r}")
    task = load_task(task) if isinstance(task, str) else task
    recipe = recipe if isinstance(recipe, Recipe) else task.recipe.override(**(recipe or {}))
    limits = Limits() if limits is None else limits
    space = EinSpace(task.input, computation_probability, limits, grammar)
    evaluation = partial(evaluate, grammar=space.grammar)
    make = executor if callable(executor) or isinstance(executor, Executor) else choose(executor or "processes")
    if not isinstance(make, Executor):
        check_sendable(evaluation)
    initial = strategies.parse_initial(init, space.input)
    proposer = strategies.get(strategy, space, initial, population, tournament)
    evolving = isinstance(proposer, strategies.TournamentStrategy)
    settings = settings_of(
        task,
        recipe,
        space,
        limits,
        strategy=strategy,
        init=list(initial),
        seed=seed,
        population=population if evolving else None,
        tournament=tournament if evolving else None,
    )
    compared = [(label(name, number), name) for number, name in enumerate(initial) if name != RANDOM]
    entries = [_entry(shown, name, space) for shown, name in compared or ((name, name) for name in task.baselines)]
    folder = Run(runs, run, task.name)
    with ExitStack() as stack:
        stack.enter_context(folder.open(settings))
        storage = stack.enter_context(folder.storage())
        direction = StudyDirection.MAXIMIZE if task.metric.higher_is_better else StudyDirection.MINIMIZE
        study = optuna.create_study(study_name=STUDY, storage=storage, direction=direction, load_if_exists=True)
        at_work = make if isinstance(make, Executor) else stack.enter_context(make(task, recipe, workers, time_limit, evaluation))
        loop = Loop(study, storage, proposer, at_work, seed, progress)
        clock = _Session(study, workers, loop)
        try:
            _drive(loop, trials, workers)
            study.set_user_attr("baselines", [{name: entry[name] for name in ("name", "key", "parameters", "reason")} for entry in entries])
            clock.searched()
            _score(study, at_work, "valid", _unscored_baselines(study, entries), seed)
            finals = _finals(study, entries, task.metric.higher_is_better)
            if finals and not isinstance(make, Executor):
                at_work.close()
                limit = _final_limit(time_limit, task, recipe)
                at_work = stack.enter_context(make(task, recipe, workers, limit, evaluation))
            _score(study, at_work, "test", finals, seed, progress)
        except KeyboardInterrupt:
            at_work.stop()
            done = len(rows(study.get_trials(deepcopy=False)))
            raise Interrupted(folder.path, done, max(done, trials)) from None
        finally:
            clock.store()
        return collect(study, folder, folder.settings() or settings)


def _drive(loop: Loop, trials: int, workers: int) -> None:
    """Run the loop in a thread of its own, so that Ctrl-C reaches this one at once; on Ctrl-C the evaluations are given up."""
    with ThreadPoolExecutor(1, thread_name_prefix="einspace-study") as pool:
        future = pool.submit(loop.run, trials, workers)
        try:
            future.result()
        except KeyboardInterrupt:
            loop.stopping = True
            loop.executor.stop()
            raise


def new_name(task: str, runs: str | os.PathLike[str] = "runs") -> str:
    """A name for a new run in a folder of runs: the date, the time and the task."""
    return Run(runs, None, task).name


class _Session:
    """How long this driver took: stored at its end, whatever ends it, for a run may have several."""

    def __init__(self, study: optuna.Study, workers: int, loop: Loop) -> None:
        self.study = study
        self.workers = workers
        self.loop = loop
        self.start = perf_counter()
        self.end_of_search: float | None = None

    def searched(self) -> None:
        """The search is over; what follows is the final training."""
        self.end_of_search = perf_counter()

    def store(self) -> None:
        """Append this session, unless it had nothing to evaluate."""
        now = perf_counter()
        middle = self.end_of_search or now
        if self.loop.evaluating == 0 and now - middle < 1:
            return
        sessions = self.study.user_attrs.get("sessions", [])
        search = middle - self.start if self.loop.evaluating else 0.0
        session = {"workers": self.workers, "search": search, "final": now - middle, "evaluating": self.loop.evaluating}
        self.study.set_user_attr("sessions", [*sessions, session])


def _entry(shown: str, name: str, space: EinSpace) -> dict[str, Any]:
    """A baseline at the task's input and in its grammar, or why there is none; or an initial member of the user's own."""
    try:
        architecture = member(space, name)
    except (NetworkError, ShapeError, GrammarError) as error:
        return {"name": shown, "key": "", "parameters": None, "reason": str(error), "text": ""}
    return {"name": shown, "key": architecture.key, "parameters": architecture.parameters, "reason": "", "text": str(architecture)}


def _unscored_baselines(study: optuna.Study, entries: list[dict[str, Any]]) -> dict[str, str]:
    """Texts by key of the baselines that were no trial."""
    tried = {row.key for row in rows(study.get_trials(deepcopy=False))}
    return _unsettled(study, "valid", {entry["key"]: entry["text"] for entry in entries if entry["text"] and entry["key"] not in tried})


def _finals(study: optuna.Study, entries: list[dict[str, Any]], higher_is_better: bool) -> dict[str, str]:
    """Texts by key of what is trained for the test split: the best trial, and the baselines that have a validation score."""
    history = rows(study.get_trials(deepcopy=False))
    scored = {row.key for row in history if row.value is not None}
    scored |= {
        name.removeprefix("valid:") for name, known in study.user_attrs.items() if name.startswith("valid:") and known["value"] is not None
    }
    best = best_of(history, higher_is_better)
    finals = {} if best is None else {best.key: best.text}
    finals |= {entry["key"]: entry["text"] for entry in entries if entry["key"] in scored and entry["key"] not in finals}
    return _unsettled(study, "test", finals)


def _unsettled(study: optuna.Study, split: str, texts: dict[str, str]) -> dict[str, str]:
    """Those whose evaluation on a split has no outcome yet that will stay."""
    known = study.user_attrs
    return {key: text for key, text in texts.items() if known.get(f"{split}:{key}", {}).get("outcome") not in _SETTLED}


def _score(
    study: optuna.Study,
    executor: Executor,
    split: str,
    texts: dict[str, str],
    seed: int,
    progress: Callable[[Progress], None] | None = None,
) -> None:
    """Evaluate outside the trials, each architecture once in a run, and keep what came of it with the study."""
    futures: dict[Future[Evaluation], str] = {
        executor.submit(Request(text, final=split == "test", seed=seed)): key for key, text in texts.items()
    }
    if progress is not None and futures:
        progress(Progress("final", 0, len(futures), None))
    for done, future in enumerate(as_completed(futures), 1):
        try:
            evaluation = future.result()
        except CancelledError:
            raise KeyboardInterrupt from None
        study.set_user_attr(
            f"{split}:{futures[future]}",
            {
                "value": evaluation.value,
                "outcome": evaluation.outcome.value,
                "reason": evaluation.reason,
                "seconds": evaluation.seconds.total,
            },
        )
        if progress is not None:
            progress(Progress("final", done, len(futures), None))


def _final_limit(time_limit: float | None, task: Task, recipe: Recipe) -> float | None:
    """The time limit of a search, stretched to more epochs and samples, and never shortened."""
    if time_limit is None:
        return None
    samples = (len(task.train) + len(task.valid)) / len(task.train)
    return time_limit * max(1.0, recipe.epochs_final / recipe.epochs_search * samples)


__all__ = ["Interrupted", "Progress", "Result", "TIME_LIMIT", "load_result", "new_name", "search"]
