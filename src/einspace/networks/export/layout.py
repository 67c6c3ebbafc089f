"""Layout: expressions of Python source on lines of 88 letters, as formatters leave them."""

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH = 88
"""Letters of a line: the default of `ruff format` and of `black`; what fits here, they leave as it is with longer lines too."""


@dataclass(frozen=True)
class Call:
    """Items between brackets, `opening` with what stands before them: `Call("torch.cat(", ("[a, b]", "dim=1"), ")")`."""

    opening: str
    items: "tuple[Expression, ...]"
    closing: str

    def __str__(self) -> str:
        lone = self.opening == "(" and len(self.items) == 1  # a tuple of one
        return self.opening + ", ".join(map(str, self.items)) + ("," if lone else "") + self.closing


Expression = str | Call


def statement(before: str, expression: Expression, comment: str = "", depth: int = 2) -> list[str]:
    """The lines of `before expression  # comment`, at a depth of indentation: one if that fits, else one for each item.

    A comment that does not fit is left out.

    >>> statement("x = ", Call("f(", ("a", "b"), ")"), "(n, 3)", depth=1)
    ['    x = f(a, b)  # (n, 3)']
    """
    indent = "    " * depth
    flat = f"{indent}{before}{expression}"
    tail = f"  # {comment}" if comment else ""
    if len(flat) + len(tail) <= WIDTH:
        return [flat + tail]
    if isinstance(expression, str) or not expression.items:
        return [flat]
    lines = [f"{indent}{before}{expression.opening}"]
    for item in expression.items:
        lines += _item(item, depth + 1)
    return [*lines, f"{indent}{expression.closing}{tail}"]


def _item(item: Expression, depth: int) -> list[str]:
    flat = f"{'    ' * depth}{item},"
    if len(flat) <= WIDTH or isinstance(item, str) or not item.items:
        return [flat]
    lines = statement("", item, depth=depth)
    return [*lines[:-1], f"{lines[-1]},"] if len(lines) > 1 else [f"{lines[0]},"]


def keyword(name: str, value: Expression) -> Expression:
    """`name=value`."""
    return f"{name}={value}" if isinstance(value, str) else Call(f"{name}={value.opening}", value.items, value.closing)


def bracketed(values: Sequence[Expression], kind: type) -> Call:
    """A tuple or a list."""
    return Call("(", tuple(values), ")") if kind is tuple else Call("[", tuple(values), "]")
