"""Pictures as SVG: what is drawn, in which colours, and that nothing in it can do harm."""

import sys
from collections import Counter
from itertools import combinations
from random import Random
from xml.etree import ElementTree

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.grammar.own_operation import GATED
from tests.networks.test_attention import head
from tests.operations.derived import DERIVED
from tests.pictures.golden import FOLDER, block, pictures

from einspace import EinSpace, baselines
from einspace.derivation import Derivation
from einspace.errors import LimitError, SettingError
from einspace.operations import Group
from einspace.pictures import network_svg, png, tree_svg
from einspace.pictures.drawing import svg
from einspace.pictures.geometry import NAME, Box, Kind, Label, Page, Rect, Run
from einspace.pictures.network import chain_of, network_page
from einspace.pictures.palette import DARK, LIGHT, Palette, Theme
from einspace.pictures.structure import Fork, Repeat, Step
from einspace.pictures.tree import tree_page

SVG = "{http://www.w3.org/2000/svg}"
THEMES: tuple[Theme, ...] = ("light", "dark", "auto")


@pytest.mark.parametrize(("name", "picture"), pictures().items())
def test_pictures_are_those_that_were_looked_at(name: str, picture: str) -> None:
    """Byte for byte; `python -m tests.pictures.golden` draws them anew."""
    assert picture == (FOLDER / name).read_text(encoding="utf-8")


def texts(picture: str) -> list[str]:
    """Every line of text."""
    root = ElementTree.fromstring(picture)
    return ["".join(element.itertext()) for element in root.iter(f"{SVG}text")]


def test_the_tree_of_figure_3() -> None:
    """S derives B M M A; 16 non-terminals and 8 terminals, identity included, in their groups' colours."""
    boxes = [mark for mark in tree_page(block().node).marks if isinstance(mark, Box)]
    assert Counter(box.kind for box in boxes) == {
        Kind.SYMBOL: 16,
        Group.BRANCHING: 1,
        Group.AGGREGATION: 1,
        Group.ROUTING: 2,
        Group.COMPUTATION: 4,
    }
    symbols = Counter(box.lines[0][0].text for box in boxes if box.kind is Kind.SYMBOL)
    assert symbols == {"S": 1, "M": 7, "B": 1, "A": 1, "R1": 1, "R2": 1, "C": 4}
    assert [line for line in texts(tree_svg(block())) if len(line) > 2] == [
        "clone", "b=2", "im2col", "k=3 s=1 p=1", "linear", "d=3", "col2im", "norm", "relu", "identity", "add",
    ]  # fmt: skip


def test_shapes_stand_where_they_change() -> None:
    """In the block of figure 3 these are the columns, the wider rows and the image again; norm, relu and add change nothing."""
    page = network_page(block(), "operations")
    assert [mark.run.text for mark in page.marks if isinstance(mark, Label)] == ["1024×27", "1024×3", "3×32×32"]


def test_blocks_are_one_box() -> None:
    """ViT is a stem and four times the layer of attention and two linear layers; heads and convolutions are one box each."""
    chain = chain_of(baselines.get("vit", (3, 64, 64)), "blocks")
    layer = chain[-1]
    assert isinstance(layer, Repeat)
    assert layer.count == 4
    attention = layer.items[0]
    assert isinstance(attention, Fork)
    first = attention.branches[0][1][0]
    assert isinstance(first, Step)
    assert first.operation.text == "heads(number=4,width=64,scaled=True)"
    assert "conv 3×3 64, stride 2" in texts(network_svg(baselines.get("resnet18", (3, 64, 64))))


def test_repeats_are_whole_blocks() -> None:
    """The two blocks of a stage of ResNet18 are drawn once; two equal layers are not worth a frame, and blocks that grow are not equal."""
    repeats = [item for item in chain_of(baselines.get("resnet18", (3, 64, 64)), "blocks") if isinstance(item, Repeat)]
    assert [(item.count, len(item.items)) for item in repeats] == [(2, 2)]
    assert isinstance(repeats[0].items[0], Fork)
    space = EinSpace((8, 8))
    assert [type(item) for item in chain_of(space.parse("[linear(d=8) linear(d=8)]"))] == [Step, Step]
    growing = "[[clone(b=2) {[linear(d=8) norm] identity} concat(dim=1,b=2)] [clone(b=2) {[linear(d=8) norm] identity} concat(dim=1,b=2)]]"
    assert [type(item) for item in chain_of(space.parse(growing))] == [Fork, Fork]


def test_equal_branches_are_drawn_once() -> None:
    """A repeated branch has its number, and so have two branches that are written out and equal."""
    space = EinSpace((8, 8))
    assert texts(network_svg(space.parse("[clone(b=8) {linear(d=4)} add]"))).count("× 8") == 1
    (fork,) = chain_of(space.parse("[clone(b=2) {linear(d=4) linear(d=4)} add]"))
    assert isinstance(fork, Fork)
    assert [count for count, _ in fork.branches] == [2]


def test_identities_are_drawn_as_derived() -> None:
    """The network as derived has a box for each of its terminals, identity too; the simplified one has none."""
    assert "identity" in texts(network_svg(block(), "operations", derived=True))
    assert "identity" not in texts(network_svg(block(), "operations"))
    assert texts(network_svg(EinSpace((3, 8, 8)).parse("[identity identity]"))) == ["input 3×8×8", "output 3×8×8"]


def test_a_part_of_a_tree_is_set_off() -> None:
    """The subtree at a path and nothing else, in panels too, and those of what recurs within it alone."""
    boxes = [mark for mark in tree_page(block().node, (1, 0)).marks if isinstance(mark, Box)]
    assert sorted(box.title for box in boxes if box.strong and box.title) == ["col2im", "im2col(k=3,s=1,p=1)", "linear(d=3)"]
    node = baselines.get("resnet18", (3, 64, 64)).node
    place = next(node.path(i) for i, found in enumerate(node.walk()) if found.size == 8)
    strong = [mark for mark in tree_page(node, place).marks if isinstance(mark, Box) and mark.strong]
    assert len([box for box in strong if box.kind is Kind.SYMBOL]) == node.at(place).size
    whole = [mark for mark in tree_page(node, ()).marks if isinstance(mark, Box)]
    assert all(box.strong for box in whole)


def test_repeated_subtrees_have_one_panel() -> None:
    """In the tree of ViT every distinct terminal of its layers is drawn once, and references say where the others are."""
    lines = texts(tree_svg(baselines.get("vit", (3, 64, 64))))
    assert lines.count("softmax") == 1
    assert lines.count("subtree 1") == 1
    assert lines.count("M → 1") == 2
    assert lines.count("at 2 places") == 2


@pytest.mark.parametrize("theme", THEMES)
def test_text_is_escaped_and_nothing_is_loaded(theme: Theme) -> None:
    """Whatever a box, a title or a label says, it stays text; there is no script, link, image or font to fetch."""
    hostile = "<script>alert('x')</script>&\"\x00"
    box = Box(Rect(0, 0, 9, 9), Kind.SYMBOL, ((Run(hostile, NAME),),), hostile)
    picture = svg(Page(10, 10, (box, Label.at(0, 0, hostile, NAME)), hostile), theme)
    root = ElementTree.fromstring(picture)
    assert {element.tag.removeprefix(SVG) for element in root.iter()} == {"svg", "title", "style", "rect", "g", "text", "tspan"}
    assert all("<script>alert('x')</script>&\"" in text for text in texts(picture))
    assert "url(" not in picture
    assert picture.count("http") == 1  # the name of SVG itself


def test_own_operations_are_drawn() -> None:
    """An operation of a user's own is a box of its group."""
    space = EinSpace((8, 8), grammar=GATED)
    assert "gated d=5" in texts(network_svg(space.parse("[gated(d=5) relu]")))


def test_what_derives_from_an_operation_is_drawn_as_itself() -> None:
    """A product that is not matmul is no part of attention, and heads that are not concatenated are no block of heads."""
    space = EinSpace((5, 6), grammar=DERIVED)
    for text, name in (
        (f"[clone(b=4) {{{head()}}} interleave(dim=2,b=4)]", "interleave"),
        (head().replace("matmul(scaled=True)", "cosine"), "cosine"),
    ):
        assert any(name in line for line in texts(network_svg(space.parse(text))))


def test_what_cannot_be_drawn_is_refused() -> None:
    """A wrong theme or detail names those that there are; branches in 200 branches are too deep for a picture, not for a notebook."""
    with pytest.raises(SettingError, match="the theme of a picture is light, dark or auto, not 'blue'"):
        network_svg(block(), theme="blue")  # type: ignore[arg-type]
    with pytest.raises(SettingError, match="the detail of a picture is operations or blocks, not 'all'"):
        network_svg(block(), "all")  # type: ignore[arg-type]
    text = "linear(d=8)"
    for i in range(200):
        text = f"[clone(b=2) {{[norm {text}] linear(d=8)}} {'matmul(scaled=True)' if i % 2 else 'add'}]"
    deep = EinSpace((8, 8)).parse(text)
    with pytest.raises(LimitError, match="nested more than 100 deep"):
        network_svg(deep)
    shown = deep._repr_html_()
    assert "nested more than 100 deep" in shown
    assert "<svg" not in shown


def test_deep_trees_are_drawn() -> None:
    """A derivation that is thousands of productions deep goes on in panels; nothing recurses."""
    node: Derivation = EinSpace((8, 8)).parse("[relu relu]").node.nodes[0]
    for _ in range(sys.getrecursionlimit()):
        node = (
            Derivation("M", (node, EinSpace((8, 8)).parse("[norm relu]").node.nodes[0]))
            if node.size < 3
            else Derivation("M", (node.nodes[0], node))
        )
    assert len([mark for mark in tree_page(node).marks if isinstance(mark, Box)]) > 1000


def test_pictures_are_the_same_every_time() -> None:
    """A picture depends on the architecture alone."""
    space = EinSpace((3, 32, 32))
    for seed in range(20):
        assert network_svg(space.sample(Random(seed))) == network_svg(EinSpace((3, 32, 32)).sample(Random(seed)))


def test_a_picture_becomes_a_png() -> None:
    """Twice as large, so that it is sharp on any screen."""
    pytest.importorskip("resvg_py")
    content = png(network_svg(block()))
    assert content.startswith(b"\x89PNG")
    page = network_page(block())
    assert int.from_bytes(content[16:20], "big") == pytest.approx(2 * page.width, abs=2)


# Colours. Machado, Oliveira and Fernandes 2009: how linear RGB looks to a reader without one of the three kinds of cones.
VISION = {
    "normal": np.eye(3),
    "protanopia": np.array([[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]),
    "deuteranopia": np.array([[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]),
    "tritanopia": np.array([[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]),
}
XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])


def linear(colour: str) -> NDArray[np.float64]:
    """Linear RGB of `#rrggbb`."""
    values = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def lab(rgb: NDArray[np.float64]) -> NDArray[np.float64]:
    """CIE L*a*b* of linear RGB at D65."""
    x, y, z = np.cbrt(np.clip(XYZ @ rgb / (XYZ @ np.ones(3)), 0.008856, None))
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("palette", [LIGHT, DARK])
@pytest.mark.parametrize("vision", VISION)
def test_a_colour_blind_reader_tells_the_groups_apart(palette: Palette, vision: str) -> None:
    """The fills of any two groups are at least 15 apart in CIE L*a*b*, where 2.3 is just noticeable."""
    seen = {group: lab(np.clip(VISION[vision] @ linear(palette.boxes[group].fill), 0, 1)) for group in Group}
    for one, other in combinations(Group, 2):
        assert np.linalg.norm(seen[one] - seen[other]) > 15, (one, other)


@pytest.mark.parametrize("palette", [LIGHT, DARK])
def test_text_has_contrast(palette: Palette) -> None:
    """At least 4.5 to 1 on its ground (WCAG 2.2, level AA)."""
    grounds = [(paint.ink, paint.fill) for paint in palette.boxes.values()]
    grounds += [(ink, ground) for ink in (palette.ink, palette.quiet) for ground in (palette.page, palette.panel)]
    for ink, ground in grounds:
        light, dark = sorted((float(XYZ[1] @ linear(colour)) for colour in (ink, ground)), reverse=True)
        assert (light + 0.05) / (dark + 0.05) > 4.5, (ink, ground)
