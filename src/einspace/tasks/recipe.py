"""Recipe: how a network is trained on a task (appendix B.1: SGD with momentum, cosine decay to zero, two numbers of epochs)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import isfinite
from typing import Any, Self

from einspace.errors import SettingError, UnknownNameError
from einspace.quantities import check_whole, counted

OPTIMIZERS = ("sgd", "adamw")
"""Stochastic gradient descent with momentum (B.1), or Adam with decoupled weight decay."""


@dataclass(frozen=True)
class Recipe:
    """Everything that training needs to know besides the network and the data.

    The options after `momentum` are not the paper's and are off by default.

    Args:
        epochs_search: Epochs of a candidate in the search.
        epochs_final: Epochs of the best one before it meets the test split.
        batch_size: Samples of a batch.
        learning_rate: The rate of the first step, or the one that a warm-up ends with; a cosine takes it to zero.
        weight_decay: The decay of the weights.
        momentum: The momentum of SGD, and the first beta of AdamW.
        warmup: Share of the steps over which the learning rate rises linearly, before the cosine.
        clip: Largest norm of the gradient of all weights together; 0 leaves gradients as they are.
        nesterov: Whether SGD has Nesterov's momentum.
        smoothing: Label smoothing: the share of each label that is spread over all classes. It is for the head `Classification` alone.
        averaging: Decay, for each step, of an exponential moving average of the weights, which is scored and kept; 0: the weights
            themselves are.
        optimizer: One of `OPTIMIZERS`. AdamW takes its rate and its decay from those of SGD, see `evaluation.optimisation`.

    Raises:
        SettingError: A value makes no sense.
        UnknownNameError: There is no such optimizer.
    """

    epochs_search: int
    epochs_final: int
    batch_size: int
    learning_rate: float
    weight_decay: float
    momentum: float = 0.9
    warmup: float = 0.0
    """Share of the steps over which the learning rate rises linearly, before the cosine."""
    clip: float = 0.0
    """Largest norm of the gradient of all weights together; 0 leaves gradients as they are."""
    nesterov: bool = False
    """Nesterov's momentum, of SGD."""
    smoothing: float = 0.0
    """Label smoothing: the share of each label that is spread over all classes. It is for the head `Classification` alone."""
    averaging: float = 0.0
    """Decay, for each step, of an exponential moving average of the weights, which is scored and kept; 0: the weights themselves are."""
    optimizer: str = "sgd"
    """One of `OPTIMIZERS`. AdamW takes its rate and its decay from those of SGD, see `evaluation.optimisation`, and its first beta from
    `momentum`."""

    def __post_init__(self) -> None:
        for name, least in (("epochs_search", 1), ("epochs_final", 1), ("batch_size", 2)):
            check_whole(name, getattr(self, name), least)
        for name in ("learning_rate", "weight_decay", "momentum", "warmup", "clip", "smoothing", "averaging"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value) or value < 0:
                raise SettingError(f"{name} must be a number of at least 0, not {value!r}")
        if self.learning_rate == 0:
            raise SettingError("learning_rate must be over 0: a network with a rate of 0 learns nothing")
        for name in ("momentum", "warmup", "smoothing", "averaging"):
            if getattr(self, name) >= 1:
                raise SettingError(f"{name} must be under 1, not {getattr(self, name)!r}")
        if type(self.nesterov) is not bool:
            raise SettingError(f"nesterov is True or False, not {self.nesterov!r}")
        if self.optimizer not in OPTIMIZERS:
            raise UnknownNameError("optimizer", str(self.optimizer), OPTIMIZERS)
        if self.nesterov and (self.momentum == 0 or self.optimizer != "sgd"):
            raise SettingError(
                f"nesterov needs the optimizer sgd with a momentum over 0, not {self.optimizer} with momentum {self.momentum:g}"
            )

    def __str__(self) -> str:
        """The recipe in words, in one line."""
        epochs = f"{counted(self.epochs_search, 'epoch')} in the search and {self.epochs_final} in the end"
        numbers = f"learning rate {self.learning_rate:g}, weight decay {self.weight_decay:g}, momentum {self.momentum:g}"
        return f"{epochs}, batches of {self.batch_size}, {numbers}" + "".join(f", {name} {value}" for name, value in self.options.items())

    @property
    def options(self) -> dict[str, float | bool | str]:
        """The options beside the paper's that differ from their defaults."""
        names = list(self.__dataclass_fields__)
        later = names[names.index("momentum") + 1 :]
        return {name: getattr(self, name) for name in later if getattr(self, name) != self.__dataclass_fields__[name].default}

    def given(self, recipe: "Recipe | Mapping[str, Any] | None") -> "Recipe":
        """Give a recipe that stands in this one's place, this one with changes, or this one for None.

        Args:
            recipe: A recipe, changes by name, or None.

        Raises:
            SettingError: The recipe is anything else, or a change has an unknown name or a senseless value.
            UnknownNameError: There is no such optimizer.
        """
        if isinstance(recipe, Recipe):
            return recipe
        if recipe is not None and not isinstance(recipe, Mapping):
            raise SettingError(f'a recipe is a Recipe, or changes by name such as {{"epochs_search": 2}}, not {recipe!r:.80}')
        return self.override(**(recipe or {}))

    def override(self, **changes: Any) -> Self:
        """Copy the recipe with other values.

        Args:
            **changes: Values by name; None means "as it is".

        Raises:
            SettingError: A name is unknown, or a value makes no sense.
            UnknownNameError: There is no such optimizer.

        >>> Recipe(8, 24, 64, 0.05, 5e-4).override(epochs_search=2, batch_size=None).epochs_search
        2
        """
        unknown = sorted(set(changes) - set(self.__dataclass_fields__))
        if unknown:
            raise SettingError(f"a recipe has no {unknown[0]!r}; it has {', '.join(self.__dataclass_fields__)}")
        return replace(self, **{name: value for name, value in changes.items() if value is not None})
