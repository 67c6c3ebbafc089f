"""einspace: search neural architectures from fundamental operations.

>>> import random, einspace as es
>>> space = es.EinSpace((3, 32, 32))
>>> architecture = space.parse("[clone(b=2) {[[im2col(k=3,s=1,p=1) linear(d=3) col2im] [norm relu]] identity} add]")
>>> architecture.parameters
90
>>> child = space.mutate(architecture, random.Random(0))
>>> child.key == architecture.key
False
"""

from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from einspace.errors import EinspaceError
from einspace.features import Feature
from einspace.grammar import Grammar, Production, einspace_grammar, sequence_grammar
from einspace.limits import Limits
from einspace.space import Architecture, EinSpace

if TYPE_CHECKING:
    from einspace import baselines, networks
    from einspace.networks import Classification, Dense, Mask, MultiLabel, Regression, Segmentation, build, from_module
    from einspace.study import search
    from einspace.tasks import Recipe, Task, load_task

__version__ = version("einspace")

_LATER = {
    "baselines": "einspace.baselines",
    "networks": "einspace.networks",
    "Classification": "einspace.networks",
    "Dense": "einspace.networks",
    "Mask": "einspace.networks",
    "MultiLabel": "einspace.networks",
    "Regression": "einspace.networks",
    "Segmentation": "einspace.networks",
    "build": "einspace.networks",
    "from_module": "einspace.networks",
    "search": "einspace.study",
    "Recipe": "einspace.tasks",
    "Task": "einspace.tasks",
    "load_task": "einspace.tasks",
}
"""Names whose modules load PyTorch: imported on first use, so that sampling starts at once."""

__all__ = [
    "Architecture",
    "Classification",
    "Dense",
    "EinSpace",
    "EinspaceError",
    "Feature",
    "Grammar",
    "Limits",
    "Mask",
    "MultiLabel",
    "Production",
    "Recipe",
    "Regression",
    "Segmentation",
    "Task",
    "baselines",
    "build",
    "einspace_grammar",
    "from_module",
    "load_task",
    "networks",
    "search",
    "sequence_grammar",
]


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module 'einspace' has no attribute {name!r}")
    module = import_module(_LATER[name])
    return module if _LATER[name] == f"einspace.{name}" else getattr(module, name)
