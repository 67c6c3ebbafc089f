"""Notebooks: the HTML that Jupyter shows for an architecture, a trial and a result. One that cannot be drawn is shown as its text."""

from html import escape

from einspace.derivation import parse, text
from einspace.errors import LimitError, NotationError
from einspace.grammar import einspace_grammar
from einspace.pictures.drawing import svg
from einspace.pictures.network import network_page
from einspace.pictures.structure import Drawable
from einspace.pictures.tree import tree_page


def network_html(architecture: Drawable, facts: str = "") -> str:
    """The picture of a network under a line of facts."""
    try:
        picture = svg(network_page(architecture))
    except LimitError as error:
        picture = _pre(f"{text(architecture.node)}\n{error}")
    return _headed(facts, picture)


def tree_html(source: str, highlight: tuple[int, ...] | None = None, facts: str = "") -> str:
    """The derivation tree of a text, whose input need not be known, under a line of facts; a text of another grammar stays a text."""
    try:
        picture = svg(tree_page(parse(source, einspace_grammar()), highlight))
    except NotationError:
        picture = _pre(source)
    return _headed(facts, picture)


def _headed(facts: str, picture: str) -> str:
    return f"<div>{f'<p>{escape(facts)}</p>' if facts else ''}{picture}</div>"


def _pre(source: str) -> str:
    return f'<pre style="white-space:pre-wrap">{escape(source)}</pre>'
