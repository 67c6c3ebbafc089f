"""Pictures of architectures: the network, and the derivation tree, as SVG that needs no system package.

Layout and drawing are apart: `network` and `tree` put boxes, frames, edges and labels at places (`geometry`), and `drawing` writes a
page of them as SVG in the colours of `palette`.
"""

from einspace.errors import SettingError
from einspace.pictures.drawing import svg
from einspace.pictures.network import DETAILS, Detail, chain_of, network_page
from einspace.pictures.notebook import network_html, tree_html
from einspace.pictures.palette import Theme
from einspace.pictures.structure import Drawable
from einspace.pictures.tree import tree_page

__all__ = ["DETAILS", "Detail", "Drawable", "Theme", "chain_of", "network_html", "network_svg", "png", "tree_html", "tree_svg"]


def network_svg(architecture: Drawable, detail: Detail = "blocks", theme: Theme = "light", derived: bool = False) -> str:
    """Draw the network, from its black input to its red output, as figures 1, 5, 6 and 8 do.

    Args:
        architecture: Any architecture.
        detail: `operations` draws each of them; `blocks` draws convolutions and attention as one box each.
        theme: `light`, `dark`, or `auto`, which is dark where the reader's system is.
        derived: Draw every operation as derived, identities too, and not the simplified form.

    Returns:
        A standalone SVG document, which may stand in an HTML page as it is. Equal blocks in a row and equal branches are drawn once, with
        their number; a long chain goes on in further columns.

    Raises:
        SettingError: There is no such detail or theme.
        LimitError: Branching modules are nested too deep to be drawn.

    >>> from einspace import EinSpace
    >>> network_svg(EinSpace((3, 8, 8)).parse("[relu norm]")).startswith("<svg ")
    True
    """
    return svg(network_page(architecture, detail, derived), theme)


def tree_svg(architecture: Drawable, theme: Theme = "light", highlight: tuple[int, ...] | None = None) -> str:
    """Draw the derivation tree, as figure 3 does.

    Args:
        architecture: Any architecture.
        theme: `light`, `dark`, or `auto`.
        highlight: Child positions from the root to a node whose subtree is set off, such as `Proposal.place`.

    Returns:
        A standalone SVG document. A tree that is too large for one page is drawn in panels, subtrees that occur several times once.

    Raises:
        SettingError: There is no such theme.
    """
    return svg(tree_page(architecture.node, highlight), theme)


def png(picture: str, zoom: float = 2.0) -> bytes:
    """Draw an SVG document as a PNG.

    Args:
        picture: The text of the SVG document.
        zoom: How many pixels of the PNG a unit of the document has.

    Returns:
        The content of the file.

    Raises:
        SettingError: The extra `png` is not installed.
    """
    try:
        import resvg_py
    except ImportError:
        raise SettingError("PNG needs the extra png: pip install 'einspace[png]'") from None
    content: bytes = bytes(resvg_py.svg_to_bytes(svg_string=picture, zoom=zoom))
    return content
