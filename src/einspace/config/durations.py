"""Durations: times as people write them."""

import re
from math import isfinite

from einspace.errors import SettingError

_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


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
