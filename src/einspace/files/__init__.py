"""Files: readers of files from others. They execute nothing in a file, and unpack no more than memory can hold."""

from einspace.files.arrays import Member, npz_members, read_npy, read_npz
from einspace.files.matlab import read_mat
from einspace.files.packed import members, read, unpack
from einspace.files.pickles import by_name, numbers, read_pickle, unpickle

__all__ = [
    "Member",
    "by_name",
    "members",
    "npz_members",
    "numbers",
    "read",
    "read_mat",
    "read_npy",
    "read_npz",
    "read_pickle",
    "unpack",
    "unpickle",
]
