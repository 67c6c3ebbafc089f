"""DataOptions: what is said about data at a path, such as on the command line, where it is not to be recognised."""

from dataclasses import dataclass, fields
from typing import Any


@dataclass(frozen=True)
class DataOptions:
    """Options of people's own data; None, or no class weights, where nothing is said.

    They are those of `from_npz`, `from_table` and `from_folder`, each of which takes some of them.
    """

    kind: str | None = None
    metric: str | None = None
    class_weights: bool = False
    axes: str | None = None
    target_axes: str | None = None
    label: str | int | None = None
    drop: tuple[str | int, ...] | None = None
    channels: int | None = None
    layout: str | None = None
    split: str | None = None
    size: tuple[int, int] | None = None

    def said(self) -> dict[str, Any]:
        """The options that say something, by name.

        >>> DataOptions(label="beat").said()
        {'label': 'beat'}
        """
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value for name, value in values.items() if value is not None and value is not False}
