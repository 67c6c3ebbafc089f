"""Config: every option of a search in one model, read from a file and a command line, and written into the run."""

from einspace.config.model import OF_A_STRATEGY, SearchSettings
from einspace.config.options import flags, leaves
from einspace.config.origin import CONFIG, notes, only_python, write_config
from einspace.config.resolve import load, stored

__all__ = ["CONFIG", "OF_A_STRATEGY", "SearchSettings", "flags", "leaves", "load", "notes", "only_python", "stored", "write_config"]
