"""Frame: the document around the main part of a page, and the environment of its templates."""

import re
from base64 import b64encode
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from einspace.echo import escaped
from einspace.quantities import decimal, duration, quantity
from einspace.result.report.album import STYLE
from einspace.result.result import Result
from einspace.result.words import came_from

HEAD = 2_000
"""Letters at the start of a page in which its state is found."""


def framed(title: str, main: str, live: bool = False, state: str = "") -> str:
    """A document around the main part of a page, which shows a run in a state. Its policy lets nothing run or load but what is in it."""
    scripts = [get_plotlyjs(), _source("report.js")]
    policy = "; ".join(
        [
            "default-src 'none'",
            f"script-src {' '.join(_digest(script) for script in scripts)}",
            "style-src 'unsafe-inline'",
            "img-src data: blob:",
            f"connect-src {chr(39)}self{chr(39)}" if live else "connect-src 'none'",
            "base-uri 'none'",
            "form-action 'none'",
        ]
    )
    shown = {"title": title, "main": main, "live": live, "mark": _mark(state), "policy": policy, "scripts": scripts}
    return environment().get_template("page.html").render(**shown, style=_source("report.css") + STYLE)


def is_page_of(file: Path, result: Result) -> bool:
    """True if a file is the report of a run in its present state."""
    try:
        with file.open(encoding="utf-8", errors="replace") as page:
            return _mark(result.state) in page.read(HEAD)
    except OSError:
        return False


def _mark(state: str) -> str:
    """The tag of a page that names the state it shows."""
    return f'<meta name="state" content="{state}">'


def waiting(run: str) -> str:
    """The main part of a page that follows a search of which nothing is stored yet."""
    return environment().get_template("waiting.html").render(run=run)


def words(text: str) -> str:
    """The different words of an architecture's text, among which a reader looks for one.

    >>> words("[clone(b=2) {[norm relu] norm} add]")
    'clone(b=2) norm relu add'
    """
    return " ".join(dict.fromkeys(re.findall(r"[^\s{}\[\]]+", text)))


def _shown(value: object) -> object:
    """A value of a template: control characters are escaped in names and texts of a run; our own markup has none."""
    return _plain(value) if isinstance(value, str) and not isinstance(value, Markup) else value


_plain = lru_cache(4096)(escaped)
"""A text of a run, escaped; cached, since the same texts come again and again."""


def environment() -> Environment:
    """The environment of the templates: it escapes whatever comes from a run."""
    found = Environment(
        loader=PackageLoader("einspace.result.report", "page"),
        autoescape=True,
        finalize=_shown,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters |= {"quantity": quantity, "duration": duration, "score": decimal, "words": words, "came_from": came_from}
    return found


def _source(name: str) -> str:
    """A file beside the templates, as it is."""
    found = environment()
    if found.loader is None:
        raise LookupError(name)
    return found.loader.get_source(found, name)[0]


def _digest(script: str) -> str:
    return f"'sha256-{b64encode(sha256(script.encode()).digest()).decode()}'"
