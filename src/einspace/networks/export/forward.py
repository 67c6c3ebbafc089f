"""Forward: traced calls as the lines of a `forward` method, with few names, short ones first."""

import heapq
import operator
from collections.abc import Mapping
from typing import Any

from torch import fx

from einspace.networks.export.calls import expression
from einspace.networks.export.layout import WIDTH, Expression, statement

LONGEST = 56
"""Letters of a call up to which a view is written inside the call that reads it."""

VIEWS = {"flatten", "transpose", "permute", "unflatten", "unsqueeze", "squeeze", "reshape", "view", "contiguous", "mean"}


class Forward:
    """Writes the calls of a graph. `shapes` are what `trace.shapes` found, `operations` the texts of the operations by module."""

    def __init__(self, graph: fx.Graph, shapes: Mapping[fx.Node, Any], operations: Mapping[str, str]) -> None:
        self.nodes: list[fx.Node] = [node for node in graph.nodes if node.op in ("call_module", "call_function", "call_method")]
        self.result = next(node.args[0] for node in graph.nodes if node.op == "output")
        self.start = next(node for node in graph.nodes if node.op == "placeholder")
        self.shapes = shapes
        self.operations = operations
        self.inside: set[fx.Node] = set()
        self._nest()
        self.unpacked = {node: outputs for node in self.nodes if (outputs := self._outputs(node))}

    def lines(self) -> list[str]:
        """The body; raises ExportError for a call of a function that PyTorch lacks."""
        parts = {output for outputs in self.unpacked.values() for output in outputs}
        calls = [node for node in self.nodes if node not in self.inside and node not in parts]
        reads = [self._reads(node) for node in calls]
        last = {read: i for i, values in enumerate(reads) for read in values} | {self.result: len(calls)}
        names, made = {self.start: "x"}, 1
        free: list[int] = []
        lines: list[str] = []
        for i, node in enumerate(calls):
            written = self._written(node, names)
            for read in dict.fromkeys(reads[i]):
                if last[read] == i:
                    heapq.heappush(free, int(names.pop(read)[1:] or 0))
            comment = self._comment(node, reads[i])
            if node is self.result:
                return lines + statement("return ", written, comment)
            outputs = self.unpacked.get(node, [node])
            for output in outputs:
                if not free:
                    heapq.heappush(free, made)
                    made += 1
                number = heapq.heappop(free)
                names[output] = f"x{number}" if number else "x"
            lines += statement(f"{', '.join(names[output] for output in outputs)} = ", written, comment)
            for output in outputs:
                if output not in last:  # nothing reads it
                    heapq.heappush(free, int(names.pop(output)[1:] or 0))
        return [*lines, *statement("return ", str(names[self.result]))]

    def _written(self, node: fx.Node, names: Mapping[fx.Node, str] | None) -> Expression:
        """A call, with those inside it; without names, about as long as it will be."""

        def name(other: fx.Node) -> Expression:
            if other in self.inside or other.op == "get_attr":
                return expression(other, name, self.operations)
            return "x00" if names is None else names[other]

        return expression(node, name, self.operations)

    def _reads(self, node: fx.Node) -> list[fx.Node]:
        """The named values that a call reads, and the calls inside it."""
        found: list[fx.Node] = []
        waiting = [node]
        while waiting:
            for value in waiting.pop().all_input_nodes:
                if value in self.inside:
                    waiting.append(value)
                elif value.op != "get_attr":
                    found.append(value)
        return found

    def _nest(self) -> None:
        """Views that only the next call reads are written inside it, as long as it stays short."""
        for node, following in zip(self.nodes, self.nodes[1:], strict=False):
            if list(node.users) != [following] or following.all_input_nodes.count(node) != 1 or not _is_view(node):
                continue
            if str(following.args).count(node.name) > 1:
                continue
            self.inside.add(node)
            if len(str(self._written(following, None))) > LONGEST:
                self.inside.remove(node)

    def _outputs(self, node: fx.Node) -> list[fx.Node]:
        """The parts of a call that gives several values, in order, where all are read one by one and fit on one line."""
        count = self.shapes.get(node)
        users = list(node.users)
        if not isinstance(count, int) or any(user.target is not operator.getitem or user in self.inside for user in users):
            return []
        if sorted(user.args[1] for user in users if isinstance(user.args[1], int)) != list(range(count)) or len(users) != count:
            return []
        parts = sorted(users, key=lambda user: int(str(user.args[1])))
        return parts if 8 + 5 * count + len(str(self._written(node, None))) <= WIDTH - 20 else []

    def _comment(self, node: fx.Node, reads: list[fx.Node]) -> str:
        """The shape, where the call changes it."""
        shape = self.shapes.get(self.unpacked[node][0] if node in self.unpacked else node)
        if not isinstance(shape, tuple) or any(self.shapes.get(read) == shape for read in reads[:1]):
            return ""
        return f"({', '.join(shape)}{',' if len(shape) == 1 else ''})" + (" each" if node in self.unpacked else "")


def _is_view(node: fx.Node) -> bool:
    return (node.op == "call_method" and node.target in VIEWS) or node.target is operator.getitem
