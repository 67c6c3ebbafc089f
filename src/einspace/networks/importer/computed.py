"""Computed weights: layers whose weights follow from others before each call, by pruning or a parametrization."""

from collections.abc import Iterator

from torch import nn
from torch.nn.utils import parametrize

KINDS = {
    ("orig", "mask"): ("pruned", "prune.remove"),
    ("orig", "u"): ("normalised", "remove_spectral_norm"),
    ("g", "v"): ("normalised", "remove_weight_norm"),
}
"""What a layer holds in place of a weight, by the ends of the names; what the weight is then, and the call that ends it."""


def computed(module: nn.Module) -> Iterator[tuple[str, str]]:
    """The layers of a module with weights that follow from others, each with the call that makes them plain ones."""
    for name, layer in module.named_modules():
        title = f"{name} ({type(layer).__name__})".lstrip()
        for weight in layer.parametrizations if parametrize.is_parametrized(layer) else ():
            yield title, _said(weight, "parametrized", "parametrize.remove_parametrizations")
        held = {name for name, _ in (*layer.named_parameters(recurse=False), *layer.named_buffers(recurse=False))}
        for (first, second), (kind, call) in KINDS.items():
            for weight in sorted(name.removesuffix(f"_{first}") for name in held if name.endswith(f"_{first}")):
                if f"{weight}_{second}" in held and weight not in held and hasattr(layer, weight):
                    yield title, _said(weight, kind, call)


def _said(weight: str, kind: str, call: str) -> str:
    return f"its {weight} is {kind}: torch.nn.utils.{call}(layer, {weight!r}) makes it a plain one"
