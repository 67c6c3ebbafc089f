"""Storage: the database of a study, which survives kills and power cuts, and outlasts a server that is away."""

from einspace.storage.database import Database
from einspace.storage.store import StudyStore

__all__ = ["Database", "StudyStore"]
