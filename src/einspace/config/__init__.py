"""Config: every option of a search in one model, read from a file and a command line, and written into the run."""

from einspace.config.model import OF_THE_TASK, LimitSettings, OwnSettings, RecipeSettings, RunSettings, SearchSettings
from einspace.config.options import flags, leaves, parameter
from einspace.config.origin import CONFIG, Origin, describe_here, notes, write_config
from einspace.config.resolve import load, stored

__all__ = [
    "CONFIG",
    "OF_THE_TASK",
    "LimitSettings",
    "Origin",
    "OwnSettings",
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
