"""TaskObjective: train a network on a task and score it."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cache
from math import isfinite, nan
from time import perf_counter

import torch
from torch import Tensor

from einspace.evaluation.compute import Compute
from einspace.evaluation.inherited import halved, take_over
from einspace.evaluation.latency import measured
from einspace.evaluation.outcome import INHERITED, PARTS, RUNGS, Context, Evaluation, Outcome, Seconds
from einspace.evaluation.training import predict, train
from einspace.evaluation.warm import WarmStarts
from einspace.evaluation.weights import keep_weights
from einspace.networks import build, check_fit
from einspace.space import Architecture
from einspace.tasks.changes import apply, check_smoothing
from einspace.tasks.partition import drawn_anew
from einspace.tasks.recipe import Recipe
from einspace.tasks.task import Task

DIVISION = 8
"""Parts of a validation split whose scores measure the error of its sampling."""


class _Pruned(Exception):
    """The training is given up: the answer to a report was no, or the score that a rung needs was not reached."""


@dataclass(frozen=True)
class TaskObjective:
    """The objective of the paper: the score of an architecture after training on a task (B.1)."""

    task: Task
    recipe: Recipe
    compute: Compute = Compute()
    warm: WarmStarts = field(default_factory=WarmStarts)

    def __post_init__(self) -> None:
        check_smoothing(self.recipe, self.task.head)

    def __call__(self, architecture: Architecture, context: Context) -> Evaluation:
        """Train and score; see `evaluate`."""
        return self.evaluate(architecture, context)

    def evaluate(
        self,
        architecture: Architecture,
        context: Context,
        on_epoch: Callable[[int, float], None] | None = None,
        before_batch: Callable[[], None] = lambda: None,
    ) -> Evaluation:
        """Build the architecture's network, train it and score it.

        A search trains on `train` for `recipe.epochs_search` epochs and scores on `valid` after the last one. A final training is on
        `train` and `valid`, for `recipe.epochs_final` epochs, and is scored on `test`, once. A re-evaluation is one of a search on a new
        partition of `train` and `valid`, where the task has one pool, and for `recipe.epochs_final` epochs if it is long. Weights and
        shuffling follow from the seed, but for a warm start and for weights that are inherited, which halve the epochs. In a search that is
        watched, each epoch is scored and reported; that changes neither losses nor score. In a search with rungs the rate is constant until
        it decays in the end, and the network is scored at the rungs, where a score that is not reached ends the training. In a search, the
        latency of the trained network is measured too. A measurement that fails costs no score, and neither do weights that cannot be
        written, or read: the reason says why.

        Args:
            architecture: Backbone whose input is the task's.
            context: Seed, device, changes to the recipe and to the head, and where reports and weights go.
            on_epoch: Called after each epoch, counted from 1, with its training loss.
            before_batch: Called for each batch that is trained on, and before the network is scored; what it raises ends the evaluation.

        Raises:
            NetworkError: The task's head does not fit the architecture's output.
            SettingError: Changes that recipe and head do not have, see `tasks.changes.apply`.
            NotANumber: The loss of an epoch is not finite.
        """
        clock = perf_counter()
        task, final, device = self.task, context.final, context.device
        recipe, head = apply(self.recipe, task.head, context.changes)
        torch.manual_seed(context.seed)
        check_fit(head, architecture.output, task.output, task.name)
        network = build(architecture, head)
        self.warm.fill(architecture, network)
        share, fresh = (0.0, "") if context.inherits is None else take_over(network, context.inherits)
        network = network.to(device)
        computed = self.compute.around(network)
        parameters = sum(parameter.numel() for parameter in network.parameters() if parameter.requires_grad)
        anew = None if final or context.partition is None else drawn_anew(task, context.partition, device, context.valid_share)
        x, y = anew[0] if anew is not None else task.tensors(["train", "valid"] if final else ["train"], device)
        built = perf_counter()
        epochs = recipe.epochs_final if final or context.long else recipe.epochs_search
        epochs = halved(epochs) if share else epochs
        losses: list[float] = []
        scores: list[float] = []
        scoring = 0.0
        watched = context.watched and not final
        bounds = dict(context.rungs or ())
        reached: dict[int, float] = {}

        @cache
        def unseen() -> tuple[Tensor, Tensor]:
            return anew[1] if anew is not None else task.tensors(["test" if final else "valid"], device)

        def loss_of(outputs: Tensor, targets: Tensor) -> Tensor:
            before_batch()
            return task.loss(outputs, targets, smoothing=recipe.smoothing)

        def outputs() -> Tensor:
            before_batch()
            return predict(computed, unseen()[0], recipe.batch_size)

        def score() -> float:
            return task.score(outputs(), unseen()[1])

        def after_epoch(epoch: int, loss: float) -> None:
            nonlocal scoring
            losses.append(loss)
            if on_epoch is not None:
                on_epoch(epoch, loss)
            context.passed(epoch, epochs)
            if epoch in bounds:
                start = perf_counter()
                at_rung = score()
                scoring += perf_counter() - start
                reached[epoch] = at_rung if task.metric.higher_is_better else -at_rung
                least = bounds[epoch]
                if least is not None and not reached[epoch] >= least:  # NaN does not reach the bound either
                    asked = least if task.metric.higher_is_better else -least
                    raise _Pruned(f"stopped at the rung after epoch {epoch} of {epochs}, with {at_rung:.4g} where {asked:.4g} was asked")
            if watched:
                start = perf_counter()
                scores.append(score())
                go_on = context.report(epoch, scores[-1], loss)
                scoring += perf_counter() - start
                if not go_on:
                    raise _Pruned(f"given up after epoch {epoch} of {epochs}")

        pruned = ""
        try:
            generator = torch.Generator().manual_seed(context.seed)
            scored, stable = range(1, epochs + 1) if watched else bounds, context.rungs is not None
            fed = (computed, x, y, recipe, epochs, generator, after_epoch)
            train(*fed, loss_of=loss_of, augmentation=task.augmentation, scored=scored, stable=stable)
        except _Pruned as error:
            pruned = str(error)
        trained = perf_counter()
        last = None if scores or pruned else outputs()
        value = scores[-1] if scores else nan if last is None else task.score(last, unseen()[1])
        latency, reason = measured(computed, unseen()[0][:1]) if isfinite(value) and not (pruned or final) else (None, "")
        seconds = Seconds(built - clock, trained - built - scoring, perf_counter() - trained + scoring)
        reason = "; ".join(filter(None, (fresh, reason)))
        known = Evaluation(Outcome.OK, value, tuple(losses), parameters, seconds, reason, "", tuple(scores), device, latency=latency)
        if share:
            known = replace(known, extra={INHERITED: share})
        if reached:
            at_rungs = [[epoch, at_rung if isfinite(at_rung) else None] for epoch, at_rung in reached.items()]
            known = replace(known, extra={**known.extra, RUNGS: at_rungs})
        if anew is not None and last is not None:
            known = replace(known, extra={PARTS: _parts(task, last, unseen()[1])})
        if pruned:
            return replace(known, outcome=Outcome.PRUNED, value=None, reason=pruned)
        if not isfinite(value):
            return replace(known, outcome=Outcome.NAN, value=None, reason=f"the {task.metric.name} after the last epoch is {value}")
        unkept = keep_weights(network, context.files, architecture, task, head) if context.files else ""
        return replace(known, reason="; ".join(filter(None, (reason, unkept))))


def _parts(task: Task, outputs: Tensor, targets: Tensor) -> list[float]:
    """The score on every eighth sample from the first, from the second and so on; none where one of these has no finite score."""
    if len(targets) < 2 * DIVISION:
        return []
    found = [task.score(outputs[first::DIVISION], targets[first::DIVISION]) for first in range(DIVISION)]
    return found if all(map(isfinite, found)) else []
