"""Partition: train and valid drawn anew from their pool, so that a score can be measured again on samples that did not select it."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from einspace.tasks.split import Split, rows_by_class, stratified
from einspace.tasks.stored import OnDisk
from einspace.tasks.task import Task

Samples = tuple[Tensor, Tensor]
"""Samples, which may be an `OnDisk`, and their targets."""


def partition(
    train: NDArray[Any], valid: NDArray[Any], seed: int, by_class: bool, share: float | None = None
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows of the pool, `train` before `valid`, that are train and valid of a new partition.

    Args:
        train: Targets (N, ...) of the task's train.
        valid: Targets (M, ...) of its valid.
        seed: Decides the partition, on every machine alike.
        by_class: Whether each class is divided alike; targets are classes (N,) then.
        share: The part of the pool, and of each class, that is valid; None: the sizes are those of the task.

    Returns:
        Rows (N,) and (M,), in order.

    >>> rows = partition(np.array([0, 0, 1, 1]), np.array([0, 1]), seed=0, by_class=True)
    >>> sorted(np.concatenate(rows).tolist()), [len(part) for part in rows]
    ([0, 1, 2, 3, 4, 5], [4, 2])
    """
    kinds = np.concatenate([train, valid]) if by_class else np.zeros(len(train) + len(valid), np.int64)
    if share is not None:
        drawn = stratified(kinds, (1 - share, share), seed)
        return np.sort(drawn[0]), np.sort(drawn[1])
    rng = np.random.default_rng(seed)
    parts: tuple[list[NDArray[np.int64]], list[NDArray[np.int64]]] = ([], [])
    for rows in rows_by_class(kinds):
        members = rng.permutation(rows)
        count = np.count_nonzero(rows < len(train))
        parts[0].append(members[:count])
        parts[1].append(members[count:])
    chosen, left = (np.sort(np.concatenate(part)) for part in parts)
    return chosen, left


def drawn_anew(task: Task, seed: int, device: str = "cpu", share: float | None = None) -> tuple[Samples, Samples]:
    """Train and valid of a new partition, normalised as the task is; its own train and valid where it has no others.

    `share` is the part of the pool that is valid; None: train and valid are as large as the task's.
    """
    if task.remade is not None:
        made = task.remade(seed, share)
        pool = len(task.train) + len(task.valid)
        count = len(task.valid) if share is None else round(share * pool)
        return _made(task, made[0], pool - count, device), _made(task, made[1], count, device)
    if not task.one_pool:
        return task.tensors(["train"], device), task.tensors(["valid"], device)
    x, y = task.tensors(["train", "valid"])
    train, valid = partition(task.train.y, task.valid.y, seed, task.kind == "classification", share)
    return _chosen(x, y, train, device), _chosen(x, y, valid, device)


def _made(task: Task, split: Split, count: int, device: str) -> Samples:
    """A split that was made anew, normalised, and cut to the size of the task's split, which may be smaller than its maker's."""
    normaliser, x = task.preprocessing.normaliser, split.x[:count]
    x = x if normaliser is None else normaliser.normalised(x)
    return torch.from_numpy(x).to(device), torch.from_numpy(split.y[:count]).to(device)


def _chosen(x: Tensor | OnDisk, y: Tensor, rows: NDArray[np.int64], device: str) -> Samples:
    """Some samples, chosen before they are sent to a device, which holds them once."""
    places = torch.from_numpy(rows)
    samples = x.chosen(rows, device) if isinstance(x, OnDisk) else x[places].to(device)
    return samples, y[places].to(device)  # type: ignore[return-value]
