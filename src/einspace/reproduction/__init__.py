"""The paper's tables and figures, repeated: ours beside the paper's (`einspace reproduce`)."""

from einspace.reproduction.experiments import EXPERIMENTS, selected
from einspace.reproduction.reproduced import Reproduced, reproduce
from einspace.reproduction.scales import SCALES

__all__ = ["EXPERIMENTS", "SCALES", "Reproduced", "reproduce", "selected"]
