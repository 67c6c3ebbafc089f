"""Games of chess from PGN files: the moves and the result of each; no move is played here."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from einspace.errors import DataError
from einspace.files import members, read

RESULTS = ("1-0", "1/2-1/2", "0-1")
"""White wins, draw, Black wins: labels 0, 1, 2."""

BOOK = "book_1.02.pgn"
"""The member of Debian's source package `gnuchess-book` that is read."""

_GAME = re.compile(r"^\[Event ", re.MULTILINE)
_RESULT = re.compile(r'^\[Result "([^"]*)"\]', re.MULTILINE)
_END = re.compile(r"(1-0|0-1|1/2-1/2|\*)\s*$")
_NO_MOVE = re.compile(r"\{[^}]*\}|\([^()]*\)|\$\d+|\d+\s*\.+|[!?]+")


@dataclass(frozen=True)
class Game:
    """The text of the moves, without the result, and the label of the result."""

    text: str
    label: int

    @property
    def moves(self) -> list[str]:
        """The moves in the standard algebraic notation, without numbers, comments and variations.

        >>> Game("1.e4 {best} e5 2. Nf3! $1 (2.d4) Nc6", 0).moves
        ['e4', 'e5', 'Nf3', 'Nc6']
        """
        return _NO_MOVE.sub(" ", self.text).split()


def read_games(source: Path) -> list[Game]:
    """Every game with a result and moves from the usual start, each text of moves once, in the order of the file.

    `source` is a PGN file, the source archive of gnuchess-book, or a folder with one of the two. Raises DataError if no game is found.
    """
    path = source
    if source.is_dir():
        found = sorted([*source.glob("*.pgn"), *source.glob("gnuchess-book*.orig.tar.*")])
        if not found:
            raise DataError(f"{source} holds no .pgn file and no gnuchess-book_*.orig.tar.gz")
        path = found[0]
    content = members(path, (BOOK,))[BOOK] if ".tar" in path.suffixes[-2:] else read(path)
    games: dict[str, Game] = {}
    for game in _games(content.decode("latin-1").replace("\r\n", "\n")):
        games.setdefault("".join(game.text.split()), game)  # lines may be broken elsewhere
    if not games:
        raise DataError(f"{path} holds no game with a result: it is no PGN file of whole games")
    return list(games.values())


def _games(text: str) -> Iterator[Game]:
    starts = [match.start() for match in _GAME.finditer(text)]
    for start, end in zip(starts, [*starts, len(text)][1:], strict=True):
        headers, _, rest = text[start:end].partition("\n\n")
        result = _RESULT.search(headers)
        moves = _END.sub("", rest).strip()
        if result is not None and result[1] in RESULTS and "[FEN " not in headers and moves:
            yield Game(moves, RESULTS.index(result[1]))
