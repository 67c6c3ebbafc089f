"""Networks: a graph as a PyTorch module, with a head (B.1)."""

from einspace.networks import export
from einspace.networks.batching import batching_pays
from einspace.networks.emit import build, emit
from einspace.networks.heads import Classification, Dense, Head, Mask, MultiLabel, Regression, RelativeDense, Segmentation, check_fit
from einspace.networks.importer import Imported, from_module
from einspace.networks.state import convert_state

__all__ = [
    "Classification",
    "Dense",
    "Head",
    "Imported",
    "Mask",
    "MultiLabel",
    "Regression",
    "RelativeDense",
    "Segmentation",
    "batching_pays",
    "build",
    "check_fit",
    "convert_state",
    "emit",
    "export",
    "from_module",
]
