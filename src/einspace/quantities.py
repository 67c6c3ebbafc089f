"""Quantities: large numbers and times as people write them, and checks of whole numbers and times."""

import re
from decimal import Decimal
from math import isfinite

from einspace.errors import SettingError

SMALL = 1e-3
"""A score below this has no four places that say anything."""

_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def quantity(value: float) -> str:
    """A number in three or four digits and a suffix.

    >>> quantity(950), quantity(11_210_560)
    ('950', '11.2 M')
    """
    for size, suffix in ((1e9, " G"), (1e6, " M"), (1e3, " k")):
        if value >= size:
            return f"{value / size:.3g}{suffix}"
    return f"{value:.4g}"


def decimal(value: float | None, beside: float | None = None) -> str:
    """A score with four places, one below a thousandth in three digits; a dash where there is none.

    Args:
        value: The score, or what belongs to one, such as its deviation.
        beside: The score that it belongs to, whose size decides.

    >>> decimal(0.98765), decimal(0.0004, beside=0.9), decimal(0.000012345), decimal(0.0)
    ('0.9877', '0.0004', '1.23e-05', '0.0000')
    """
    if value is None:
        return "–"
    size = abs(value if beside is None else beside)
    return f"{value:.4f}" if size == 0 or size >= SMALL else f"{value:.3g}"


def counted(count: int, thing: str) -> str:
    """A number of things, in the singular or the plural.

    >>> counted(1, "trial"), counted(12, "training")
    ('1 trial', '12 trainings')
    """
    return f"{count:,} {thing}{'' if count == 1 else 's'}"


def duration(seconds: float) -> str:
    """A time in its two largest units.

    >>> duration(0.25), duration(59.7), duration(75), duration(7_500), duration(200_000)
    ('0.2 s', '1 min', '1 min 15 s', '2 h 5 min', '2 d 7 h')
    """
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    left = round(seconds)
    parts: list[tuple[int, str]] = []
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")):
        if left >= size or parts:
            parts.append((left // size, unit))
        left %= size
    return " ".join(f"{count} {unit}" for count, unit in parts[:2] if count)


def budget_of(seconds: float) -> str:
    """A budget of time as a text that `seconds_of` reads as so many seconds.

    >>> budget_of(90), budget_of(1_209_600.0), budget_of(0.25)
    ('90s', '1209600s', '0.25s')
    """
    return f"{Decimal(repr(float(seconds))):f}".removesuffix(".0") + "s"


def seconds_of(budget: str | float) -> float:
    """Read a budget of time: seconds, or a text with the units s, m, h and d.

    >>> seconds_of("30m"), seconds_of("1h30m"), seconds_of(90)
    (1800.0, 5400.0, 90.0)
    """
    if isinstance(budget, str):
        parts = re.findall(r"(\d+(?:\.\d+)?)([smhd])", budget)
        whole = "".join(number + unit for number, unit in parts)
        found = sum(float(number) * _UNITS[unit] for number, unit in parts) if whole == budget.replace(" ", "") else 0.0
    else:
        found = 0.0 if isinstance(budget, bool) else float(budget)
    if not (isfinite(found) and found > 0):
        raise SettingError(f"a budget is a time over 0, such as 90s, 30m, 8h or 2d, not {budget!r}")
    return found


def check_whole(name: str, value: object, least: int = 1) -> None:
    """Raise SettingError for anything but a whole number of at least `least`; True and 3.0 are refused too."""
    if type(value) is not int or value < least:
        raise SettingError(f"{name} must be a whole number of at least {least}, not {value!r}")


def check_limit(time_limit: float | None) -> None:
    """Raise SettingError for a time limit that is not a number of seconds over 0, or None."""
    if time_limit is not None and not 0 < time_limit < float("inf"):
        raise SettingError(f"the time limit must be over 0 seconds, or None, not {time_limit!r}")
