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

import logging
from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from einspace.echo import EchoFilter
from einspace.errors import EinspaceError
from einspace.features import Feature
from einspace.grammar import Grammar, Production, einspace_grammar, recurrent_grammar, sequence_grammar
from einspace.limits import Limits
from einspace.space import Architecture, EinSpace

if TYPE_CHECKING:
    from einspace import baselines, networks
    from einspace.evaluation import Context, Outcome
    from einspace.evaluation.evaluate import evaluate
    from einspace.networks import Classification, Dense, Mask, MultiLabel, Regression, RelativeDense, Segmentation, build, from_module
    from einspace.predictor import Predictor, load_predictor
    from einspace.result import Result, load_result, load_trials
    from einspace.strategies import Strategy
    from einspace.strategies.optimizer import Optimizer
    from einspace.study import search
    from einspace.tasks import Recipe, Task, load_task
    from einspace.trial import Proposal, Trial

__version__ = version("einspace")

_LATER = {
    "baselines": "einspace.baselines",
    "networks": "einspace.networks",
    "Classification": "einspace.networks",
    "Dense": "einspace.networks",
    "Mask": "einspace.networks",
    "MultiLabel": "einspace.networks",
    "Regression": "einspace.networks",
    "RelativeDense": "einspace.networks",
    "Segmentation": "einspace.networks",
    "build": "einspace.networks",
    "from_module": "einspace.networks",
    "Context": "einspace.evaluation",
    "Outcome": "einspace.evaluation",
    "evaluate": "einspace.evaluation.evaluate",
    "Predictor": "einspace.predictor",
    "load_predictor": "einspace.predictor",
    "Result": "einspace.result",
    "load_result": "einspace.result",
    "load_trials": "einspace.result",
    "Strategy": "einspace.strategies",
    "Optimizer": "einspace.strategies.optimizer",
    "search": "einspace.study",
    "Recipe": "einspace.tasks",
    "Task": "einspace.tasks",
    "load_task": "einspace.tasks",
    "Proposal": "einspace.trial",
    "Trial": "einspace.trial",
}
"""Names whose modules load PyTorch: imported on first use, so that sampling starts at once."""

__all__ = [
    "Architecture",
    "Classification",
    "Context",
    "Dense",
    "EinSpace",
    "EinspaceError",
    "Feature",
    "Grammar",
    "Limits",
    "Mask",
    "MultiLabel",
    "Optimizer",
    "Outcome",
    "Predictor",
    "Production",
    "Proposal",
    "Recipe",
    "Regression",
    "Result",
    "Strategy",
    "RelativeDense",
    "Segmentation",
    "Task",
    "Trial",
    "baselines",
    "build",
    "einspace_grammar",
    "evaluate",
    "from_module",
    "load_predictor",
    "load_result",
    "load_task",
    "load_trials",
    "networks",
    "recurrent_grammar",
    "search",
    "sequence_grammar",
]


logging.getLogger(__name__).addFilter(EchoFilter())


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module 'einspace' has no attribute {name!r}")
    module = import_module(_LATER[name])
    return module if _LATER[name] == f"einspace.{name}" else getattr(module, name)
