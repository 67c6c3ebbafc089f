"""Many architectures on one task: `search`."""

import shlex
import sys
from contextlib import redirect_stdout
from typing import Annotated

import typer

from einspace.cli.options import AsJson, MaxParameters, Probability, Seed, TaskName
from einspace.cli.output import err, out, print_json, progress
from einspace.limits import Limits


def search(
    task_name: TaskName,
    strategy: Annotated[str, typer.Option("--strategy", help="sampling, random, evolution or mutation.")] = "evolution",
    init: Annotated[str, typer.Option("--init", help="Initial members, as resnet18,vit,random*8, or texts; none: from scratch.")] = "",
    trials: Annotated[int, typer.Option("--trials", help="Architectures that the run has when it is finished.")] = 100,
    workers: Annotated[int, typer.Option("--workers", help="Trials at a time.")] = 2,
    seed: Seed = 0,
    run: Annotated[str | None, typer.Option("--run", help="The run's name; the same name continues it.")] = None,
    runs: Annotated[str, typer.Option("--runs", help="The folder of all runs.")] = "runs",
    population: Annotated[int, typer.Option("--population", help="Architectures that can be parents.")] = 100,
    tournament: Annotated[int, typer.Option("--tournament", help="How many of them compete to be one.")] = 10,
    epochs: Annotated[int | None, typer.Option("--epochs", help="Epochs of a trial, in place of the task's recipe.")] = None,
    final_epochs: Annotated[int | None, typer.Option("--final-epochs", help="Epochs of the final training.")] = None,
    batch_size: Annotated[int | None, typer.Option("--batch-size", help="Samples of a training step.")] = None,
    learning_rate: Annotated[float | None, typer.Option("--learning-rate", help="Of the first step; a cosine takes it to zero.")] = None,
    weight_decay: Annotated[float | None, typer.Option("--weight-decay")] = None,
    time_limit: Annotated[float, typer.Option("--time-limit", help="Seconds that one trial may take.")] = 3600.0,
    max_parameters: MaxParameters = 100_000_000,
    max_flops: Annotated[int, typer.Option("--max-flops", help="Of a backbone, for one sample.")] = 100_000_000_000,
    probability: Probability = 0.32,
    executor: Annotated[str, typer.Option("--executor", help="Where trials run: processes or ray.")] = "processes",
    address: Annotated[str | None, typer.Option("--address", help="Of a Ray cluster; none: RAY_ADDRESS, or Ray on this machine.")] = None,
    cpus_per_trial: Annotated[float | None, typer.Option("--cpus-per-trial", help="That Ray gives to a trial: 1 if not set.")] = None,
    gpus_per_trial: Annotated[float | None, typer.Option("--gpus-per-trial", help="That Ray gives to a trial; 0.5: two share one.")] = None,
    as_json: AsJson = False,
) -> None:
    """Search an architecture for a task, train the best one and the baselines, and score them on test."""
    from einspace import study
    from einspace.executors import choose
    from einspace.reporting.result import summary

    changes = {"epochs_search": epochs, "epochs_final": final_epochs, "batch_size": batch_size}
    changes |= {"learning_rate": learning_rate, "weight_decay": weight_decay}  # type: ignore[dict-item]
    run = study.new_name(task_name, runs) if run is None else run
    with redirect_stdout(sys.stderr), progress() as bar:  # Ray tells of lost workers on stdout, which is for the result
        line = bar.add_task(f"search {run}", total=trials, best="")

        def told(news: study.Progress) -> None:
            if news.phase == "final":
                bar.update(line, description="train for test", completed=news.done, total=news.total)
            else:
                best = "" if news.best is None else f"best {news.best:.4f}"
                bar.update(line, completed=news.done, total=news.total, best=best)

        try:
            result = study.search(
                task_name,
                strategy,
                trials,
                workers,
                seed,
                init=init,
                population=population,
                tournament=tournament,
                recipe=changes,
                limits=Limits(parameters=max_parameters, flops=max_flops),
                computation_probability=probability,
                time_limit=time_limit,
                run=run,
                runs=runs,
                executor=choose(executor, address, cpus_per_trial, gpus_per_trial),
                progress=told,
            )
        except study.Interrupted as interrupted:
            bar.stop()
            err.print(f"{interrupted}:", markup=False, highlight=False, soft_wrap=True)
            err.print(f"  {again(run)}", markup=False, highlight=False, soft_wrap=True)
            raise typer.Exit(130) from None
    if as_json:
        print_json(result.to_json())
        return
    for part in summary(result, out.width):
        out.print(part)
    out.print(f"The run lies in {result.run}. To go on from it, with more trials:", highlight=False, soft_wrap=True)
    out.print(f"  {again(run, trials * 2)}", markup=False, highlight=False, soft_wrap=True)


def again(run: str, trials: int | None = None) -> str:
    """The command that continues a run: this one, with the run's name in it, and with more trials if wished."""
    words = sys.argv[1:]
    if not any(word == "--run" or word.startswith("--run=") for word in words):
        words += ["--run", run]
    if trials is not None:
        for i, word in enumerate(words):
            if word.startswith("--trials="):
                words[i] = f"--trials={trials}"
            elif word == "--trials":
                words[i + 1] = str(trials)
        if not any(word.startswith("--trials") for word in words):
            words += ["--trials", str(trials)]
    return shlex.join(["einspace", *words])
