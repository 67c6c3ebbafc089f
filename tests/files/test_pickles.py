"""Pickles of others: arrays and plain values come back, and nothing else is looked up, called or made."""

import gzip
import os
import pickle
import random
import struct
import subprocess
import sys
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from einspace.errors import DataError, TaskError
from einspace.files import numbers, read_pickle, unpickle

PROTOCOLS = range(pickle.HIGHEST_PROTOCOL + 1)
LIMIT = 10_000_000
PLAIN: dict[Any, Any] = {"deep": (None, True, 1.5, -(2**80), [b"raw\xff", "wörd", b""]), b"key": {1: 2, None: ()}}
ARRAYS: dict[str, Any] = {
    "bytes": np.arange(12, dtype=np.uint8).reshape(3, 4),
    "fortran": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    "strided": np.arange(10)[::2],
    "big-endian": np.arange(3, dtype=">f4"),
    "nothing": np.zeros((0, 3)),
    "one": np.array(5),
    "words": np.array(["ab", "c"]),
    "flags": np.array([True, False]),
    "scalar": np.float32(2),
}


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_what_was_written_comes_back(tmp_path: Path, protocol: int) -> None:
    """Of every protocol: the same values, types and shapes as Python's own reader gives; also gzipped, and the same object twice."""
    content = pickle.dumps([PLAIN, ARRAYS, PLAIN], protocol)
    (tmp_path / "p.gz").write_bytes(gzip.compress(content))
    for plain, arrays, again in (unpickle(content, "p"), read_pickle(tmp_path / "p.gz")):
        assert plain == PLAIN
        assert plain is again
        for name, expected in pickle.loads(pickle.dumps(ARRAYS, protocol)).items():
            assert (arrays[name].dtype, arrays[name].shape) == (expected.dtype, expected.shape)
            assert np.array_equal(arrays[name], expected)


def test_python_2_s_texts() -> None:
    """An array that Python 2 pickled has its bytes in a text, which is read as latin-1."""
    array = b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(I0\ntS'b'\ntR"
    state = b"(I1\n(I3\ntcnumpy\ndtype\n(S'u1'\nI0\nI1\ntRI00\nS'\\x00\\x80\\xff'\ntb."
    assert unpickle(array + state, "old").tolist() == [0, 128, 255]


class Command:
    """Unpickling this runs a command."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (f"touch {self.target}",)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_nothing_is_executed(tmp_path: Path, protocol: int) -> None:
    """A pickle that would run a command is refused by the name of what it wants, and the command is not run."""
    with pytest.raises(DataError, match=r"evil: is refused: its pickle wants posix.system, and only arrays"):
        unpickle(pickle.dumps({"data": Command(tmp_path / "ran")}, protocol), "evil")
    assert not (tmp_path / "ran").exists()


RECONSTRUCT = b"cnumpy.core.multiarray\n_reconstruct\n"
EMPTY = RECONSTRUCT + b"(cnumpy\nndarray\n(I0\ntVb\ntR"
FLOATS = b"cnumpy\ndtype\n(Vf4\ntR"


@pytest.mark.parametrize(
    ("content", "wanted"),
    [
        (pickle.dumps(OrderedDict(a=1)), "collections.OrderedDict"),
        (pickle.dumps(eval), "builtins.eval"),
        (pickle.dumps(getattr), "builtins.getattr"),
        (b"cnumpy\nload\n.", "numpy.load"),
        (b"cnumpy.testing\nrundocs\n.", "numpy.testing.rundocs"),
        (b"\x80\x04\x8c\x05numpy\x8c\x0bndarray.dot\x93.", "numpy.ndarray.dot"),
        (b"c_codecs\nlookup\n.", "_codecs.lookup"),
        (b"c_codecs\nencode\n(Vx\nVrot13\ntR.", "the codec 'rot13'"),
        (b"c_codecs\nencode\np0\n0cos\nsystem\n.", "os.system"),
        (RECONSTRUCT + b"(cnumpy\ndtype\n(I0\ntS'b'\ntR.", "an array of another class"),
        (b"cnumpy\nndarray\n(I1000000000000\ntR.", "an array without content"),
        (b"cnumpy\ndtype\n(VO8\ntR.", "the type 'O8'"),
        (b"cnumpy\ndtype\n(V(100000000)f8\ntR.", "the type"),
        (FLOATS + b"(I3\nV<\n(VO8\nt(VO8\ntNtb.", "a type with parts"),
        (
            FLOATS + b"\x94" + RECONSTRUCT + b"(cnumpy\nndarray\n(I0\ntVb\ntR(I1\n(I1\ntNI0\nVabcd\ntb.",
            "an array of something else than numbers",
        ),
        (b"]VNo class\n(tR.", "to call str"),
        (b"]}Vappend\nNsb.", "to fill list"),
        (b"}(N\x85\x85Nu.", "the key tuple"),
        (b"](NNu.", "the key NoneType in list"),
        (b"Pid\n.", "the instruction PERSID"),
        (b"NQ.", "the instruction BINPERSID"),
        (b"(ios\nsystem\n.", "the instruction INST"),
        (b"(cos\nsystem\no.", "os.system"),
        (b"\x80\x02]N\x81.", "the instruction NEWOBJ"),
        (b"\x82\x01.", "the instruction EXT1"),
        (b"\x80\x05\x97.", "the instruction NEXT_BUFFER"),
    ],
)
def test_foreign_names_and_instructions_are_refused(content: bytes, wanted: str) -> None:
    """Whatever is not an array is named: classes, functions, attributes, codecs, objects of other files, tricks with what is allowed."""
    with pytest.raises(DataError, match=f"x: is refused: its pickle wants {wanted.replace('(', '.')}".replace(")", ".")):
        unpickle(content, "x")


@pytest.mark.parametrize(
    "content",
    [
        b"\x80\x04\x8e" + struct.pack("<Q", 2**60) + b"x.",
        b"\x80\x04\x8d" + struct.pack("<Q", 2**60) + b"x.",
        b"\x80\x05\x96" + struct.pack("<Q", 2**60) + b"x.",
        b"T" + struct.pack("<i", 2**31 - 1) + b"x.",
        b"]" * 1_000_000 + b".",
        b"(" * 1_000_000 + b".",
    ],
    ids=["bytes", "text", "bytearray", "Python 2's text", "lists", "marks"],
)
def test_what_promises_or_makes_too_much_is_refused(content: bytes) -> None:
    """A length that nothing can hold is refused at once, and so are objects that do not fit: a byte makes one of a hundred."""
    with pytest.raises(DataError, match=r"x: would unpack from [\d,]+ to [\d,]+ bytes or more, but at most 10,000,000 are read"):
        unpickle(content, "x", limit=LIMIT)


def test_a_memo_of_billions_takes_no_memory() -> None:
    """The number of a memo and the length of a frame are only words: they size nothing."""
    assert unpickle(b"\x80\x04Nr" + struct.pack("<I", 2**32 - 1) + b".", "x", limit=1000) is None
    assert unpickle(b"\x80\x04\x95" + struct.pack("<Q", 2**60) + b"N.", "x", limit=1000) is None


NESTED_KEY = b"}N" + b"\x85" * 500_000 + b"Ns."
LISTED = """
import io, pickle, sys
class Listed(pickle.Unpickler):
    def find_class(self, module, name):
        raise pickle.UnpicklingError(name)
Listed(io.BytesIO(sys.stdin.buffer.read())).load()
"""


@pytest.mark.slow
def test_a_list_of_allowed_names_is_not_enough() -> None:
    """A key of tuples in tuples ends the process of Python's own reader, though it may look nothing up; here it is refused.

    While this is so, the instructions are run here. Should it pass without a crash, a list of names with a bound may do.
    """
    done = subprocess.run([sys.executable, "-c", LISTED], input=NESTED_KEY, capture_output=True, check=False, timeout=100)
    assert done.returncode < 0, "a signal ended it"
    with pytest.raises(DataError, match="the key tuple in dict"):
        unpickle(NESTED_KEY, "x", limit=10**9)


def test_lists_in_lists_are_no_array() -> None:
    """A list of lists of the same list is of a few bytes, but an array of it of any size; a list that holds itself has no end."""
    layers = b"]" + b"(NNNNNNNNe" + b"".join(b"q%c](" % n + b"h%c" % n * 8 + b"e" for n in range(20)) + b"."
    for content in (layers, b"]q\x00h\x00a."):
        with pytest.raises(DataError, match="labels: must be an array, or a list of numbers, not list"):
            numbers(unpickle(content, "x", limit=LIMIT), "labels")
    assert numbers([1, 2.5], "labels").tolist() == [1, 2.5]


REPEATED = b"](NNNNNNNNe" + b"".join(b"q%c](" % n + b"h%c" % n * 8 + b"e" for n in range(5)) + b"q\x05"
"""A list of 8^6 values in 150 bytes, noted as the fifth."""


@pytest.mark.parametrize(
    "wanting",
    [
        b"cnumpy\ndtype\n(h\x05tR.",
        FLOATS + b"(I3\nh\x05NNNtb.",
        b"c_codecs\nencode\n(Vx\nh\x05tR.",
        b"h\x05Vnumpy\n\x93.",
        b"Vnumpy\nh\x05\x93.",
        b"Vnumpy\n" + b"X" + struct.pack("<I", 90_000) + b"x" * 90_000 + b"\x93.",
        b"cnumpy\ndtype\n(X" + struct.pack("<I", 90_000) + b"x" * 90_000 + b"tR.",
        b"c_codecs\nencode\n(Vx\nX" + struct.pack("<I", 90_000) + b"x" * 90_000 + b"tR.",
        FLOATS + b"(I3\nX" + struct.pack("<I", 90_000) + b"x" * 90_000 + b"NNNtb.",
        EMPTY + b"(I1\n(" + b"I0\n" + b"I9\n" * 1000 + b"t" + FLOATS + b"I0\nVabcd\ntb.",
    ],
    ids=["type", "order", "codec", "module", "attribute", "long name", "long type", "long codec", "long order", "shape"],
)
def test_what_is_refused_is_named_in_short(wanting: bytes) -> None:
    """Lists that hold one list eight times are of a few bytes, but their text of any size: only a text is shown, and its beginning."""
    with pytest.raises(DataError) as caught:
        unpickle(REPEATED + wanting, "x", limit=200_000)
    assert len(caught.value.args[0]) < 300


def test_deep_nesting_ends_well() -> None:
    """A hundred thousand tuples in each other are built and given up without a word of the stack's."""
    held = unpickle(b"N" + b"\x85" * 100_000 + b".", "x")
    assert isinstance(held, tuple)
    del held


def test_an_array_is_what_its_bytes_say() -> None:
    """A shape that lies, and one below zero, are refused; the array is made of the bytes that are there."""
    array = EMPTY + b"(I1\n"
    for shape, words in ((b"(I4000000000\nt", "needs 16,000,000,000 bytes"), (b"(I-1\nt", "something else than numbers")):
        with pytest.raises(DataError, match=words):
            unpickle(array + shape + FLOATS + b"I0\nVabcd\ntb.", "x")


@pytest.mark.parametrize("content", [b"", b"no pickle", pickle.dumps(np.arange(100))[:-30], b"\x80\x04]", b"\x80\xff.", b"I" + b"9" * 9999])
def test_damaged_pickles(content: bytes) -> None:
    """One message, whatever the damage; a user of tasks may catch it as TaskError."""
    with pytest.raises(TaskError, match=r"^x: cannot be read as a pickle: \w"):
        unpickle(content, "x")


def test_random_damage_is_always_a_message() -> None:
    """Bytes that are changed and cut at random are read or refused; nothing but DataError comes out, and no more is made than may be."""
    chance = random.Random(0)
    outcomes = set()
    for protocol in PROTOCOLS:
        whole = pickle.dumps([PLAIN, ARRAYS], protocol)
        for _ in range(150):
            damaged = bytearray(whole)
            for _ in range(chance.randint(1, 4)):
                damaged[chance.randrange(len(damaged))] = chance.randrange(256)
            try:
                unpickle(bytes(damaged[: chance.choice([len(whole), chance.randrange(len(whole))])]), "x", limit=LIMIT)
                outcomes.add("read")
            except DataError:
                outcomes.add("refused")
    assert outcomes == {"read", "refused"}
