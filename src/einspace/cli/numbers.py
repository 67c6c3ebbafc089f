"""Numbers of the command line: an option takes them as people write them, and no text that Python happens to read as one."""

import inspect
import re
from collections.abc import Callable
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import typer
from typer.models import ParameterInfo

_WHOLE = re.compile(r"[-+]?(0|[1-9]\d*|[1-9]\d{0,2}(_\d{3})+)", re.ASCII)
_NUMBER = re.compile(rf"[-+]?(({_WHOLE.pattern[5:]}(\.\d*)?|\.\d+)([eE][-+]?\d+)?|nan|inf)", re.ASCII)
"""Plain numbers, in which _ may stand between thousands. Python also reads 1_0 and 010 as 10, and the digits of all languages."""


def with_plain_numbers(command: Callable[..., None]) -> Callable[..., None]:
    """The command, whose options of whole numbers and of numbers take nothing else, within the same bounds."""
    for parameter in inspect.signature(command).parameters.values():
        if get_origin(parameter.annotation) is Annotated:
            kind, *infos = get_args(parameter.annotation)
            for info in infos:
                if isinstance(info, ParameterInfo) and info.parser is None and _number_kind(kind) is not None:
                    _make_plain(info, _number_kind(kind))
    return command


def _number_kind(kind: Any) -> type[int] | type[float] | None:
    """The type int or float that an annotation stands for, perhaps beside None and with marks of pydantic's; None for any other."""
    if get_origin(kind) is Annotated:
        return _number_kind(get_args(kind)[0])
    if get_origin(kind) in (Union, UnionType):
        kinds = [one for one in get_args(kind) if one is not NoneType]
        return _number_kind(kinds[0]) if len(kinds) == 1 else None
    return kind if kind in (int, float) else None


def _make_plain(info: ParameterInfo, kind: type[int] | type[float] | None) -> None:
    low, high = info.min, info.max
    what = "a whole number" if kind is int else "a number"
    bounds = " and ".join([*([] if low is None else [f"of at least {low:g}"]), *([] if high is None else [f"at most {high:g}"])])
    pattern = _WHOLE if kind is int else _NUMBER

    def read(given: Any) -> Any:
        if not isinstance(given, str):
            return given  # the default
        value = float(given) if kind is float and pattern.fullmatch(given) else None
        if kind is int and pattern.fullmatch(given) and len(given) <= 400:
            value = int(given)
        if value is None or (low is not None and value < low) or (high is not None and value > high):
            raise typer.BadParameter(f"{given[:40]!r} is not {what} {bounds}".rstrip())
        return value

    info.parser = read
    info.metavar = info.metavar or ("N" if kind is int else "X")
    info.min = info.max = None
