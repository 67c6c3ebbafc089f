"""Graph: a flat list of operations in execution order, with the feature on every value, and the bytes that training keeps of it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from einspace.features import BYTES_PER_ELEMENT, Feature
from einspace.normal_form import Apply, NormalForm, Parallel
from einspace.operations import Operation, Storage, Value


@dataclass(frozen=True)
class Instruction:
    """One operation on numbered values. `name` is that of its weights: the terminal's number, and the copy's.

    Where several layers are packed into one operation, `parts` are the names of their weights, in the order of the layer's parts.
    """

    operation: Operation
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    name: str
    parts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Graph:
    """Instructions over numbered values; value 0 is the input."""

    instructions: tuple[Instruction, ...]
    features: tuple[Feature, ...]
    output: int

    def uses(self) -> list[int]:
        """The number of times that each value is read; the output of the graph is read once more."""
        counts = [0] * len(self.features)
        for instruction in self.instructions:
            for value in instruction.inputs:
                counts[value] += 1
        counts[self.output] += 1
        return counts

    def makers(self) -> dict[int, int]:
        """The instruction that makes each value, by its number; the input of the graph is not made by one."""
        return {value: i for i, instruction in enumerate(self.instructions) for value in instruction.outputs}

    def readers(self) -> dict[int, list[int]]:
        """The instructions that read each value, by their numbers and in order."""
        found: dict[int, list[int]] = {}
        for i, instruction in enumerate(self.instructions):
            for value in dict.fromkeys(instruction.inputs):
                found.setdefault(value, []).append(i)
        return found

    def replaced(self, changes: "Mapping[int, Sequence[Instruction]]") -> "Graph":
        """A copy of the graph with the instructions at some positions replaced by others, or removed."""
        return replace(self, instructions=tuple(new for i, old in enumerate(self.instructions) for new in changes.get(i, [old])))

    def inputs(self, instruction: Instruction) -> tuple[Feature, ...]:
        """The features that an instruction reads."""
        return tuple(self.features[value] for value in instruction.inputs)


class _Line:
    """A sequence of steps under way: its current value, and which copy of it this is."""

    def __init__(self, normal_form: NormalForm, value: int, copy: int) -> None:
        self.steps: Iterator[Apply | Parallel] = iter(normal_form.steps)
        self.value = value
        self.copy = copy


class _Branches:
    """A branching module under way: the branches that are left, and the results of the others."""

    def __init__(self, step: Parallel, values: tuple[int, ...], copy: int) -> None:
        runs = [(branch, copy * count + i) for count, branch in step.branches for i in range(count)]
        self.step = step
        self.pending = [_Line(branch, value, number) for (branch, number), value in zip(runs, values, strict=True)][::-1]
        self.done: list[int] = []


def lower(normal_form: NormalForm, inputs: Feature) -> Graph:
    """Lay a normal form out flat; every copy of a repeated branch becomes operations of its own, with weights of its own."""
    features = [inputs]
    instructions: list[Instruction] = []

    def emit(operation: Operation, arguments: tuple[int, ...], leaf: int, copy: int) -> tuple[int, ...]:
        outputs = operation.infer(tuple(features[value] for value in arguments))
        numbers = tuple(range(len(features), len(features) + len(outputs)))
        features.extend(outputs)
        name = f"{operation.name.replace('-', '_')}_{leaf}" + (f"_{copy}" if copy else "")
        instructions.append(Instruction(operation, arguments, numbers, name))
        return numbers

    work: list[_Line | _Branches] = [_Line(normal_form, 0, 0)]
    while True:
        item = work[-1]
        if isinstance(item, _Branches):
            if item.pending:
                work.append(item.pending.pop())
                continue
            work.pop()
            line = work[-1]
            assert isinstance(line, _Line)
            (line.value,) = emit(item.step.aggregation, tuple(item.done), item.step.leaf, line.copy)
            continue
        step = next(item.steps, None)
        if step is None:
            work.pop()
            if not work:
                return Graph(tuple(instructions), tuple(features), item.value)
            module = work[-1]
            assert isinstance(module, _Branches)
            module.done.append(item.value)
        elif isinstance(step, Apply):
            (item.value,) = emit(step.operation, (item.value,), step.leaf, item.copy)
        else:
            work.append(_Branches(step, emit(step.branching, (item.value,), step.leaf, item.copy), item.copy))


def saved_bytes(graph: Graph) -> int:
    """Bytes that autograd keeps for the backward pass of one sample, in float32, for the network that is built from this graph.

    A storage counts once, whoever keeps it or a view of it, and the input of the graph counts where a layer keeps it. Weights do not
    count, nor does what is the same for every batch size (the statistics of a batch norm). What each operation keeps, it says itself.
    """
    values = {0: Value.new(graph.features[0].shape)}
    kept: set[Storage] = set()
    for instruction in graph.instructions:
        operation = instruction.operation
        inputs = tuple(values[number] for number in instruction.inputs)
        requires_grad = any(value.requires_grad for value in inputs) or operation.parameters(graph.inputs(instruction)) > 0
        laid_out = operation.layout(inputs, tuple(graph.features[number] for number in instruction.outputs))
        outputs = tuple(value._replace(requires_grad=requires_grad) for value in laid_out)
        if requires_grad:
            kept.update(operation.saved(inputs, outputs))
        values.update(zip(instruction.outputs, outputs, strict=True))
    return BYTES_PER_ELEMENT * sum(storage.elements + storage.spare for storage in kept)
