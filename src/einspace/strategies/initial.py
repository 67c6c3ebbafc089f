"""Initial members of a search: names of baselines, "random" for a sample of the grammar, and architectures of the user."""

import re
from collections.abc import Iterable

from einspace import baselines
from einspace.errors import SettingError, UnknownNameError
from einspace.features import Feature
from einspace.networks import Imported
from einspace.space import Architecture, EinSpace

RANDOM = "random"
"""The initial member that is a fresh sample."""

Initial = str | Architecture | Imported | Iterable[str | Architecture | Imported]
"""Initial members as a user gives them: a string with commas between several, or imported networks among them."""

_SPEC = re.compile(r"(?P<name>[^*]*)(\*(?P<count>\d{1,6}))?")


def parse_initial(specs: Initial, inputs: Feature | None = None) -> tuple[str, ...]:
    """Read initial members, each once and `random*6` as six of them; architectures come back as their texts.

    Raises UnknownNameError or SettingError, so too for an architecture at another input than `inputs`.

    >>> parse_initial("resnet8,vit-tiny,random*2")
    ('resnet8', 'vit-tiny', 'random', 'random')
    >>> parse_initial(["resnet8", "[linear(d=16) relu]", "resnet8"])
    ('resnet8', '[linear(d=16) relu]')
    """
    found: list[str] = []
    known = (*baselines.names(), RANDOM)
    parts: list[str] = []
    for spec in listed(specs):
        spec = spec.architecture if isinstance(spec, Imported) else spec
        if isinstance(spec, Architecture) and inputs not in (None, spec.input):
            raise SettingError(f"an initial member takes {spec.input}, but the task's input is {inputs}")
        parts += [str(spec)] if isinstance(spec, Architecture) else _parts(spec)
    for part in (part.strip() for part in parts):
        if not part and len(parts) == 1:
            return ()
        if is_text(part):
            found += [part] if part not in found else []
            continue
        match = _SPEC.fullmatch(part)
        if match is None or not match["name"]:
            raise SettingError(f"an initial member is the name of a baseline, a text, or random*6 for six samples, not {part!r}")
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


def listed(specs: Initial) -> Iterable[str | Architecture | Imported]:
    """The given members, one by one."""
    return (specs,) if isinstance(specs, str | Architecture | Imported) else specs


def is_text(member: str) -> bool:
    """Whether a member is the text of an architecture, and not a name."""
    return member.startswith("[")


def label(name: str, number: int) -> str:
    """The title of the member of trial `number` in a table: its name; a text is too long."""
    return f"text {number}" if is_text(name) else name


def member(space: EinSpace, name: str) -> Architecture:
    """The architecture of a name or a text; raises what `EinSpace.parse` and `baselines.within` raise."""
    return space.parse(name) if is_text(name) else baselines.within(space, name)


def _parts(spec: str) -> list[str]:
    """The parts between commas, except commas inside of brackets."""
    parts, depth = [""], 0
    for character in spec:
        depth += (character == "[") - (character == "]")
        if character == "," and depth <= 0:
            parts.append("")
        else:
            parts[-1] += character
    return parts
