"""The fundamental operations (section 3.1, appendix A.2), a file for each of the four groups.

Every concrete operation class of the four files is found here; to add an operation is to add a class.
"""

from einspace.operations import aggregation, branching, computation, routing
from einspace.operations.aggregation import Add, Aggregation, Concat, Matmul
from einspace.operations.base import Group, Operation, single
from einspace.operations.branching import Branching, Clone, GroupDim
from einspace.operations.computation import Computation, Identity, Linear, Norm, PosEnc, Relu, Softmax
from einspace.operations.memory import CHANNELS_LAST, Storage, Value, Values
from einspace.operations.routing import Col2im, Im2col, Permute, Routing

OPERATIONS: dict[str, type[Operation]] = {
    kind.name: kind
    for module in (branching, aggregation, routing, computation)
    for kind in vars(module).values()
    if isinstance(kind, type) and issubclass(kind, Operation) and kind.__module__ == module.__name__ and hasattr(kind, "name")
}
"""Every operation by its name in A.2, in the order of the files."""

__all__ = [
    "CHANNELS_LAST",
    "OPERATIONS",
    "Add",
    "Aggregation",
    "Branching",
    "Clone",
    "Col2im",
    "Computation",
    "Concat",
    "GroupDim",
    "Group",
    "Identity",
    "Im2col",
    "Linear",
    "Matmul",
    "Norm",
    "Operation",
    "Permute",
    "PosEnc",
    "Relu",
    "Routing",
    "Softmax",
    "single",
    "Storage",
    "Value",
    "Values",
]
