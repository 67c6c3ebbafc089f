"""Initial members of a search: names of baselines, and "random" for a sample of the grammar."""

import re
from collections.abc import Iterable

from einspace import baselines
from einspace.errors import SettingError, UnknownNameError

RANDOM = "random"
"""The initial member that is a fresh sample."""

_SPEC = re.compile(r"(?P<name>[^*]*)(\*(?P<count>\d{1,6}))?")


def parse_initial(specs: str | Iterable[str]) -> tuple[str, ...]:
    """Read initial members, each baseline once and `random*6` as six of them; raises UnknownNameError or SettingError.

    >>> parse_initial("resnet8,vit-tiny,random*2")
    ('resnet8', 'vit-tiny', 'random', 'random')
    >>> parse_initial(["resnet8", "resnet8"])
    ('resnet8',)
    """
    found: list[str] = []
    known = (*baselines.names(), RANDOM)
    parts = specs.split(",") if isinstance(specs, str) else [part for spec in specs for part in spec.split(",")]
    for part in (part.strip() for part in parts):
        if not part and len(parts) == 1:
            return ()
        match = _SPEC.fullmatch(part)
        if match is None or not match["name"]:
            raise SettingError(f"an initial member is the name of a baseline, or random*6 for six samples, not {part!r}")
        name = match["name"].strip()
        if name not in known:
            raise UnknownNameError("initial member", name, known)
        if match["count"] is not None and (name != RANDOM or int(match["count"]) < 1):
            raise SettingError(f"only random can be asked for several times, and at least once, not {part!r}")
        if name == RANDOM:
            found += [RANDOM] * int(match["count"] or 1)
        elif name not in found:
            found.append(name)
    return tuple(found)
