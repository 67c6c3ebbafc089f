"""Networks: a graph as a PyTorch module, with a head (B.1)."""

from einspace.networks.batching import batching_pays
from einspace.networks.emit import build, emit
from einspace.networks.heads import Classification, Head
from einspace.networks.importer import Imported, from_module
from einspace.networks.state import convert_state

__all__ = ["Classification", "Head", "Imported", "batching_pays", "build", "convert_state", "emit", "from_module"]
