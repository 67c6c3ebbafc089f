"""Predictor: a trained network together with everything between the user's data and it."""

import logging
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from einspace.errors import SettingError, TaskError
from einspace.executors.devices import check_devices
from einspace.networks.raw import RawNetwork
from einspace.predictor.about import About
from einspace.predictor.folder import save
from einspace.predictor.outputs import chances, decided, targets_of
from einspace.predictor.samples import Samples, samples_of
from einspace.quantities import check_whole, decimal
from einspace.tasks.metrics import METRICS, Metric, metric_named

BATCH = 256
"""The default number of samples that go through the network together."""

FAR = 0.02
"""A batch that spans less of the range of the training data than this, or lies this many ranges outside, is in other units, probably."""

SAME = 1e-6
"""The largest relative difference of two numbers that are equal but for rounding to float32."""

_LOG = logging.getLogger("einspace")


class Predictor:
    """A trained network that takes data as they were given to the search, and answers in the user's own labels and units.

    `Result.predictor` and `load_predictor` make one.

    Args:
        network: A `torch.nn.Module` that takes raw samples, (C, H, W) or (S, D), with the normalisation inside it.
        about: The facts of the training: data, labels, units and scores.
    """

    def __init__(self, network: RawNetwork, about: About) -> None:
        self.network = network.eval()
        self.about = about

    def __repr__(self) -> str:
        about = self.about
        score = "" if about.test is None else f", {about.metric} {decimal(about.test)} on test"
        shape = ", ".join(map(str, about.given_shape))
        return f"<Predictor of {about.task}: {about.kind}, samples {about.order} of ({shape}){score}>"

    @property
    def classes(self) -> tuple[int | str, ...]:
        """The classes, or labels, in the order of `predict_proba`'s columns.

        Raises:
            TaskError: The predictor gives numbers.
        """
        if self.about.kind in ("regression", "dense"):
            raise TaskError(f"the predictor gives {self.about.kind}, which has no classes")
        return self.about.classes

    def to(self, device: str | torch.device) -> Self:
        """Move the network to a device.

        Args:
            device: The device, such as "cuda:0".

        Raises:
            SettingError: There is no such device, or it cannot hold the samples.
        """
        (name,) = check_devices(str(device))
        if name == "mps" and any(tensor.dtype == torch.float64 for tensor in self.network.state_dict().values()):
            raise SettingError(f"samples of {self.about.task} need float64, which the device mps does not have: predict on cpu")
        self.network.to(name)
        return self

    def predict(self, x: Any, *, split: str | None = None, batch_size: int = BATCH) -> Any:
        """Predict labels, or numbers in the targets' own units.

        Args:
            x: Samples (N, ...) or one sample as an array or a tensor, in the axes that the training data had; Pillow's images; a data
                frame, or rows of one by the names of its columns; or the path of a folder or a file of images, of a table, or of arrays.
            split: Of files that hold arrays of several splits: train, valid or test.
            batch_size: Samples that are in memory at a time, where they lie in files.

        Returns:
            Classes (N,) as the training data named them; rows (N, L) of 0 and 1 for labels; numbers (N,) or (N, K); for each pixel a
            class, no or yes, or a number, in the axes of the targets. Of one sample, without the first axis.

        Raises:
            TaskError: Samples of another shape, in other axes, or with values that are not finite.
        """
        return self._gathered(x, split, batch_size, decided)

    def predict_proba(self, x: Any, *, split: str | None = None, batch_size: int = BATCH) -> Any:
        """Predict chances.

        Args:
            x: Samples, as `predict` takes them.
            split: Of files that hold arrays of several splits: train, valid or test.
            batch_size: Samples that are in memory at a time, where they lie in files.

        Returns:
            (N, K), which add up to 1 over the classes, in the order of `classes`; (N, L), one for each label; (N, K, h, w) for classes
            of pixels; for masks, in their own axes.

        Raises:
            TaskError: As `predict`, and where numbers are predicted.
        """
        return self._gathered(x, split, batch_size, chances)

    def score(
        self,
        x: Any,
        y: Any = None,
        *,
        metric: Metric | str | None = None,
        split: str | None = None,
        batch_size: int = BATCH,
    ) -> float:
        """Score predictions for samples (see `predict`) against their targets, in the units of the metric.

        Args:
            x: Samples.
            y: Targets as the training data had them; without them, those that lie beside the samples in a file.
            metric: In place of the one that the search was scored with.
            split: Of files that hold arrays of several splits.
            batch_size: Samples that are in memory at a time.

        Raises:
            TaskError: Samples or targets that do not fit, classes that are unknown, a metric of another kind of targets.
        """
        samples = samples_of(x, self.about, split)
        chosen = self._metric(metric)
        if y is None and samples.targets is None:
            raise TaskError(f"{samples.where}: a score needs targets, and none lie beside the samples: score(x, y)")
        given = samples.targets() if y is None and samples.targets is not None else y
        targets = targets_of([given] if samples.single and y is not None else given, samples.count, self.about)
        return chosen(torch.cat([outputs.cpu() for outputs in self.outputs(samples, batch_size)]), targets)

    def save(self, folder: str | os.PathLike[str]) -> None:
        """Write a folder that `load_predictor` reads: weights as safetensors, all else as JSON.

        Args:
            folder: The folder. One that exists must be empty, or a predictor's, which is replaced.

        Raises:
            RunError: The folder cannot be written, or holds anything else.
        """
        save(self.network, self.about, Path(folder))

    def samples(self, x: Any, split: str | None = None) -> Samples:
        """Read samples as the network takes them; those that lie in files are read batch by batch, where that can be.

        Args:
            x: Samples, as `predict` takes them.
            split: Of files that hold arrays of several splits: train, valid or test.

        Raises:
            TaskError: Samples of another shape, or in other axes.
        """
        return samples_of(x, self.about, split)

    def outputs(self, samples: Samples, batch_size: int = BATCH) -> Iterator[Tensor]:
        """Run the network batch by batch: the outputs are logits of classes and labels, and numbers in their own units.

        Args:
            samples: What `samples` gave.
            batch_size: Samples of a batch.

        Raises:
            SettingError: The batch size is not a whole number of at least 1.
            TaskError: A sample has values that are not finite.
        """
        check_whole("the batch size", batch_size)
        device = next((tensor.device for tensor in self.network.state_dict().values()), torch.device("cpu"))
        self.network.eval()
        for number, batch in enumerate(samples.batches(batch_size)):
            if number == 0:
                self._look(batch, samples.where)
            with torch.inference_mode():
                outputs: Tensor = self.network(torch.from_numpy(batch).to(device))
            yield outputs

    def _gathered(self, x: Any, split: str | None, batch_size: int, read: Callable[[Tensor, About], NDArray[Any]]) -> Any:
        samples = samples_of(x, self.about, split)
        found = np.concatenate([read(outputs, self.about) for outputs in self.outputs(samples, batch_size)])
        return found[0] if samples.single else found

    def _metric(self, metric: Metric | str | None) -> Metric:
        about = self.about
        if metric is None and (about.own_metric or about.metric not in METRICS):
            raise TaskError(f"the search was scored with its own function {about.metric!r}, which no file holds: score(x, y, metric=...)")
        chosen = metric_named(metric or about.metric) if isinstance(metric, str | None) else metric
        if chosen.kinds and about.kind not in chosen.kinds:
            raise TaskError(f"the metric {chosen.name} is of {' and '.join(chosen.kinds)}, but the predictor gives {about.kind}")
        return chosen

    def _look(self, batch: NDArray[Any], where: str) -> None:
        """Warn of samples that seem to be in other units than those of the training data."""
        low, high = self.about.preprocessing.low, self.about.preprocessing.high
        if low is None or high is None:
            return
        least, most = float(low.min()), float(high.max())
        here = float(batch.min()), float(batch.max())
        spread = most - least
        outside = here[0] < least - spread / FAR or here[1] > most + spread / FAR
        self._look_at_constants(batch, where)
        if outside or (len(batch) > 1 and here[1] - here[0] < FAR * spread):
            _LOG.warning(
                "%s: values from %g to %g, but the training data were from %g to %g: are they in the same units?", where, *here, least, most
            )

    def _look_at_constants(self, batch: NDArray[Any], where: str) -> None:
        """Warn of a channel that was the same number in all training data and is another one here: its effect was never learnt."""
        low, high = self.about.preprocessing.low, self.about.preprocessing.high
        if low is None or high is None or low.ndim != batch.ndim:
            return
        over = tuple(axis for axis, size in enumerate(low.shape) if size == 1)
        here = batch.astype(np.float64)
        least, most = here.min(axis=over, keepdims=True), here.max(axis=over, keepdims=True)
        moved = (low == high) & ~(np.isclose(least, low, rtol=SAME) & np.isclose(most, low, rtol=SAME))
        places = np.argwhere(moved)
        if len(places) == 0:
            return
        place = tuple(places[0])
        index = [str(number) for number, size in zip(place, low.shape, strict=True) if size > 1]
        what = f"channel {index[0]}" if len(index) == 1 else f"the value at ({', '.join(index)})"
        more = f" (and {len(places) - 1} more like it)" if len(places) > 1 else ""
        _LOG.warning(
            "%s: %s was %g in all training data%s, and goes from %g to %g here: the network has never seen it change",
            *(where, what, low[place], more, least[place], most[place]),
        )
