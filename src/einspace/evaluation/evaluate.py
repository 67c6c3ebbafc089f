"""Evaluate: from a text to a score."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from math import isfinite
from time import perf_counter

import torch
from torch import Tensor

from einspace.evaluation.latency import measured
from einspace.evaluation.outcome import Evaluation, Outcome, Request, Seconds, Watch
from einspace.evaluation.training import predict, train
from einspace.evaluation.weights import keep_weights
from einspace.grammar import Grammar
from einspace.networks import Head, build, check_fit
from einspace.space import EinSpace
from einspace.tasks.recipe import Recipe
from einspace.tasks.task import Task


class _Pruned(Exception):
    """The watch said no."""


def evaluate(
    request: Request,
    task: Task,
    recipe: Recipe,
    device: str = "cpu",
    on_epoch: Callable[[int, float], None] | None = None,
    grammar: Grammar | None = None,
    watch: Watch | None = None,
    head: Head | None = None,
) -> Evaluation:
    """Build the architecture, train it and score it; raises what the parts raise.

    During the search: trained on `train` for `recipe.epochs_search`, scored on `valid` after the last epoch. `request.final`: trained on
    `train` and `valid` for `recipe.epochs_final`, scored on `test`, once. Weights and shuffling follow from `request.seed`.
    `on_epoch` is told the loss of each epoch, as in `train`. `watch` is then told the score on `valid`, in a search only; if it says no,
    the outcome is pruned, even after the last epoch. Watching changes nothing else. `grammar` is the one that the text is of, the paper's
    unless told otherwise. `head` is the task's unless told otherwise; NetworkError names both where it does not fit the task. In a search,
    the latency of the trained network is measured too. A measurement that fails costs no score, and neither do weights that `request.keep`
    asks for and that cannot be written: the reason says why.
    """
    clock = perf_counter()
    torch.manual_seed(request.seed)
    architecture = EinSpace(task.input.shape, grammar=grammar).parse(request.text)
    head = task.head if head is None else head
    check_fit(head, architecture.output, task.output, task.name)
    network = build(architecture, head).to(device)
    parameters = sum(parameter.numel() for parameter in network.parameters() if parameter.requires_grad)
    x, y = task.tensors(["train", "valid"] if request.final else ["train"], device)
    built = perf_counter()
    epochs = recipe.epochs_final if request.final else recipe.epochs_search
    losses: list[float] = []
    scores: list[float] = []
    scoring = 0.0

    @cache
    def unseen() -> tuple[Tensor, Tensor]:
        return task.tensors(["test" if request.final else "valid"], device)

    def score() -> float:
        inputs, targets = unseen()
        return task.score(predict(network, inputs, recipe.batch_size), targets)

    def after_epoch(epoch: int, loss: float) -> None:
        nonlocal scoring
        losses.append(loss)
        if on_epoch is not None:
            on_epoch(epoch, loss)
        if watch is not None and not request.final:
            start = perf_counter()
            scores.append(score())
            go_on = watch(epoch, scores[-1])
            scoring += perf_counter() - start
            if not go_on:
                raise _Pruned

    outcome = Outcome.OK
    try:
        generator = torch.Generator().manual_seed(request.seed)
        train(network, x, y, recipe, epochs, generator, after_epoch, head.loss, task.augmentation)
    except _Pruned:
        outcome = Outcome.PRUNED
    trained = perf_counter()
    value = scores[-1] if scores else score()
    good = outcome is Outcome.OK and isfinite(value)
    found, reason = measured(network, unseen()[0][:1]) if good and not request.final else (None, "")
    seconds = Seconds(built - clock, trained - built - scoring, perf_counter() - trained + scoring)
    evaluation = Evaluation(outcome, value, tuple(losses), parameters, seconds, reason, "", tuple(scores), device, latency=found)
    if outcome is Outcome.PRUNED:
        return replace(evaluation, value=None, reason=f"given up after epoch {len(losses)} of {epochs}")
    if not isfinite(value):
        return replace(evaluation, outcome=Outcome.NAN, value=None, reason=f"the {task.metric.name} after the last epoch is {value}")
    return replace(evaluation, reason=keep_weights(network, request.keep, request.text)) if request.keep else evaluation
