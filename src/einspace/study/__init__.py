"""The study: one call that proposes, evaluates and stores architectures, and goes on after an interruption."""

from einspace.callbacks import Progress
from einspace.result import Result, load_result
from einspace.study.conducted import conduct
from einspace.study.searching import search
from einspace.study.signals import Interrupted

__all__ = ["Interrupted", "Progress", "Result", "conduct", "load_result", "search"]
