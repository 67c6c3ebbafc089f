"""Search: strategy, executor and Optuna's study joined into one call, whose results survive whatever ends it."""

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from functools import partial
from math import inf
from time import perf_counter
from typing import Any

from einspace import strategies
from einspace.callbacks import Callback, Watch
from einspace.config import OwnSettings, stored, write_config
from einspace.errors import SettingError
from einspace.evaluation.evaluate import evaluate
from einspace.executors import Executor, Make, choose
from einspace.executors.processes import check_sendable
from einspace.grammar import COMPUTATION_PROBABILITY, Grammar
from einspace.limits import Limits
from einspace.result import Progress, Result, collect
from einspace.run import Run
from einspace.settings import settings_of
from einspace.space import EinSpace
from einspace.storage.backup import back_up
from einspace.storage.outage import PATIENCE
from einspace.strategies.initial import RANDOM, Initial, label
from einspace.study import finals, pruning
from einspace.study.driving import Interrupted, drive, open_study, store_session
from einspace.study.loop import Loop
from einspace.tasks import Recipe, Task, load_task

TIME_LIMIT = 3600.0
"""Seconds that one trial may take, unless told otherwise."""

_SHOWN = ("name", "key", "parameters", "reason")
"""What the study keeps of a baseline."""


def search(
    task: Task | str,
    strategy: str = "evolution",
    trials: int = 100,
    workers: int = 2,
    seed: int = 0,
    *,
    init: Initial = (),
    population: int | None = None,
    tournament: int | None = None,
    cost: str | None = None,
    recipe: Recipe | Mapping[str, Any] | None = None,
    limits: Limits | None = None,
    computation_probability: float | None = None,
    grammar: Grammar | None = None,
    time_limit: float | None = TIME_LIMIT,
    run: str | None = None,
    runs: str | os.PathLike[str] = "runs",
    executor: Executor | Make | str | None = None,
    progress: Callable[[Progress], None] | None = None,
    storage: str | None = None,
    patience: float = PATIENCE,
    pruner: str = "none",
    callbacks: Sequence[Callback] = (),
    devices: str | Sequence[str] | None = None,
    keep_weights: bool = False,
    final_seeds: int = 1,
) -> Result:
    """Search an architecture for a task; then train the best one and the baselines for the test split.

    `trials` is the number of architectures that the run has when it is finished: the call that names an existing `run` continues it, and
    evaluates only what is missing. With one worker the result is that of a run that was never interrupted. `init` are the initial members
    of an evolving strategy, such as "resnet8,random*6", or texts and architectures of your own, such as `[imported.architecture]`; `recipe`
    is a recipe, or changes to the task's own, such as `{"epochs_search": 2}`.
    `population` (100 if not given) and `tournament` (10) are those of an evolving strategy. `cost`, "parameters" (if not given), "flops" or
    "latency", is the second objective of the strategy "pareto"; `Result.pareto` has what nothing beats in both. The latency, in seconds for
    one sample, is measured after the training, on the worker's device and with its threads. A strategy refuses what it has no use for.
    `grammar` is another one than the paper's, with its own probabilities; the texts of the result are of it. Workers import its operations,
    so a class of one's own stands at the top of a module or of a script.
    `time_limit` is in seconds for one evaluation of the search, None for no limit; the final training gets as much longer as it has more
    epochs and samples.
    `executor` is "processes", or None, for worker processes of this machine; "ray", for whose settings see `executors.choose`; or one of
    your own. That is left open, but for Ctrl-C, which stops it. It is the one that knows what an evaluation is, and so another grammar:
    `ProcessExecutor(task, recipe, evaluate=partial(evaluate, grammar=grammar))`.
    `progress` is called after each trial, from one thread at a time. `callbacks` are told of each new trial and of the end, from a thread
    of their own; one that raises is switched off with a warning.
    The run keeps `config.yaml`, with which `einspace search --config` repeats it.
    `storage` is the address of a database, `postgresql+psycopg://user:password@host/name` or `sqlite:///path`, in which the study has the
    run's name, in place of a file in the run's folder. In PostgreSQL any number of drivers, on any machines, join the same study if they
    give the same `run`; they share its trials, and take over those of a driver that has died. Once it was reached, that server may be away
    for up to `patience` seconds at a time: evaluations go on, and their results are stored when it is back.
    `devices` are those that the workers train on in turn, such as `("cuda:0", "cuda:1")`; a worker that dies is tried again twice.
    `keep_weights` writes those of the final trainings as safetensors, `weights/KEY.safetensors` in the run's folder, for `einspace export`.
    `final_seeds` is from how many seeds the best one and the baselines are trained in the end, whose mean and spread are told; a call that
    goes on with a run may ask for more of them.
    `pruner`, one of `pruning.PRUNERS`, gives up trials early from the validation scores of their epochs.

    Raises SettingError, UnknownNameError, NotationError, ShapeError, TaskError, GrammarError, LimitError or RunError for what cannot be,
    StorageError, which is a RunError, for a database that fails or stays away meanwhile, and Interrupted on Ctrl-C.
    """
    given = dict(locals())  # the arguments, before anything else has a name
    if not 0 <= patience < inf:
        raise SettingError(f"the patience must be seconds of at least 0, not {patience!r}")
    task = load_task(task) if isinstance(task, str) else task
    recipe = recipe if isinstance(recipe, Recipe) else task.recipe.override(**(recipe or {}))
    limits = Limits() if limits is None else limits
    chosen = pruning.get(pruner, recipe.epochs_search)
    space = EinSpace(task.input, computation_probability, limits, grammar)
    evaluation = partial(evaluate, grammar=space.grammar)
    make = executor if callable(executor) or isinstance(executor, Executor) else choose(executor or "processes", devices)
    if not isinstance(make, Executor):
        check_sendable(evaluation)
    initial = strategies.parse_initial(init, space.input)
    proposer = strategies.get(strategy, space, initial, population=population, tournament=tournament, cost=cost)
    of_strategy = {name: getattr(proposer, name) for name in strategies.options(strategy)}
    resolved = {
        "task": task.path or task.name,
        "own": OwnSettings.of(task.own).model_dump(),
        "init": list(initial),
        "runs": os.fspath(runs),
        "computation_probability": COMPUTATION_PROBABILITY if computation_probability is None else computation_probability,
        "recipe": asdict(recipe),
        "limits": asdict(limits),
        **of_strategy,
    }
    config = stored({**given, **resolved})
    settings = settings_of(
        task,
        recipe,
        space,
        limits,
        strategy=strategy,
        init=list(initial),
        seed=seed,
        **of_strategy,
        pruner=None if pruner == "none" else pruner,
    )
    compared = [(label(name, number), name) for number, name in enumerate(initial) if name != RANDOM]
    entries = [finals.entry(shown, name, space) for shown, name in compared or ((name, name) for name in task.baselines)]
    folder = Run(runs, run, task.name)
    database = folder.study(storage, patience)
    higher = task.metric.higher_is_better
    with ExitStack() as stack:
        if storage is None:
            stack.enter_context(folder.open(settings))
        else:
            folder.make()
            stack.enter_context(database.driving())
        write_config(folder.path, config, settings["data"], grammar.fingerprint if grammar is not None else None)
        at_work = make if isinstance(make, Executor) else stack.enter_context(make(task, recipe, workers, time_limit, evaluation))
        opened = stack.enter_context(database.open())
        study = open_study(opened, database, settings, higher, folder.name)
        watch = stack.enter_context(Watch(callbacks, folder.path, settings, progress))
        loop = Loop(study, opened, database, proposer, at_work, seed, workers, watch.progress, None if pruner == "none" else chosen)
        searched = None
        try:
            drive(loop, trials)
            searched = perf_counter()
            with database.finishing() as mine:
                if mine:
                    history = loop.ledger.rows.values()
                    loop.set_user_attr("baselines", [{name: entry[name] for name in _SHOWN} for entry in entries])
                    finals.score(loop, at_work, "valid", finals.unscored_baselines(loop, history, entries), seed)
                    loop.set_user_attr("final_seeds", final_seeds)
                    wanted = finals.finals(loop, history, entries, higher, final_seeds)
                    if wanted and not isinstance(make, Executor):
                        at_work.close()
                        limit = finals.final_limit(time_limit, task, recipe)
                        at_work = stack.enter_context(make(task, recipe, workers, limit, evaluation))
                    finals.score(loop, at_work, "test", wanted, seed, progress, folder.weights if keep_weights else None)
        except KeyboardInterrupt:
            at_work.stop()
            raise Interrupted(folder.path, len(loop.ledger.rows), max(loop.total, trials)) from None
        finally:
            store_session(loop, searched)
            if database.file is not None:
                back_up(database.file)
        result = collect(loop, folder, settings)
        watch.finish(result)
        return result


def new_name(task: str, runs: str | os.PathLike[str] = "runs") -> str:
    """A name for a new run in a folder of runs: the date, the time and the task."""
    return Run(runs, None, task).name
