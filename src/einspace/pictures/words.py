"""Words: the texts of operations and shapes in a picture."""

from einspace.features import Feature
from einspace.operations import Matmul, Operation
from einspace.passes import AttentionHeads, Convolution
from einspace.pictures.structure import Step


def caption(operation: Operation) -> tuple[str, str]:
    """The name and the settings of an operation, as a box has room for them.

    >>> from einspace.operations import Im2col, Permute
    >>> caption(Im2col(3, 1, 1)), caption(Permute((2, 1)))
    (('im2col', 'k=3 s=1 p=1'), ('permute', '2,1'))
    """
    if isinstance(operation, Convolution):
        stride = f", stride {operation.s}" if operation.s > 1 else ""
        padding = f", padding {operation.p}" if operation.p != operation.k // 2 else ""
        return f"conv {operation.k}×{operation.k}", f"{operation.d}{stride}{padding}"
    if isinstance(operation, AttentionHeads):
        return "attention", f"{_heads(operation)}{'' if operation.scaled else ', not scaled'}"
    if type(operation) is Matmul:
        return operation.name, "scaled" if operation.scaled else ""
    settings = operation.settings
    if len(settings) == 1 and isinstance(settings[0][1], tuple):
        return operation.name, ",".join(map(str, settings[0][1]))
    return operation.name, " ".join(f"{name}={value}" for name, value in settings)


def _heads(operation: AttentionHeads) -> str:
    return f"width {operation.width}" if operation.number == 1 else f"{operation.number} heads of {operation.width}"


def shape_text(feature: Feature) -> str:
    """A shape without the batch axis."""
    return "×".join(map(str, feature.shape))


def explained(step: Step) -> str:
    """The text under a pointer that rests on a box: the operation, the shapes and the parameters."""
    inputs = shapes(step.inputs)
    outputs = shapes(step.outputs)
    parameters = f", {step.parameters:,} parameters" if step.parameters else ""
    return f"{step.operation.text}: {inputs} → {outputs}{parameters}"


def shapes(features: tuple[Feature, ...]) -> str:
    """Shapes one after the other, equal ones with their number."""
    first = shape_text(features[0])
    if len(features) > 1 and all(feature.shape == features[0].shape for feature in features):
        return f"{len(features)} of {first}"
    return " and ".join(map(shape_text, features[:4])) + (f" and {len(features) - 4} more" if len(features) > 4 else "")
