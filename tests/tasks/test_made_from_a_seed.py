"""Tasks whose data are generated: they follow from nothing but the seed."""

import numpy as np
import pytest

from einspace.tasks import TASKS, load_task


@pytest.mark.parametrize(("name", "counted", "least"), [("flipflop", ("train", "valid", "test"), 0.8), ("recall", ("train",), 0.9)])
def test_the_task_is_made_from_a_seed(name: str, counted: tuple[str, ...], least: float) -> None:
    """Two loads are the same samples, the splits share none, and the classes are about equally frequent, so that chance is one of eight."""
    task, again = load_task(name), load_task(name)
    assert (len(task.train), len(task.valid), len(task.test)) == TASKS[name].sizes
    assert np.array_equal(task.train.x, again.train.x)
    assert np.array_equal(task.test.y, again.test.y)
    known = {sample.tobytes() for sample in task.train.x}
    assert not known & {sample.tobytes() for split in (task.valid, task.test) for sample in split.x}
    counts = np.bincount(np.concatenate([task.splits[split].y for split in counted]), minlength=8)
    assert counts.min() > least * counts.mean()
    assert task.one_pool
