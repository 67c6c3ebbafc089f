"""Predictor: a trained network that takes data as people have them and answers in their own labels and units."""

from einspace.predictor.about import About
from einspace.predictor.loading import load_predictor
from einspace.predictor.of_run import predictor_of
from einspace.predictor.predictor import Predictor
from einspace.predictor.trained import Trained, trained

__all__ = ["About", "Predictor", "Trained", "load_predictor", "predictor_of", "trained"]
