"""About: the facts about a predictor and its training data, as data."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from numpy.typing import NDArray

from einspace.features import Feature
from einspace.grammar import Grammar, grammar_data, grammar_of
from einspace.networks.heads import Head
from einspace.networks.heads.data import head_data, head_of
from einspace.quantities import counted
from einspace.reading.axes import AXES
from einspace.reading.targets import kind_of
from einspace.run.settings import Settings
from einspace.tasks.fingerprints import source_of
from einspace.tasks.metrics import METRICS
from einspace.tasks.preprocessing import Preprocessing

CLASSES = ("classification", "multi-label", "segmentation")
"""Kinds whose outputs are classes."""


@dataclass(frozen=True)
class About:
    """Everything between the user's data and a network, and where the network comes from."""

    task: str
    text: str
    """The architecture."""
    key: str
    """Its canonical key."""
    input: tuple[int, ...]
    """The shape of a sample, (C, H, W) or (S, D), after its axes were arranged."""
    head: Head
    preprocessing: Preprocessing
    labels: tuple[str, ...] = ()
    """Names of the classes or labels, in the order of the outputs; empty where none were given."""
    metric: str = ""
    own_metric: bool = False
    """True if the metric is a function of the user's, which no file holds."""
    test: float | None = None
    """The score on test, in the units of the metric."""
    run: str = ""
    grammar: Grammar | None = None
    """The grammar that the architecture is of, the paper's if None."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """The `DataOptions` that were given when the data were read."""
    versions: Mapping[str, str] = field(default_factory=dict)
    """The versions of the packages that trained the network."""

    @classmethod
    def of_run(
        cls,
        settings: Settings,
        text: str,
        key: str,
        test: float | None,
        *,
        run: str,
        preprocessing: Preprocessing,
        grammar: Grammar | None,
        head: Head | None = None,
    ) -> Self:
        """Facts of a run's settings about one of its architectures; `head` is that of its trial, where it is not the task's."""
        metric = settings["metric"]
        known = METRICS.get(metric["name"])
        return cls(
            task=settings["task"],
            text=text,
            key=key,
            input=tuple(settings["input"]),
            head=head_of(settings["head"]) if head is None else head,
            preprocessing=preprocessing,
            labels=tuple(settings["labels"]),
            metric=metric["name"],
            own_metric=known is None or source_of(known.function) != metric["source"],
            test=test,
            run=run,
            grammar=grammar,
            options=settings["own"],
            versions=settings["versions"],
        )

    @property
    def kind(self) -> str:
        """One of `reading.targets.KINDS`, or the class of a head of the user's own."""
        return kind_of(self.head)

    @property
    def feature(self) -> Feature:
        """The feature of a sample."""
        return Feature.of(self.input)

    @property
    def order(self) -> str:
        """The axes of the samples as they are given, such as NHWC."""
        return self.preprocessing.axes or ("NCHW" if len(self.input) == 3 else "NSD")

    @property
    def given_shape(self) -> tuple[int, ...]:
        """The shape of a sample as it is given."""
        sizes = dict(zip("CHW" if len(self.input) == 3 else "SD", self.input, strict=True))
        return tuple(sizes[axis] for axis in self.order[1:])

    @property
    def classes(self) -> tuple[int | str, ...]:
        """The name of each class in a prediction: the one that was given, else the spelling of the targets."""
        values, labels = self.preprocessing.classes, self.labels
        if self.kind == "segmentation" and values:
            return values
        spelt = [str(int(value) if isinstance(value, bool) else value) for value in values or range(len(labels))]
        if labels and tuple(spelt) != labels:
            return labels
        return values or tuple(range(len(labels) or self.outputs))

    @property
    def outputs(self) -> int:
        """Numbers in a prediction, or channels of one for each pixel."""
        return int(self.head.output(self.feature)[0])

    def check(self) -> None:
        """Raise ValueError for axes that the samples do not have, and for classes that are not one for each output."""
        if self.order not in AXES or not set(self.order[1:]) <= set("CHW" if len(self.input) == 3 else "SD"):
            raise ValueError(f"the axes {self.order!r} are not those of samples of {self.input}")
        if self.kind in CLASSES and len(self.classes) != self.outputs:
            raise ValueError(f"{len(self.classes)} classes are named, and there are {self.outputs} outputs")

    def expectation(self) -> str:
        """The data that the predictor was trained on, in words, for errors."""
        shape = " x ".join(map(str, self.given_shape))
        signals = self.preprocessing.signals
        table = f", {counted(len(signals.columns), 'column')} of a table" if signals else ""
        return f"the predictor was trained on samples {self.order} of {shape}{table}"

    def to_json(self) -> dict[str, Any]:
        """Plain data, but for the tensors of `preprocessing.tensors`."""
        plain = {name: value for name, value in vars(self).items() if name not in ("head", "preprocessing", "grammar")}
        plain |= {"input": list(self.input), "labels": list(self.labels), "options": dict(self.options), "versions": dict(self.versions)}
        grammar = None if self.grammar is None else grammar_data(self.grammar)
        return {**plain, "head": head_data(self.head), "preprocessing": self.preprocessing.to_json(), "grammar": grammar}

    @classmethod
    def from_json(cls, data: Mapping[str, Any], tensors: Mapping[str, NDArray[Any]]) -> Self:
        """The inverse; raises KeyError, TypeError or ValueError for other data, NetworkError or TaskError for parts that do not fit.

        Operations and heads of the user's own must be defined already: nothing is imported.
        """
        words = {name: str(data[name]) for name in ("task", "text", "key", "metric", "run")}
        return cls(
            **words,
            input=tuple(map(int, data["input"])),
            head=head_of(data["head"]),
            preprocessing=Preprocessing.from_json(data["preprocessing"], tensors),
            labels=tuple(map(str, data["labels"])),
            grammar=None if data["grammar"] is None else grammar_of(data["grammar"]),
            own_metric=bool(data["own_metric"]),
            test=None if data["test"] is None else float(data["test"]),
            options=dict(data["options"]),
            versions=dict(data["versions"]),
        )
