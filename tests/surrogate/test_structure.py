"""Figures of the paths, against the network laid out flat."""

from collections import Counter
from random import Random

import pytest

from einspace import baselines
from einspace.graph import Graph, lower
from einspace.limits import Limits
from einspace.normal_form import normal_form
from einspace.space import Architecture, EinSpace
from einspace.surrogate.structure import Structures

SPACE = EinSpace((1, 8, 8), limits=Limits(operations=300))


def flat(architecture: Architecture) -> Graph:
    """Every operation as it is derived."""
    return lower(normal_form(architecture.node, simplify=False), architecture.input)


def walked(graph: Graph, weights: Counter[int]) -> tuple[int, int]:
    """The least and the most weight on a path from the input to the output, instruction by instruction."""
    least, most = {0: 0}, {0: 0}
    for number, instruction in enumerate(graph.instructions):
        low = min(least[value] for value in instruction.inputs) + weights[number]
        high = max(most[value] for value in instruction.inputs) + weights[number]
        for value in instruction.outputs:
            least[value], most[value] = low, high
    return least[graph.output], most[graph.output]


@pytest.mark.parametrize("seed", range(60))
def test_every_figure_is_that_of_the_flat_network(seed: int) -> None:
    """Operations, paths, and what lies on the shortest and the longest of them are counted as in the graph, whose copies are all there."""
    architecture = SPACE.sample(Random(seed))
    graph, found = flat(architecture), Structures().of(architecture.node)
    assert found.total == Counter(instruction.operation.text for instruction in graph.instructions)
    assert (found.shortest, found.longest) == walked(graph, Counter(range(len(graph.instructions))))
    for name in {instruction.operation.name for instruction in graph.instructions}:
        weights = Counter(number for number, each in enumerate(graph.instructions) if each.operation.name == name)
        assert (found.least[name], found.most[name]) == walked(graph, weights)
    paths = {0: 1}
    for instruction in graph.instructions:
        paths |= dict.fromkeys(instruction.outputs, sum(paths[value] for value in instruction.inputs))
    assert found.paths == paths[graph.output]
    assert len(graph.instructions) + found.forks == sum(len(instruction.outputs) for instruction in graph.instructions)


def test_neighbours_of_input_and_output_are_seen_through_branching_modules() -> None:
    """The clone reads the input, and what its branches begin with does too; the sum makes the output, and so do their ends."""
    found = Structures().of(EinSpace((4, 4)).parse("[clone(b=2) {[relu norm] identity} add]").node)
    assert dict(found.readers) == {"clone": 1, "relu": 1, "identity": 1}
    assert dict(found.makers) == {"add": 1, "norm": 1, "identity": 1}


def test_repeated_branches_count_as_often_as_they_are_repeated() -> None:
    """The derivation holds one branch for eight: its figures are those of the expanded network."""
    found = Structures().of(EinSpace((4, 4)).parse("[clone(b=8) {[relu relu]} add]").node)
    assert (found.total["relu"], found.most["relu"], found.paths, found.forks) == (16, 2, 8, 7)


def test_a_child_is_counted_as_it_would_be_alone() -> None:
    """What is remembered of the parent's parts changes no figure."""
    space, structures = EinSpace((3, 32, 32)), Structures()
    parent = baselines.get("resnet8", (3, 32, 32))
    structures.of(parent.node)
    for seed in range(10):
        child = space.mutate(parent, Random(seed))
        assert structures.of(child.node) == Structures().of(child.node)
