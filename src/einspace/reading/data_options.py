"""DataOptions: the user's options for reading data at a path, which replace the recognised ones."""

import re
from dataclasses import dataclass, fields
from typing import Annotated, Any

from pydantic import BeforeValidator, ConfigDict, Field, PlainSerializer, StrictInt


def _size(text: object) -> object:
    """HEIGHT,WIDTH as two numbers; raises ValueError for anything else."""
    if isinstance(text, str) and re.fullmatch(r"[1-9]\d{0,4},[1-9]\d{0,4}", text):
        return tuple(map(int, text.split(",")))
    if text is None:
        return None
    raise ValueError(f"size must be HEIGHT,WIDTH in pixels, as 32,32, not {text!r}")


def _columns(text: object) -> object:
    """The names between commas; raises ValueError for a value that is not a text."""
    if isinstance(text, str):
        return tuple(word.strip() for word in text.split(",") if word.strip())
    if text is None:
        return None
    raise ValueError(f"drop must be columns of a table, as 'id,day', not {text!r}")


_AS_TEXT = PlainSerializer(lambda values: None if values is None else ",".join(map(str, values)))


@dataclass(frozen=True)
class DataOptions:
    """Options for the user's own data; None, or no class weights, where nothing is said.

    They are those of `from_npz`, `from_table` and `from_folder`, each of which takes some of them. In a file of
    settings, `size` and `drop` are texts.
    """

    __pydantic_config__ = ConfigDict(extra="forbid")

    kind: Annotated[
        str | None, Field(description="Kind of your own targets: classification, multi-label, regression, mask, segmentation or dense.")
    ] = None
    metric: Annotated[str | None, Field(description="Metric for your own data, such as 'balanced accuracy', AUROC, 'log loss' or R2.")] = (
        None
    )
    class_weights: Annotated[
        bool, Field(strict=True, description="Weight the loss so that rare classes of your own data count as much as frequent ones.")
    ] = False
    crop: Annotated[
        int | None, Field(strict=True, ge=1, description="Train on your own images moved by up to so many pixels each way, at random.")
    ] = None
    flip: Annotated[
        bool,
        Field(strict=True, description="Train on your own images mirrored half of the time: left and right must mean nothing."),
    ] = False
    axes: Annotated[str | None, Field(description="Axes of arrays of samples: NCHW, NHWC, NHW, NSD or NDS.")] = None
    target_axes: Annotated[str | None, Field(description="Axes of arrays of targets for each pixel: NCHW or NHWC.")] = None
    label: Annotated[str | StrictInt | None, Field(description="Column of a table that holds the label, by name or number from 0.")] = None
    drop: Annotated[
        tuple[str | int, ...] | None,
        Field(
            description="Columns of a table that are left out beside those that number the rows, such as who,day; an empty text keeps all."
        ),
        BeforeValidator(_columns),
        _AS_TEXT,
    ] = None
    channels: Annotated[int | None, Field(strict=True, ge=1, description="Number of channels of the series in each row of a table.")] = None
    layout: Annotated[
        str | None,
        Field(description="Order of the values in a row of a table: steps (all channels of the first step, then of the next) or channels."),
    ] = None
    split: Annotated[str | None, Field(description="Column of a table that says train, valid or test.")] = None
    size: Annotated[
        tuple[int, int] | None,
        Field(description="Size that all images of a folder are scaled to, as HEIGHT,WIDTH in pixels."),
        BeforeValidator(_size),
        _AS_TEXT,
    ] = None
    pool: Annotated[
        str | None,
        Field(
            description="Sequences (S, D) only: what the head averages over: channels (the mean over the S steps keeps D features) or "
            "paper (the mean over D keeps S, as the formula in the paper's B.1)."
        ),
    ] = None

    def said(self) -> dict[str, Any]:
        """The options that were given, by name.

        >>> DataOptions(label="beat").said()
        {'label': 'beat'}
        """
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value for name, value in values.items() if value is not None and value is not False}
