"""TensorBoard: what a search writes is read back with TensorBoard's own reader."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.study_samples import EVOLUTION, SAMPLED, SMALL, ThreadExecutor, small_task

from einspace import callbacks
from einspace.strategies.random import RandomSampling
from einspace.study import search

pytest.importorskip("tensorboard", reason="TensorBoard is not installed")


@pytest.mark.slow
@pytest.mark.parametrize("chosen", [False, True])
def test_a_search_is_read_back_from_tensorboard(tmp_path: Path, chosen: bool) -> None:
    """Scores by trial, over both sessions of a run that went on, in the run's folder or in one of the user's choice."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    spec = f"tensorboard:{tmp_path}/logs" if chosen else "tensorboard"
    folder = tmp_path / "logs" / "test" if chosen else tmp_path / "test" / "tensorboard"
    for trials in (3, 5):
        result = search(
            small_task(),
            trials=trials,
            workers=1,
            limits=SMALL,
            run="test",
            runs=tmp_path,
            executor=ThreadExecutor(),
            callbacks=[callbacks.parse(spec)],
            **EVOLUTION,
        )
    read = EventAccumulator(str(folder))
    read.Reload()
    scores = {point.step: point.value for point in read.Scalars("accuracy/validation")}
    assert scores == pytest.approx({row.number: row.value for row in result.history})
    best = [point.value for point in read.Scalars("accuracy/best")]
    assert best == sorted(best)
    assert result.best is not None
    assert best[-1] == pytest.approx(result.best.validation)
    assert read.Scalars("accuracy/test")[-1].value == pytest.approx(result.best.test)
    assert {point.value for point in read.Scalars("trial/loss")} == {1.0}
    assert [point.value for point in read.Scalars("trial/parameters")] == [row.parameters for row in result.history]
    text = read.Tensors("best/text_summary")[-1].tensor_proto.string_val[0].decode()
    assert text == f"`{result.best.text}`"


class Mine(RandomSampling):
    """A strategy of the user's whose trials are scored on test, too."""


@pytest.mark.slow
@pytest.mark.parametrize("strategy", ["sampling", f"{__name__}:Mine"])
def test_the_scores_of_trials_that_are_final_ones_are_on_test(tmp_path: Path, strategy: str) -> None:
    """The strategy `sampling` scores its trials on test: their curve is that of test, and there is none of validation and of a best.

    So does any other that says `final`: its scores were called those of validation, and the best was chosen among them.
    """
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    given: dict[str, Any] = {**SAMPLED, "strategy": strategy, "callbacks": [callbacks.parse("tensorboard")]}
    result = search(small_task(), trials=3, workers=1, limits=SMALL, run="test", runs=tmp_path, executor=ThreadExecutor(), **given)
    read = EventAccumulator(str(tmp_path / "test" / "tensorboard"))
    read.Reload()
    assert [name for name in read.Tags()["scalars"] if name.startswith("accuracy/")] == ["accuracy/test"]
    assert [point.value for point in read.Scalars("accuracy/test")] == pytest.approx([row.value for row in result.history])


@pytest.mark.slow
def test_the_last_test_score_is_of_the_best_of_all_trials(tmp_path: Path) -> None:
    """Where a run goes on and an earlier trial wins, its test score and its text come after those of the best before."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    given: dict[str, Any] = {**EVOLUTION, "callbacks": [callbacks.parse("tensorboard")]}
    result = search(small_task(), trials=3, workers=1, limits=SMALL, run="test", runs=tmp_path, executor=ThreadExecutor(), **given)
    assert result.best is not None
    tracker = callbacks.parse(f"tensorboard:{tmp_path}/logs")
    tracker.start(result.run, result.settings)
    tracker.finish(replace(result, best=replace(result.best, trial=2)))
    earlier = replace(result.best, trial=0, proposal=result.history[0].proposal, finals=result.best.finals[:1])
    tracker.finish(replace(result, best=earlier, history=(*result.history, *result.history)))
    tracker.close()
    read = EventAccumulator(str(tmp_path / "logs" / "test"))
    read.Reload()
    assert [point.step for point in read.Scalars("accuracy/test")] == [3, 6]
    texts = [(point.step, point.tensor_proto.string_val[0].decode()) for point in read.Tensors("best/text_summary")]
    assert texts == [(3, f"`{result.best.text}`"), (6, f"`{earlier.text}`")]
