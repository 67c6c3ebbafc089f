"""Album: the pictures of a report, drawn once each, and packed so that hundreds of them fit into a page."""

import json
from base64 import b64encode
from collections.abc import Mapping
from math import inf
from time import monotonic
from zlib import compress

from einspace.errors import LimitError, NotationError, ShapeError
from einspace.features import Feature
from einspace.grammar import WIDEST_GRAMMAR
from einspace.pictures import network_svg, tree_svg
from einspace.pictures.palette import style_sheet
from einspace.space import EinSpace

STYLE = style_sheet("auto")
"""The rules of all pictures, which the page holds once."""


class Album:
    """Pictures of architectures at one input. A text that cannot be drawn, as one of another grammar, has the picture "".

    After so many seconds no more are drawn: they have the picture "" too, and the album is not complete.
    """

    def __init__(self, shape: tuple[int, ...], seconds: float = inf) -> None:
        self.complete, inputs = True, Feature.of(shape)
        self._space = EinSpace(inputs, grammar=WIDEST_GRAMMAR)
        self._end = monotonic() + seconds
        self._drawn: dict[tuple[str, tuple[int, ...] | None, bool], str] = {}

    def network(self, text: str) -> str:
        """The network of an architecture, as SVG."""
        return self._picture(text, None, False)

    def tree(self, text: str, path: tuple[int, ...] | None) -> str:
        """Its derivation tree, with the subtree at `path` set off."""
        return self._picture(text, path, True)

    def _picture(self, text: str, path: tuple[int, ...] | None, tree: bool) -> str:
        wanted = (text, path, tree)
        if wanted not in self._drawn and monotonic() >= self._end:
            self.complete = False
            return ""
        if wanted not in self._drawn:
            try:
                architecture = self._space.parse(text)
                picture = tree_svg(architecture, "auto", path) if tree else network_svg(architecture, "blocks", "auto")
            except (NotationError, ShapeError, LimitError):
                picture = ""
            self._drawn[wanted] = picture.replace(f"<style>{STYLE}</style>", "")
        return self._drawn[wanted]


def packed(value: Mapping[str, object]) -> str:
    """JSON, compressed, in letters that stand in a page as they are; the page unpacks it when somebody asks for it."""
    return b64encode(compress(json.dumps(value).encode(), 9)).decode()
