"""Recipe: how a network is trained on a task (appendix B.1: SGD with momentum, cosine decay to zero, two numbers of epochs)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import isfinite
from typing import Any, Self

from einspace.errors import SettingError

FACTOR = "learning_rate_factor"
"""The change that multiplies the learning rate."""


@dataclass(frozen=True)
class Recipe:
    """Everything that training needs to know besides the network and the data.

    `epochs_search` is what a candidate gets during the search, `epochs_final` what the best one gets before it meets the test split.
    `learning_rate` is the first step's; a cosine takes it to zero. Raises SettingError for values that make no sense.
    """

    epochs_search: int
    epochs_final: int
    batch_size: int
    learning_rate: float
    weight_decay: float
    momentum: float = 0.9

    def __post_init__(self) -> None:
        for name, least in (("epochs_search", 1), ("epochs_final", 1), ("batch_size", 2)):
            value = getattr(self, name)
            if type(value) is not int or value < least:
                raise SettingError(f"{name} must be a whole number of at least {least}, not {value!r}")
        for name in ("learning_rate", "weight_decay", "momentum"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value) or value < 0:
                raise SettingError(f"{name} must be a number of at least 0, not {value!r}")
        if self.learning_rate == 0:
            raise SettingError("learning_rate must be over 0: a network with a rate of 0 learns nothing")
        if self.momentum >= 1:
            raise SettingError(f"momentum must be under 1, not {self.momentum!r}")

    def override(self, **changes: Any) -> Self:
        """Copy with other values, None meaning "as it is"; raises SettingError for an unknown name or a senseless value.

        >>> Recipe(8, 24, 64, 0.05, 5e-4).override(epochs_search=2, batch_size=None).epochs_search
        2
        """
        unknown = sorted(set(changes) - set(self.__dataclass_fields__))
        if unknown:
            raise SettingError(f"a recipe has no {unknown[0]!r}; it has {', '.join(self.__dataclass_fields__)}")
        return replace(self, **{name: value for name, value in changes.items() if value is not None})

    def changed(self, changes: Mapping[str, float]) -> Self:
        """Copy for one evaluation: a change sets a field of the recipe, or multiplies the learning rate as `learning_rate_factor`.

        Raises SettingError for an unknown name or a senseless value.

        >>> Recipe(8, 24, 64, 0.05, 5e-4).changed({"learning_rate_factor": 0.5, "epochs_search": 2}).learning_rate
        0.025
        """
        if not changes:
            return self
        known = [*self.__dataclass_fields__, FACTOR]
        for name, value in changes.items():
            if name not in known:
                raise SettingError(f"a recipe has no {name!r} to change; it has {', '.join(known)}")
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise SettingError(f"the change of {name} must be a number, not {value!r}")
        changed = self.override(**{name: value for name, value in changes.items() if name != FACTOR})
        return replace(changed, learning_rate=changed.learning_rate * changes.get(FACTOR, 1.0))
