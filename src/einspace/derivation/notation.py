"""Notation: the text of a derivation. Printing and parsing are inverses.

The text is the right-hand side of each production, `[in series]` and `{in parallel}`, terminals as A.2 writes them:

    [clone(b=2) {[[im2col(k=3,s=1,p=1) linear(d=64) col2im] [norm relu]] identity} add]
"""

from einspace.derivation.matching import Matcher
from einspace.derivation.syntax import read
from einspace.derivation.tree import Derivation
from einspace.errors import NotationError
from einspace.grammar import Grammar
from einspace.operations import Operation

MAX_LENGTH = 200_000
"""Longest text that is read, in characters; ResNet18 has 3,000."""


def text(root: Derivation) -> str:
    """Print a derivation on one line."""
    parts: list[str] = []
    waiting: list[Derivation | Operation | str] = [root]
    while waiting:
        item = waiting.pop()
        if isinstance(item, str):
            parts.append(item)
        elif isinstance(item, Operation):
            parts.append(item.text)
        elif len(item.children) == 1:
            waiting.append(item.children[0])
        else:
            opened: list[Derivation | Operation | str] = ["["]
            last = len(item.children) - 1
            inner = item.branching is not None
            for position, child in enumerate(item.children):
                if position:
                    opened.append(" ")
                if inner and position == 1:
                    opened.append("{")
                opened.append(child)
                if inner and position == last - 1:
                    opened.append("}")
            waiting.extend(reversed([*opened, "]"]))
    return "".join(parts)


def parse(source: str, grammar: Grammar) -> Derivation:
    """Read a derivation of the grammar's start symbol; raises NotationError with the place and what was expected.

    A terminal outside the option sets, such as `linear(d=196)`, is read too: it is only never sampled.
    """
    if len(source) > MAX_LENGTH:
        raise NotationError(f"a text of {len(source):,} characters is too long, {MAX_LENGTH:,} are allowed", source[:80], 0)
    return Matcher(source, grammar).match(read(source, grammar), grammar.start)
