"""Outlines for the terminal: an architecture as a coloured tree, a line for each operation and no line cut off."""

from collections.abc import Iterable

from rich.text import Text
from rich.tree import Tree

from einspace.derivation import Derivation
from einspace.features import Feature
from einspace.operations import Operation
from einspace.pictures.structure import Chain, Fork, Repeat, Step, size
from einspace.pictures.words import caption, shape_text
from einspace.quantities import quantity
from einspace.reporting.tables import STYLES

LINES, DEPTH = 400, 12
"""Lines and levels that are shown; what is beyond them is counted, and a picture has it."""


class _Lines:
    """Adds lines until there are too many."""

    def __init__(self) -> None:
        self.shown = self.left_out = 0

    def add(self, tree: Tree, line: Text) -> Tree:
        """A line under another one."""
        if self.shown >= LINES:
            self.left_out += 1
            return Tree("")
        self.shown += 1
        return tree.add(line)


def network_outline(chain: Chain, inputs: Feature, outputs: Feature) -> Tree:
    """The items of a picture with shapes where they change and parameters; equal blocks and branches once, with their number."""
    lines = _Lines()
    tree = Tree(Text.assemble(("input ", "bold"), shape_text(inputs)), guide_style="dim")
    _add(tree, chain, lines)
    if lines.left_out:
        tree.add(Text(f"{lines.left_out:,} more lines are not shown", style="dim"))
    tree.add(Text.assemble(("output ", "bold red"), shape_text(outputs)))
    return tree


def _add(tree: Tree, chain: Chain, lines: _Lines, depth: int = 1) -> None:
    if depth > DEPTH:
        lines.add(tree, Text(f"{size(chain):,} operations not shown", style="dim"))
        return
    for item in chain:
        if isinstance(item, Step):
            lines.add(tree, _step(item))
        elif isinstance(item, Repeat):
            _add(lines.add(tree, Text(f"× {item.count} in a row", style="bold")), item.items, lines, depth + 1)
        else:
            _fork(tree, item, lines, depth)


def _fork(tree: Tree, fork: Fork, lines: _Lines, depth: int) -> None:
    branching, aggregation = _named(fork.branching), _named(fork.aggregation)
    module = lines.add(tree, Text.assemble(branching, " … ", aggregation, *_facts(fork.aggregation, changed=_changes(fork))))
    for count, branch in fork.branches:
        times = f"× {count} " if count > 1 else ""
        if not branch:
            lines.add(module, Text(f"{times}skip", style="dim"))
        elif len(branch) == 1 and isinstance(branch[0], Step):
            lines.add(module, Text.assemble((times, "bold"), _step(branch[0])))
        else:
            _add(lines.add(module, Text(f"{times}branch", style="bold" if times else "dim")), branch, lines, depth + 2)


def _changes(fork: Fork) -> bool:
    return fork.aggregation.outputs[0].shape != fork.branching.inputs[0].shape


def _step(step: Step) -> Text:
    return Text.assemble(_named(step), *_facts(step, changed=step.inputs[0].shape != step.outputs[0].shape))


def _named(step: Step) -> Text:
    name, settings = caption(step.operation)
    return Text.assemble((name, f"bold {STYLES[step.group]}"), (f" {settings}" if settings else "", STYLES[step.group]))


def _facts(step: Step, changed: bool) -> Iterable[tuple[str, str]]:
    shape = f"  → {shape_text(step.outputs[0])}" if changed else ""
    parameters = f"  {quantity(step.parameters)}" if step.parameters else ""
    return (shape, ""), (parameters, "dim")


def tree_outline(root: Derivation) -> Tree:
    """The derivation, with a non-terminal that derives one thing only on the line of that thing."""
    lines = _Lines()
    top = Tree(_derived(root, 1)[0], guide_style="dim")
    waiting: list[tuple[Tree, Derivation, int]] = [(top, root, 1)]
    while waiting:
        above, node, depth = waiting.pop()
        if depth > DEPTH:
            lines.add(above, Text(f"{node.size - 1:,} nodes not shown", style="dim"))
            continue
        inner: list[tuple[Tree, Derivation, int]] = []
        for place, child in enumerate(node.children):
            line, last = _derived(child, node.repeats if place == 1 else 1)
            here = lines.add(above, line)
            if isinstance(last, Derivation):
                inner.append((here, last, depth + 1))
        waiting.extend(reversed(inner))
    if lines.left_out:
        top.add(Text(f"{lines.left_out:,} more lines are not shown", style="dim"))
    return top


def _derived(item: Derivation | Operation, times: int) -> tuple[Text, Derivation | Operation]:
    """A line of non-terminals that derive one thing each, and the last of them, or the terminal, which is on the line too."""
    line = Text(f"× {times} " if times > 1 else "", style="bold")
    while isinstance(item, Derivation) and len(item.children) == 1:
        line.append(f"{item.symbol} → ", style="dim")
        item = item.children[0]
    if isinstance(item, Derivation):
        line.append(item.symbol, style="bold")
    else:
        name, settings = caption(item)
        line.append(name, style=f"bold {STYLES[item.group]}")
        line.append(f" {settings}" if settings else "", style=STYLES[item.group])
    return line, item
