"""The pages that people read, and the blocks of code in them.

A comment before a block says what a test does with it: `<!-- executed -->` for a command, which otherwise is only looked up, and
`<!-- not executed: why -->` for Python, which otherwise is executed. Python that is not executed may be followed by a comment that begins
with `executed in its place:` and holds shorter code. A block of text right after Python is what it prints.
"""

import re
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted((ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "examples" / "README.md", *DOCS.rglob("*.md")))

_BLOCK = re.compile(
    r"(?:^<!-- (?P<mark>not executed|executed)(?:: (?P<why>[^\n]+))? -->\n)?"
    r"^```(?P<language>\w*)\n(?P<code>.*?)^```\n"
    r"(?:<!-- executed in its place:\n(?P<instead>.*?)^-->\n)?",
    re.DOTALL | re.MULTILINE,
)


@dataclass(frozen=True)
class Block:
    """A block of code: its language, the code that a test executes, empty for none, and what that prints, None where nothing is said."""

    language: str
    shown: str
    executed: str
    printed: str | None = None


def name_of(page: Path) -> str:
    """The page as a test names it."""
    return page.relative_to(ROOT).as_posix()


def blocks(page: Path) -> list[Block]:
    """The blocks of a page in their order."""
    text = page.read_text(encoding="utf-8")
    return [_block(text, match, after) for match, after in pairwise([*_BLOCK.finditer(text), None]) if match is not None]


def _block(text: str, match: re.Match[str], after: re.Match[str] | None) -> Block:
    language, mark, code = match["language"], match["mark"], match["code"]
    if (mark == "not executed") != bool(match["why"]):
        raise ValueError(f"a block that is not executed says why, and no other one does: {match[0]}")
    wanted = mark == "executed" if language == "console" else language == "python" and mark is None
    executed = code if wanted else match["instead"] or ""
    follows = after is not None and after["language"] == "text" and not text[match.end() : after.start()].strip()
    return Block(language, code, executed, after["code"] if after is not None and follows and executed and language == "python" else None)


def commands(page: Path) -> list[str]:
    """Every call of the command line on a page, in blocks and in running text."""
    return _calls(page, "einspace ")


def benchmarks(page: Path) -> list[str]:
    """Every call of a benchmark on a page, without the comment behind it."""
    return [line.split("  #")[0] for line in _calls(page, "python -m benchmarks.")]


def _calls(page: Path, begin: str) -> list[str]:
    text = page.read_text(encoding="utf-8")
    running = re.sub(r"^```.*?^```\n", "", text, flags=re.DOTALL | re.MULTILINE)
    spans = re.findall(rf"(?<!`)`({re.escape(begin)}[^`]+)`(?!`)", running)
    lines = [line for block in blocks(page) for line in block.shown.splitlines()]
    return [" ".join(span.split()) for span in spans] + [line.strip("# ") for line in lines if line.strip("# ").startswith(begin)]
