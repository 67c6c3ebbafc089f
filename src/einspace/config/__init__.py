"""Config: every option of a search in one model, read from a file and a command line, and written into the run."""

from einspace.config.model import LimitSettings, RecipeSettings, RunSettings, SearchSettings, flags, leaves, parameter
from einspace.config.origin import CONFIG, Origin, describe_here, notes, write_config
from einspace.config.resolve import load, stored

__all__ = [
    "CONFIG",
    "LimitSettings",
    "Origin",
    "RecipeSettings",
    "RunSettings",
    "SearchSettings",
    "describe_here",
    "flags",
    "leaves",
    "load",
    "notes",
    "parameter",
    "stored",
    "write_config",
]
