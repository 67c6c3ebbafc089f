"""Figures of architectures and their derivations: 1, 2 and 3, and, from architectures that runs found, 5, 6 and 8."""

from collections.abc import Sequence

from einspace import baselines
from einspace.baselines.blocks import IDENTITY, NORM, RELU, conv, linear, residual
from einspace.derivation import Derivation
from einspace.derivation.build import branch, compute, route, sequence
from einspace.features import Feature
from einspace.operations import Add, Clone, Col2im, Im2col, Relu
from einspace.pictures.drawing import svg
from einspace.pictures.geometry import Page, Part
from einspace.pictures.network import Detail, chain_of, network_part
from einspace.pictures.palette import Theme
from einspace.pictures.sheet import below, beside, titled, written
from einspace.pictures.tree import tree_part
from einspace.space import Architecture

EXAMPLES = {"ResNet18": "resnet18", "Vision transformer": "vit", "MLP-Mixer": "mlp-mixer"}
"""The three architectures of figure 1, and their names here."""

IMAGE = Feature((64, 32, 32))
"""The input of the modules of figures 2 and 3."""

SIDE = 110.0
"""Pixels on both sides of the axis of a module in figure 2, so that the axes of all lie on one line."""

MODULES: dict[str, tuple[str, Derivation]] = {
    "Sequential module": ("M → M M", sequence(NORM, RELU)),
    "Branching module": ("M → B M A, with a branch for each of two", branch(Clone(2), (linear(32), IDENTITY), Add())),
    "Routing module": ("M → R1 M R2", route(Im2col(3, 1, 1), linear(64), Col2im())),
    "Computation module": ("M → C", compute(Relu())),
}
"""The modules of section 3.2, with the rule of each and an example (figure 2)."""


def _network(architecture: Architecture, detail: Detail) -> Part:
    return network_part(chain_of(architecture, detail), architecture.input, architecture.output)


def figure_1(shape: Feature, detail: Detail = "blocks", theme: Theme = "light") -> str:
    """ResNet18, ViT and MLP-Mixer above, and under each its derivation tree."""
    columns = []
    for title, name in EXAMPLES.items():
        architecture = baselines.get(name, shape)
        facts = f"{architecture.terminals:,} operations, {architecture.parameters:,} parameters"
        columns.append((titled(_network(architecture, detail), title, facts), tree_part(architecture.node)))
    height = max(network.height for network, _ in columns)
    for network, _ in columns:
        network.height = height
    whole = beside([below([network, tree]) for network, tree in columns], apart=120)
    return svg(Page.of(whole, "Figure 1: three architectures and their derivation trees"), theme)


def figure_2(theme: Theme = "light") -> str:
    """The four modules, each as a network with its derivation in bracket notation."""
    rows = []
    told = {title: titled(written([rule, bracketed(node)]), title) for title, (rule, node) in MODULES.items()}
    widest = max(part.right for part in told.values())
    for title, (_, node) in MODULES.items():
        module = Architecture(node, IMAGE)
        picture = network_part(chain_of(module, "operations", derived=True), module.input, module.output)
        told[title].right = widest
        picture.left = picture.right = SIDE
        rows.append(beside([told[title], picture]))
    return svg(Page.of(below(rows, apart=36), "Figure 2: the four modules"), theme)


def bracketed(node: Derivation) -> str:
    """A derivation in labelled brackets, without settings.

    >>> bracketed(MODULES["Routing module"][1])
    '[M [R1 im2col] [M [C linear]] [R2 col2im]]'
    """
    inner = " ".join(bracketed(child) if isinstance(child, Derivation) else child.name for child in node.children)
    return f"[{node.symbol} {inner}]"


def block() -> Architecture:
    """The convolutional block with a skip connection that section 3 builds."""
    inner = sequence(conv(64), sequence(NORM, RELU))
    module = residual(inner)
    return Architecture(Derivation("S", module.children), IMAGE)


def figure_3(theme: Theme = "light") -> str:
    """The derivation tree of a convolutional block with a skip connection."""
    return svg(Page.of(tree_part(block().node), "Figure 3: the derivation tree of a convolutional block"), theme)


def found(number: int, architectures: Sequence[tuple[str, str, Architecture]], detail: Detail = "blocks", theme: Theme = "light") -> str:
    """Figures 5, 6 and 8: the best architectures of runs, each with a title and a line of facts, four in a row."""
    parts = [titled(_network(architecture, detail), title, facts) for title, facts, architecture in architectures]
    rows = [beside(parts[i : i + 4], apart=90) for i in range(0, len(parts), 4)]
    return svg(Page.of(below(rows, apart=90), f"Figure {number}: architectures that were found"), theme)
