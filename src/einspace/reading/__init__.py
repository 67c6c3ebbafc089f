"""Reading: people's own data, from files and objects to arrays by split, and the recognition of their meaning.

Nothing here knows a task: `einspace.tasks.from_data` makes tasks of what is read. Whatever is recognised rather than given comes with a
note; where two readings are possible the note is a doubt, which names the option for the other one.
"""

from einspace.reading.data_options import DataOptions

__all__ = ["DataOptions"]
