"""Config: every option of a search in one model, read from a file and a command line, and written into the run."""

from einspace.config.model import LimitSettings, OwnSettings, RecipeSettings, SearchSettings, flags, leaves, parameter
from einspace.config.origin import CONFIG, Origin, describe_here, notes, write_config
from einspace.config.resolve import load

__all__ = [
    "CONFIG",
    "LimitSettings",
    "Origin",
    "OwnSettings",
    "RecipeSettings",
    "SearchSettings",
    "describe_here",
    "flags",
    "leaves",
    "load",
    "notes",
    "parameter",
    "write_config",
]
