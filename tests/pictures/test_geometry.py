"""The geometry of pictures, of whatever the grammar derives: nothing overlaps, crosses, is cut off or is left out."""

from itertools import pairwise
from random import Random

import pytest
from tests.architectures import BULK, CONVOLUTION_WITH_SKIP, SHAPES
from tests.pictures.checks import faults

from einspace import Architecture, EinSpace, Limits, baselines
from einspace.pictures.geometry import Box, Edge, Label, Page, Rect
from einspace.pictures.geometry import Kind as BoxKind
from einspace.pictures.network import DETAILS, chain_of, network_page
from einspace.pictures.structure import every, size
from einspace.pictures.tree import tree_page

LARGE = Limits(operations=2_000)
NAMES = ("resnet18", "wrn16-4", "vit", "mlp-mixer", "densenet40")


def architectures(first: int, count: int) -> list[Architecture]:
    """Samples at all shapes in turn, within wide limits."""
    spaces = [EinSpace(shape, limits=LARGE) for shape in SHAPES]
    return [spaces[i % len(spaces)].sample(Random(f"picture:{i}")) for i in range(first, first + count)]


@pytest.mark.slow
@pytest.mark.parametrize("part", range(2))
def test_nothing_overlaps_crosses_or_is_cut_off(part: int) -> None:
    """Pictures of random architectures have no fault, and a box for every item and for both ends; nor have those of their derivations."""
    count, largest = 160 * BULK, 0
    for i, architecture in enumerate(architectures(count * part, count)):
        detail = DETAILS[i % 2]
        page = network_page(architecture, detail, derived=i % 3 == 0)
        assert faults(page) == [], str(architecture)
        boxes = sum(isinstance(mark, Box) for mark in page.marks)
        assert boxes == 2 + size(chain_of(architecture, detail, derived=i % 3 == 0))
        largest = max(largest, boxes)
        assert faults(tree_page(architecture.node)) == [], str(architecture)
    assert largest > 40


@pytest.mark.parametrize("name", NAMES)
def test_baselines_fit_a_page(name: str) -> None:
    """A network of hundreds of operations is about as wide as high, and has no fault; so has its tree, whose panels are not too wide."""
    architecture = baselines.get(name, (3, 64, 64))
    for detail in DETAILS:
        page = network_page(architecture, detail)
        assert faults(page) == []
        assert max(page.width, page.height) < 1900
    tree = tree_page(architecture.node)
    assert faults(tree) == []
    assert max(tree.width, tree.height) < 2500


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_long_random_networks_have_no_fault(seed: int) -> None:
    """Samples in a row, within a branch too, make networks of hundreds of boxes, which go on in columns in columns."""
    parts: list[str] = []
    shape: tuple[int, ...] = (3, 32, 32)
    for i in range(25):
        sample = EinSpace(shape, limits=Limits(operations=100)).sample(Random(f"{seed}:{i}"))
        parts.append(str(sample))
        shape = sample.output.shape
    whole = nested(parts)
    for text in (whole, f"[clone(b=2) {{[{whole} linear(d=7)] [norm [{whole} linear(d=7)]]}} add]"):
        architecture = EinSpace((3, 32, 32)).parse(text)
        page = network_page(architecture, "operations")
        assert faults(page) == []
        assert faults(tree_page(architecture.node)) == []


@pytest.mark.slow
def test_five_hundred_operations_stay_readable() -> None:
    """A chain of 500 different layers, and one within a branch, go on in columns: no side is longer than two pages."""
    layers = [f"linear(d={width})" for width in range(1, 501)]
    text = nested(layers)
    for source in (text, f"[clone(b=2) {{{text} linear(d=500)}} add]"):
        page = network_page(EinSpace((24, 24)).parse(source), fold=True)
        assert faults(page) == []
        assert sum(isinstance(mark, Box) for mark in page.marks) >= 502
        assert max(page.width, page.height) < 6000
        assert 0.4 < page.width / page.height < 2.5
    tree = tree_page(EinSpace((24, 24)).parse(text).node)
    assert faults(tree) == []
    assert 0.4 < tree.width / tree.height < 2.5


def nested(parts: list[str]) -> str:
    """A sequence as a balanced derivation."""
    if len(parts) == 1:
        return parts[0]
    middle = len(parts) // 2
    return f"[{nested(parts[:middle])} {nested(parts[middle:])}]"


def test_nothing_is_left_out_by_folding_and_blocks() -> None:
    """The operations with the numbers of their copies are those of the expanded network, and blocks have the same parameters."""
    for architecture in [*architectures(0, 100), *(baselines.get(name, (3, 64, 64)) for name in NAMES)]:
        derived = every(chain_of(architecture, "operations", derived=True))
        assert sum(copies for _, copies in derived) == architecture.terminals
        for detail in DETAILS:
            drawn = every(chain_of(architecture, detail))
            assert sum(step.parameters * copies for step, copies in drawn) == architecture.parameters


def test_the_checks_find_faults() -> None:
    """Boxes that overlap, an edge across another or through a box, and what is beyond the page are found."""
    page = network_page(EinSpace((3, 32, 32)).parse(CONVOLUTION_WITH_SKIP))
    first = next(mark for mark in page.marks if isinstance(mark, Box))
    wrong = Box(first.rect.moved(5, 5), BoxKind.SYMBOL, ())
    assert any("lies on" in fault for fault in faults(with_marks(page, wrong)))
    middle = first.rect.y + first.rect.height / 2
    assert any("runs through" in fault for fault in faults(with_marks(page, Edge(((0, middle), (page.width, middle))))))
    below = first.rect.bottom + 5
    assert any("edges meet" in fault for fault in faults(with_marks(page, Edge(((0, below), (page.width, below))))))
    outside = Box(Rect(page.width - 5, 0, 20, 5), BoxKind.SYMBOL, ())
    assert any("cut off" in fault for fault in faults(with_marks(page, outside)))


def with_marks(page: Page, *marks: Box | Edge | Label) -> Page:
    """A page with more on it."""
    return Page(page.width, page.height, (*page.marks, *marks), page.title)


def test_data_flow_downwards_but_for_the_way_to_the_next_column() -> None:
    """Without columns, each edge of a network ends below its start."""
    page = network_page(EinSpace((3, 32, 32)).parse(CONVOLUTION_WITH_SKIP))
    edges = [mark for mark in page.marks if isinstance(mark, Edge)]
    assert len(edges) > 8
    assert all(before[1] <= after[1] for edge in edges for before, after in pairwise(edge.points))
