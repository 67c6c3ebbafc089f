"""Search: strategy, executor and study joined into one call, whose results survive an interruption."""

import logging
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from math import inf
from typing import Any, Literal

import numpy as np

from einspace import machine, strategies
from einspace.callbacks import Bar, Callback, CallbackThread, Progress, WriteReport, checked
from einspace.config import OF_A_STRATEGY, write_config
from einspace.errors import RunError, SettingError, StorageError
from einspace.evaluation import Objective
from einspace.evaluation.compute import Compute
from einspace.evaluation.objective import TaskObjective
from einspace.evaluation.pace import step_seconds
from einspace.executors import Chosen, Executor, Make, choose
from einspace.executors.choice import WORKERS
from einspace.executors.main_module import check_sendable
from einspace.grammar import Grammar
from einspace.limits import Limits
from einspace.networks import Imported
from einspace.phases.budget import Budget
from einspace.phases.finals import Finals, longer_in_the_end
from einspace.phases.race import Race, raced
from einspace.quantities import duration, seconds_of
from einspace.racing.standing import Standing
from einspace.result import Result, collect
from einspace.result.reading import checked_notes, elapsed, sessions_of
from einspace.run.attachments import attach
from einspace.run.folder import NOTE, Run, made
from einspace.run.settings import Settings, of_search, of_strategy
from einspace.space import EinSpace
from einspace.storage import StudyStore
from einspace.storage.outage import SERVER_PATIENCE
from einspace.storage.pruners import pruner_of
from einspace.storage.store import undamaged
from einspace.strategies import Strategy
from einspace.strategies.initial import Initial, listed
from einspace.strategies.optimizer import is_maximized
from einspace.strategies.program import Program
from einspace.study.bounds import Bounds, bounds, tell_if_nothing_evolves
from einspace.study.course import Course
from einspace.study.driver import Driver, Stopped
from einspace.study.heirs import check_inherits, heirs_of
from einspace.study.imported import named, same_as_warm
from einspace.study.phases import Search
from einspace.study.raised import with_room
from einspace.study.repeating import origin_of, repeating
from einspace.study.rungs import RUNGS, rungs_for
from einspace.study.signals import Interrupted, handled
from einspace.study.start import Call, Start, protocol_of
from einspace.study.subject import Subject
from einspace.tasks import Recipe, Task
from einspace.tasks.changes import recipe_of
from einspace.tasks.fingerprints import name_of
from einspace.trial import SEARCH

EVOLUTION = "evolution"
"""The strategy of a search that names none."""

PROGRAM = name_of(Program)
"""The name of the strategy of a search with a proposer."""

_LOG = logging.getLogger("einspace")


def search(
    task: Task | str | None = None,
    strategy: str | Strategy = EVOLUTION,
    trials: int | None = None,
    workers: int | None = None,
    seed: int = 0,
    *,
    budget: str | float | None = None,
    iterations: int | None = None,
    objective: Objective | None = None,
    space: EinSpace | None = None,
    direction: Literal["maximize", "minimize"] = "maximize",
    init: Initial | None = None,
    population: int | None = None,
    tournament: int | None = None,
    elite: int | None = None,
    crossover: float | None = None,
    edits: float | None = None,
    widening: float | None = None,
    recipe_changes: float | None = None,
    adaptive: bool | None = None,
    surrogate: bool | None = None,
    learned: bool | None = None,
    cost: str | None = None,
    inherit: bool = False,
    proposer: str | None = None,
    recipe: Recipe | Mapping[str, Any] | None = None,
    compute: Compute | Mapping[str, Any] | None = None,
    limits: Limits | None = None,
    computation_probability: float | None = None,
    grammar: Grammar | str | None = None,
    time_limit: float | None = None,
    protocol: str | None = None,
    run: str | None = None,
    runs: str | os.PathLike[str] = "runs",
    executor: Executor | Make | str | None = None,
    progress: Callable[[Progress], None] | bool | None = None,
    storage: str | None = None,
    patience: float = SERVER_PATIENCE,
    pruner: str = "none",
    callbacks: Sequence[Callback] = (),
    devices: str | Sequence[str] | None = None,
    keep_weights: Literal["best", "all", "none"] = "best",
    final_seeds: int = 1,
    race: bool | None = None,
    report: bool = True,
) -> Result:
    """Search an architecture for a task; then train the best one and the baselines for the test split.

    A call that names an existing `run` continues it, and evaluates only what is missing. With one worker the result is that of a run that
    was never interrupted. In a script with an objective of its own, the call stands under `if __name__ == "__main__":`.

    Args:
        task: A task, its name, or a path to data.
        strategy: The name of a strategy, `module:Class`, or a strategy.
        trials: Architectures that the run has when it is finished, initial members and failed trials included.
        workers: Evaluations at a time, in worker processes or on Ray; None: one for each GPU of `devices`, and 2 without any.
        seed: Seed of all random choices. Runs repeat only with one worker and a number of trials.
        budget: Time for the run, final trainings included, in seconds or such as "30m", "8h"; trials are proposed as long as it lasts. A
            search that is given neither trials nor iterations nor a budget has four minutes. By the paper's protocol it has 1,000 trials
            from scratch, or 500 iterations from initial members; one of an objective has 100 trials.
        iterations: Trials beside the initial members: the paper's 500 iterations from ResNet18 are `iterations=500`.
        objective: A function of an architecture and a `Context` that trains and scores in a worker, in place of a task; it returns the
            score, or a mapping with `score` and more. It needs a `space`, and the run ends without final trainings.
        space: The space of an objective.
        direction: Of an objective: whether a higher or a lower score is better.
        init: Initial members of an evolving strategy, such as "resnet8,random*6", texts, architectures, or what `from_module` read; empty:
            from scratch. None: the baselines that fit, and random samples.
        population: Members of an evolving strategy's population; None: a fifth of the trials, from 10 to 50.
        tournament: Members that compete to be a parent; None: half of the population.
        elite: Number of the best trials that stay parents at any age, in the strategy "evolution"; None: 5 of a population of at most 20,
            and none under the protocol "paper".
        crossover: The probability that a child has two parents (0).
        edits: The share of the other children that are edited as by hand; None: 0.7, and 0 under the protocol "paper".
        widening: The probability that a child is the best network so far with all its widths doubled, while no trial is that network;
            None: 0.5, and 0 under the protocol "paper".
        recipe_changes: The probability that recipe or head of a child change; None: 0.3, and 0 under the protocol "paper".
        adaptive: Whether the kinds of change that made children better are drawn more often (False).
        surrogate: Whether a model of the run's finished trials chooses, among several children or offers of a proposer, the one that is
            trained (False).
        learned: Whether mutants and samples are drawn with probabilities that the best of the run's finished trials teach (False).
        cost: The second objective of the strategy "pareto": "parameters" (the default), "flops" or "latency".
        inherit: Whether a child begins with what it shares with the weights of its first parent, and is trained for half of the epochs
            (`einspace.evaluation.inherited`); race and final trainings begin with fresh weights. It takes a task, our protocol, a strategy
            whose proposals name parents, and no pruner.
        proposer: The command of a program that proposes, in place of a strategy (see `einspace.strategies.program`). No run stores it.
        recipe: A recipe, or changes to the task's own, such as `{"epochs_search": 2}`.
        compute: Precision, layout and compilation of all trainings, such as `{"precision": "bf16"}`; see `evaluation.compute`.
        limits: The largest architecture that is wanted. Without a limit, what a trial may cost follows from the budget or the baselines.
            A limit at its default is raised, with a warning, where an initial member is over it.
        computation_probability: p(M -> C) of the paper's grammar.
        grammar: "paper", "sequences" (with convolutions along a series), "recurrent", or a grammar of your own with its own
            probabilities, whose operations the workers import. By default that of sequences for series, unless the protocol is the
            paper's.
        time_limit: Seconds for one evaluation of the search; a final training gets more, in proportion to epochs and samples. None: it
            follows from the budget of time; an hour without one.
        protocol: "paper" for the defaults of the paper's experiments, "einspace" for those above; None: those of the run, or of a new one
            "einspace" (see `einspace.config.protocol`).
        run: The run's name; a new one if not given.
        runs: The folder of all runs.
        executor: "processes" (the default), "ray", a maker (see `executors.choose`), or an executor, which is left open.
        progress: Called when a trial begins, has done an epoch that is watched, or has ended, from this thread; True shows it all.
        storage: The address of a database, `postgresql+psycopg://user:password@host/name` or `sqlite:///path`, in place of a file in the
            run's folder. In PostgreSQL any number of drivers join the run of the same name, and take over from those that died.
        patience: Seconds that such a server may be away at a time.
        pruner: One of `storage.pruners.PRUNERS`, which gives up trials early from the validation scores of their epochs. "rungs" trains at
            a constant rate that decays in the end, and after a quarter and half of the epochs goes on with the better half; it takes a
            task, our protocol, and any strategy but "pareto" and "sampling".
        callbacks: Hear of each new trial and of the end, from a thread of their own; one that raises is switched off with a warning.
        devices: Devices that the workers train on in turn, such as `("cuda:0", "cuda:1")`; None is the CPU.
        keep_weights: Whose weights the final trainings write as safetensors, `weights/KEY.safetensors` in the run's folder: those of the
            "best" architecture and of the one that the verdict recommends, of "all" (baselines and finalists of the decision too), or of
            "none". A run that ended without them trains what is missing.
        final_seeds: Seeds of the final trainings, whose mean and spread are reported; 0: no final trainings, and all time for the others.
        race: Whether the best candidates and the best baseline are trained again before one of them is believed to be the best, which gives
            the verdict; by default with a task, for searches of 10 trials and more.
        report: Whether the search leaves `report.html` in the run's folder, when it ends and when it is interrupted.

    Returns:
        The result: the winner, the recommended network with its verdict, all trials, and what was scored on test.

    Raises:
        SettingError: An option has a value that cannot be used, or contradicts another one.
        UnknownNameError: A name of a task, strategy, baseline, protocol or the like is not known.
        NotationError, ShapeError: An initial member is a text that cannot be read, or does not fit the input.
        TaskError: The data cannot be used as a task.
        GrammarError, LimitError: The grammar does not end, or an initial member is not derived by it or is over a limit that was given.
        RunError: For a folder or a study that cannot be used; a StorageError for a database that fails during the search.
        Interrupted: On Ctrl-C, TERM or HUP.
    """
    given = {name: _plain(value) for name, value in locals().items()}  # the arguments, before anything else has a name
    trials, iterations, seed, final_seeds = (given[name] for name in ("trials", "iterations", "seed", "final_seeds"))
    if not 0 <= patience < inf:
        raise SettingError(f"patience must be a number of seconds of at least 0, not {patience!r}")
    callbacks = checked(callbacks)
    init, wanted = tuple(listed(init or ())), None if init is None else strategies.parse_initial(init)
    imported = [spec for spec in init if isinstance(spec, Imported)]
    computing, before = Compute.of(compute), _stored(runs, run, storage, patience)
    bound = Bounds(trials, iterations, given["budget"])
    members = (before or {}).get("init", ()) if wanted is None else wanted
    found = bounds(bound, protocol_of(protocol, before), objective is not None, members)
    if found != bound:
        _LOG.warning("nothing bounds this search, so it has %s: a budget or a number of trials says otherwise", found)
    trials, iterations, given["budget"] = found.number, found.iterations, found.budget
    seconds = None if given["budget"] is None else seconds_of(given["budget"])
    if objective is None:
        subject = Subject.of_task(
            task,
            space=space,
            recipe=recipe,
            compute=computing,
            imported=imported,
            limits=limits,
            computation_probability=computation_probability,
            grammar=grammar,
            protocol=protocol_of(protocol, before),
            stored=before,
        )
    else:
        if task is not None or space is None or recipe is not None or limits is not None or grammar is not None:
            raise SettingError("an objective needs a space, which has the limits and the grammar, and neither a task nor a recipe")
        if computing.said() or any(spec.warm_start for spec in imported):
            raise SettingError("an objective trains as it is written: precision, channels_last, compile and warm_start are for a task")
        subject = Subject.of_objective(objective, space, is_maximized(direction), named(imported))
    strategy = strategy if proposer is None else _program(proposer, strategy, subject.space, given, before)
    strategies.parse_initial(init, subject.space.input)
    subject = replace(subject, space=with_room(subject.space, members, subject.names, before))
    options = {name: given[name] for name in OF_A_STRATEGY} if proposer is None else {}
    make = executor if callable(executor) or isinstance(executor, Executor) else choose(executor or "processes", devices)
    workers = (make.workers if isinstance(make, Chosen) else WORKERS) if given["workers"] is None else given["workers"]
    accelerated = isinstance(make, Chosen) and make.accelerated
    here = isinstance(make, Chosen) and make.here and not accelerated
    trained = subject.work.objective
    step = partial(step_seconds, trained, threads=machine.threads(workers)) if here and isinstance(trained, TaskObjective) else None
    start = Start.of(
        Call(
            strategy,
            subject.space,
            subject.trained,
            wanted,
            options,
            trials,
            seconds,
            workers,
            given["time_limit"],
            protocol=protocol,
            stored=before,
            final_seeds=final_seeds,
            warm=subject.warm,
            accelerated=accelerated,
            step=step,
        )
    )
    trials = trials if trials is None or iterations is None else trials + len(start.initial)
    asked = strategies.get(strategy, subject.space, start.initial, **start.options)
    tell_if_nothing_evolves(asked, trials)
    if inherit is not False:
        check_inherits(inherit, asked, subject.task, start.protocol.name, pruner)
    rungs = rungs_for(asked, subject.recipe, start.protocol.name, start.changes) if pruner == RUNGS else None
    judge = pruner_of(pruner, 1 if subject.recipe is None else recipe_of(subject.recipe, start.changes).epochs_search)
    kept = of_strategy(asked, before is not None)
    named_strategy = name_of(type(strategy)) if isinstance(strategy, Strategy) else strategy
    shared = {"protocol": start.protocol.name, "init": list(start.initial)}
    config = repeating(subject, given, computing, kept, strategy=named_strategy, **shared)
    if not isinstance(make, Executor):
        check_sendable(subject.work)
    others = {**shared, "seed": seed, "pruner": None if pruner == "none" else pruner, "inherit": inherit}
    settings = subject.settings | of_search(subject.space, asked, named_strategy, kept, **others)
    warm = same_as_warm(subject.space, imported, start.initial, start.beside, subject.names)
    beside, left_out = [name for name in start.beside if name not in warm], {**start.left_out, **warm}
    entrants = Finals(
        subject.space,
        subject.task,
        subject.recipe,
        start.initial,
        asked,
        seed=seed,
        seeds=final_seeds,
        names=subject.names,
        beside=beside,
        left_out=left_out,
        changes=start.changes,
    )
    with ExitStack() as stack:
        strategy_open = stack.enter_context(ExitStack())
        strategy_open.callback(strategies.close, asked)  # once, after the search or at the end of a call that did not come so far
        stops = stack.enter_context(handled())  # until everything is closed: signals may come one after the other
        at_work = make if isinstance(make, Executor) else stack.enter_context(make(subject.work, workers, start.time_limit))
        folder = Run(runs, run, subject.name)
        stack.push(folder.remove_if_empty)
        database = folder.study(storage, patience)
        made(folder.path)
        folder.check(database, settings)
        stack.enter_context(database.driving())
        store = stack.enter_context(StudyStore.open(database, settings["metric"]["higher_is_better"], judge))
        folder.agree(store, settings)
        checked_notes(store)
        attach(folder.path, None if subject.task is None else subject.task.preprocessing, subject.attached)
        write_config(folder.path, config, origin_of(subject, settings))
        if isinstance(progress, bool):
            progress = stack.enter_context(Bar(f"search {folder.name}")) if progress else None
        reports = [WriteReport(lambda: collect(store, folder, settings))] if report else []
        known = {**settings, "scored_on": "test" if asked.final else "validation"}
        watch = stack.enter_context(CallbackThread([*callbacks, *reports], folder.path, known, progress))
        with undamaged(database):
            left = Budget(trials, seconds, elapsed(sessions_of(store), "search", "final"))
            entrants.remember(store)
        if seconds is not None and left.spent:
            said = (folder.name, duration(max(0.0, left.left)), duration(seconds))
            _LOG.warning("the run %s goes on with %s of its %s: a larger budget gives it more", *said)
        racing = raced(False if race is None and not start.protocol.race else race, subject.task, asked, trials)
        standing = Standing(store, [] if asked.final else entrants.proposals(), racing)
        heirs = heirs_of(asked, folder.inherited, workers) if inherit else None
        limit = start.time_limit
        if asked.final and subject.trained is not None and given["time_limit"] is None and (seconds is None or start.affordable is None):
            limit *= max(1.0, longer_in_the_end(*subject.trained))  # where a budget decides it, it is that of final trainings already
        course = Course(
            store,
            Driver(store, at_work, workers, left, watch.progress, pruner not in ("none", RUNGS), standing=standing),
            Search(asked, seed, left, limit, subject.space, start.affordable, heirs, rungs),
            entrants,
            Race(entrants, subject.task if racing else None, subject.recipe, left, seed, workers),
            start.time_limit,
            keep_weights,
            folder.weights,
            strategy_open.close,
        )
        stops.append(course.stop)
        try:
            course.run()
        except StorageError as error:
            error.run = folder.path
            raise
        except Stopped as error:
            raise Interrupted(folder.path, store.phase(SEARCH).ended, trials, error.signal) from None
        finally:
            stops.clear()
            database.back_up()
        with undamaged(database):
            result = collect(store, folder, settings)
        watch.finish(result)
        return result


def _program(proposer: str, strategy: str | Strategy, space: EinSpace, given: Mapping[str, Any], stored: Settings | None) -> Program:
    """The strategy that asks a program; raises SettingError beside anything that says otherwise how architectures are proposed."""
    if strategy not in (EVOLUTION, PROGRAM):
        raise SettingError(f"a search has either a strategy or a proposer, not both: {strategy!r} and {proposer!r}")
    in_vain = [name for name in ("init", *OF_A_STRATEGY) if name != "surrogate" and given[name] not in (None, "", [], ())]
    if in_vain:
        raise SettingError(f"a search with a proposer takes no {', no '.join(in_vain)}: its program proposes everything")
    surrogate = (stored or {}).get("surrogate") if given["surrogate"] is None else given["surrogate"]
    return Program(space, proposer, surrogate or False)


def _stored(runs: str | os.PathLike[str], run: str | None, storage: str | None, patience: float) -> Settings | None:
    """The settings of a run that is continued, from its folder or from the database that other drivers share; None for a new one."""
    if run is None:
        return None
    folder = Run(runs, run)
    found = folder.settings()
    if found is None and storage is not None:
        try:
            with StudyStore.open(folder.study(storage, patience)) as store:
                found = store.notes().get(NOTE)
        except StorageError:  # the server is not there, and has been waited for
            raise
        except RunError:  # the study is a new one; what else is wrong with it is said once it is used
            pass
    return found


def _plain(value: Any) -> Any:
    """A number of NumPy's as one of Python's, and anything else as it is."""
    return value.item() if isinstance(value, np.generic) else value
