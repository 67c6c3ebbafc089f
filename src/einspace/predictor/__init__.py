"""Predictor: a trained network that takes data as people have them and answers in their own labels and units."""

from einspace.predictor.about import About
from einspace.predictor.folder import load_predictor
from einspace.predictor.predictor import Predictor

__all__ = ["About", "Predictor", "load_predictor"]
