"""Identities: here the paper's ambiguity (section 5) is dissolved, by rules that hold in exact arithmetic.

- `identity` does nothing; permutes in a row are one permute, or none; `im2col(k=1,s=1,p=0)` and `col2im` undo each other;
- `relu` acts on each element, so it can stand before any routing (padding is zero, and relu keeps zero), and does nothing after `softmax`;
- what has no weights and starts all branches of a `clone` can be done once, before it; so can `relu` and permutes before a `group-dim`;
- `relu` at the end of all branches of a `concat` can be done once, after it; so can a permute, and at the end of all branches of an
  `add` or a `multiply` too;
- a sum of sums is one sum, in any order, and a product may be in any order; a concatenation of concatenations over the same axis is one;
  chunks of chunks are chunks;
- chunks that are concatenated again, untouched, are the tensor that was split, and equal branches that are concatenated and split again
  are those branches; a multiple of a multiple is one multiple.

No rule changes which weights there are, or their names: networks before and after share them.
"""

from collections.abc import Callable

from einspace.normal_form.structure import Apply, NormalForm, Parallel, Step
from einspace.operations import Add, Clone, Col2im, Concat, GroupDim, Im2col, Permute, Relu, Softmax
from einspace.operations.branching import LARGEST
from einspace.operations.recurrent import Multiply

PIXELS = Im2col(1, 1, 0)
"""The im2col that only reshapes."""

ROUTES = (Im2col, Col2im, Permute)
Run = tuple[int, NormalForm]
"""Equal branches: their number, and the normal form of each."""


def push(steps: list[Step], step: Step) -> None:
    """Append a step to the steps of a normal form."""
    if isinstance(step, Parallel):
        _push_parallel(steps, step)
        return
    operation = step.operation
    kind = type(operation)
    if kind is Relu:
        position = len(steps)
        while position and isinstance(before := steps[position - 1], Apply) and type(before.operation) in ROUTES:
            position -= 1
        if not (position and isinstance(before := steps[position - 1], Apply) and type(before.operation) is Softmax):
            steps.insert(position, step)
        return
    last = steps[-1] if steps else None
    if isinstance(last, Apply):
        previous = last.operation
        if type(operation) is Permute and type(previous) is Permute:
            order = tuple(previous.o[axis - 1] for axis in operation.o)
            steps.pop()
            if order != tuple(sorted(order)):
                steps.append(Apply(Permute(order), last.leaf))
            return
        if (kind is Col2im and previous == PIXELS) or (type(previous) is Col2im and operation == PIXELS):
            steps.pop()
            return
    steps.append(step)


def joined(*parts: NormalForm) -> NormalForm:
    """The normal form that does all parts in turn."""
    steps = list(parts[0].steps)
    for part in parts[1:]:
        for step in part.steps:
            push(steps, step)
    return NormalForm(tuple(steps))


def branched(module: Parallel) -> NormalForm:
    """The normal form of a branching module whose branches are in normal form."""
    before: list[Step] = []
    after: list[Step] = []
    while True:
        shorter = _without_first(module, before) or _without_last(module, after)
        if shorter is None:
            break
        module = shorter
    split, merge = module.branching, module.aggregation
    if type(split) is GroupDim and type(merge) is Concat and split.dim == merge.dim:
        untouched = all(not branch.steps for _, branch in module.branches)
        middle = [] if untouched else [_flattened(module)]
    else:
        middle = [_flattened(module)]
    return joined(NormalForm(), NormalForm((*before, *middle, *reversed(after))))


def _push_parallel(steps: list[Step], module: Parallel) -> None:
    """Append a branching module; equal branches that are concatenated only to be split again go on as they are."""
    last, split = steps[-1] if steps else None, module.branching
    if (
        isinstance(last, Parallel)
        and _multiple(last)
        and _multiple(module)
        and _bare(last) == _bare(module)
        and last.branching.b * split.b <= LARGEST
    ):
        steps.pop()
        b = last.branching.b * split.b
        steps.append(_wider(module, ((b, NormalForm()),), last.leaf))
    elif (
        isinstance(last, Parallel)
        and type(last.aggregation) is Concat
        and type(split) is GroupDim
        and split.dim == last.aggregation.dim
        and len(last.branches) == len(module.branches) == 1
        and last.branches[0][0] == module.branches[0][0]
    ):
        ((count, first),), ((_, second),) = last.branches, module.branches
        steps.pop()
        for step in branched(Parallel(last.branching, ((count, joined(first, second)),), module.aggregation, last.leaf)).steps:
            push(steps, step)
    else:
        steps.append(module)


def _common(module: Parallel, position: int) -> Step | None:
    """The step without weights that all branches have at one end."""
    ends = [branch.steps[position] if branch.steps else None for _, branch in module.branches]
    first = ends[0]
    if first is None or not all(end is not None and type(end) is type(first) and end.text == first.text for end in ends[1:]):
        return None
    return first if first.weightless else None


def _each(module: Parallel, cut: Callable[[NormalForm], NormalForm]) -> tuple[Run, ...]:
    return tuple((count, cut(branch)) for count, branch in module.branches)


def _without_first(module: Parallel, before: list[Step]) -> Parallel | None:
    """Move the first step of all branches in front of the module, if that is the same."""
    step, split = _common(module, 0), module.branching
    if step is None:
        return None
    operation = step.operation if isinstance(step, Apply) else None
    if type(split) is GroupDim and type(operation) is Permute:
        split = GroupDim(operation.o.index(split.dim) + 1, split.b)
    elif type(split) is not Clone and not (type(split) is GroupDim and type(operation) is Relu):
        return None
    before.append(step)
    return Parallel(split, _each(module, lambda branch: NormalForm(branch.steps[1:])), module.aggregation, module.leaf)


def _without_last(module: Parallel, after: list[Step]) -> Parallel | None:
    """Move the last step of all branches behind the module, if that is the same; `after` is filled from its end."""
    step, merge = _common(module, -1), module.aggregation
    operation = step.operation if isinstance(step, Apply) else None
    if step is None or type(merge) not in (Add, Concat, Multiply):
        return None
    if type(merge) is Concat and type(operation) is Permute:
        merge = Concat(operation.o[merge.dim - 1], merge.b)
    elif not (type(operation) is Permute or (type(merge) is Concat and type(operation) is Relu)):
        return None
    after.append(step)
    return Parallel(module.branching, _each(module, lambda branch: NormalForm(branch.steps[:-1])), merge, module.leaf)


def _flattened(module: Parallel) -> Parallel:
    """Take over the branches of branches that are modules of the same kind."""
    split, merge = module.branching, module.aggregation
    if type(merge) not in (Add, Concat) or type(split) not in (Clone, GroupDim):
        return module
    inner = [_alike(module, count, branch) for count, branch in module.branches]
    if type(split) is GroupDim and (None in inner or len({other.branching.b for other in inner if other is not None}) > 1):
        return module  # chunks of different sizes are not one split
    runs: list[Run] = []
    for (count, branch), other in zip(module.branches, inner, strict=True):
        runs += [(count, branch)] if other is None else [(count * copies, part) for copies, part in other.branches]
    return _wider(module, tuple(runs), module.leaf) if sum(count for count, _ in runs) <= LARGEST else module


def _wider(module: Parallel, runs: tuple[Run, ...], leaf: int) -> Parallel:
    """A module of the same kind as `module`, with other branches and their number."""
    split, merge, total = module.branching, module.aggregation, sum(count for count, _ in runs)
    wider = GroupDim(split.dim, total) if type(split) is GroupDim else Clone(total)
    return Parallel(wider, runs, Concat(merge.dim, total) if type(merge) is Concat else merge, leaf)


def _multiple(module: Parallel) -> bool:
    """True if the module only adds its input to itself, or concatenates it with itself."""
    return (
        type(module.branching) is Clone
        and type(module.aggregation) in (Add, Concat)
        and all(not branch.steps for _, branch in module.branches)
    )


def _bare(module: Parallel) -> tuple[type, int]:
    """The kind of an aggregation, and the axis of a concatenation."""
    return type(module.aggregation), module.aggregation.dim if type(module.aggregation) is Concat else 0


def _alike(module: Parallel, count: int, branch: NormalForm) -> Parallel | None:
    """The module of the same kind that the branch is, if its branches can take the place of the `count` copies."""
    inner = branch.steps[0] if len(branch.steps) == 1 else None
    if not isinstance(inner, Parallel):
        return None
    split, merge = module.branching, module.aggregation
    if type(inner.branching) is not type(split) or type(inner.aggregation) is not type(merge):
        return None
    if type(split) is GroupDim and type(inner.branching) is GroupDim and split.dim != inner.branching.dim:
        return None
    if type(merge) is Concat and type(inner.aggregation) is Concat and merge.dim != inner.aggregation.dim:
        return None
    # Copies of different branches in turn cannot be written as runs without changing the order, which only a sum of clones allows.
    if count > 1 and len(inner.branches) > 1 and not (type(split) is Clone and type(merge) is Add):
        return None
    return inner
