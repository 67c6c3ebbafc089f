"""Config: every option of a search in one model, read from a file and a command line, and written into the run."""

from einspace.config.model import SearchSettings, seconds_of
from einspace.config.options import flags, leaves, parameter
from einspace.config.origin import CONFIG, notes, write_config
from einspace.config.resolve import load, stored

__all__ = ["CONFIG", "SearchSettings", "flags", "leaves", "load", "notes", "parameter", "seconds_of", "stored", "write_config"]
