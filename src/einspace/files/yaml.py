"""A settings file: YAML of plain mappings, lists and values, with the line of each key."""

import re
from pathlib import Path
from typing import Any

import yaml

from einspace.disk.regular import size_of
from einspace.errors import SettingError

LARGEST = 256 * 1024
"""Bytes of a file; settings with the texts of many large architectures stay far below."""

DEEPEST = 8
"""Levels of a file; settings have three."""

_FLOAT = re.compile(r"([-+]?((\d+\.\d*|\.\d+)([eE][-+]?\d+)?|\d+[eE][-+]?\d+|\.(inf|Inf|INF))|\.(nan|NaN|NAN))\Z", re.ASCII)
"""Numbers as YAML 1.2 has them: 1e-3 is one, which is a text in YAML 1.1."""

_INT = re.compile(r"[-+]?(0|[1-9]\d*|[1-9]\d{0,2}(_\d{3})+)\Z", re.ASCII)
"""Whole numbers, perhaps with _ between their thousands. In YAML 1.1 1_0 is 10, 010 is 8 and 1:30 is 90; here they are texts."""

_TEXT = "tag:yaml.org,2002:str"


class _Loader(yaml.SafeLoader):
    """The safe loader without anchors and aliases, which can make a small file huge, and without depths that no settings have."""

    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
            raise yaml.MarkedYAMLError(problem="settings have no anchors (&) and aliases (*)", problem_mark=event.start_mark)
        self.depth += 1
        if self.depth > DEEPEST:
            raise yaml.MarkedYAMLError(problem=f"settings are not deeper than {DEEPEST} levels", problem_mark=event.start_mark)
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node


class _Dumper(yaml.SafeDumper):
    """Writes texts such that the loader reads them as texts."""

    def ignore_aliases(self, data: Any) -> bool:
        """A value that stands twice is written twice."""
        return True


_NUMBERS = ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float")

_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag not in _NUMBERS]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(_NUMBERS[0], _INT, list("-+0123456789"))
for _kind in (_Loader, _Dumper):
    _kind.add_implicit_resolver(_NUMBERS[1], _FLOAT, list("-+.0123456789"))


def read(path: Path) -> tuple[dict[str, Any], dict[str, int]]:
    """The values of a file and the line of each key, from 1; keys are as in `leaves`. Raises SettingError for any other file."""
    try:
        size_of(path)
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
    except OSError as error:
        raise SettingError(f"the settings {path} cannot be read: {error.strerror}") from None
    if len(content) > LARGEST:
        raise SettingError(f"the settings {path} are larger than {LARGEST // 1024} KiB")
    try:
        loader = _Loader(content.decode("utf-8-sig"))
        node = loader.get_single_node()
        if node is None:
            return {}, {}
        if not isinstance(node, yaml.MappingNode):
            kind = "a list" if isinstance(node, yaml.SequenceNode) else "one value"
            raise SettingError(f"the settings {path} are lines of `name: value`, not {kind}")
        lines = _lines(node, path)
        return loader.construct_document(node), lines
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = "" if mark is None else f", line {mark.line + 1}"
        raise SettingError(f"{path}{line}: {error.problem or error.context}") from None
    except (yaml.YAMLError, ValueError) as error:  # no text, or a date or a number that does not exist
        raise SettingError(f"{path} cannot be read as YAML: {str(error).splitlines()[0]}") from None


def write(values: dict[str, Any]) -> str:
    """The YAML of values, in their order."""
    return yaml.dump(values, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=140)


def _lines(root: yaml.MappingNode, path: Path) -> dict[str, int]:
    """The line of each key; refuses a key that stands twice or is not a text."""
    lines: dict[str, int] = {}
    waiting = [("", root)]
    while waiting:
        prefix, mapping = waiting.pop()
        for key, value in mapping.value:
            line = key.start_mark.line + 1
            if key.tag != _TEXT:
                shown = key.value if isinstance(key, yaml.ScalarNode) else "a list or mapping"
                raise SettingError(f"{path}, line {line}: the name of a setting is a text, not {shown}")
            name = prefix + key.value
            if name in lines:
                raise SettingError(f"{path}, line {line}: {name} stands already in line {lines[name]}")
            lines[name] = line
            if isinstance(value, yaml.MappingNode):
                waiting.append((f"{name}.", value))
    return lines
