"""Sampling (section 3.6, A.1): expand a symbol at the features that reach it, with backtracking and within limits."""

from einspace.sampling.options import Choose, Weigh, chooser
from einspace.sampling.sampler import AttemptGivenUp, Expansion, Sampler, SamplingReport

__all__ = ["AttemptGivenUp", "Choose", "Expansion", "Sampler", "SamplingReport", "Weigh", "chooser"]
