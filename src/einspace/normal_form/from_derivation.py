"""From a derivation to its normal form."""

from einspace.derivation import Derivation
from einspace.normal_form.identities import branched, joined
from einspace.normal_form.structure import Apply, NormalForm, Parallel
from einspace.operations import Branching, Identity


def normal_form(root: Derivation, simplify: bool = True) -> NormalForm:
    """Turn a derivation into its normal form, from the leaves up; `simplify=False` keeps every operation as it was derived."""
    built: list[NormalForm] = []
    leaf = 0
    waiting: list[tuple[Derivation, bool]] = [(root, False)]
    while waiting:
        node, closing = waiting.pop()
        operation = node.terminal
        if operation is not None:
            kept = () if simplify and type(operation) is Identity else (Apply(operation, leaf),)
            built.append(NormalForm(kept))
            leaf += 1
        elif not closing:
            waiting.append((node, True))
            waiting.extend((child, False) for child in reversed(node.nodes))
        else:
            parts = built[-len(node.children) :]
            del built[-len(node.children) :]
            built.append(_module(node, parts, simplify) if node.branching is not None else _sequence(parts, simplify))
    return built[0]


def _sequence(parts: list[NormalForm], simplify: bool) -> NormalForm:
    return joined(*parts) if simplify else NormalForm(tuple(step for part in parts for step in part.steps))


def _module(node: Derivation, parts: list[NormalForm], simplify: bool) -> NormalForm:
    first, last = parts[0].steps[0], parts[-1].steps[0]
    assert isinstance(first, Apply)
    assert isinstance(first.operation, Branching)
    assert isinstance(last, Apply)
    for part in parts if simplify else ():
        _ = part.digest, part.weightless  # from the leaves up, so that neither has to ask deeper than one level
    module = Parallel(first.operation, tuple((node.repeats, part) for part in parts[1:-1]), last.operation, first.leaf)
    return branched(module) if simplify else NormalForm((module,))
