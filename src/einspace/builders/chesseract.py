"""Chesseract (B.2): a position from the end of a game of chess; who won?"""

from collections.abc import Iterator
from math import floor
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from einspace.builders.building import Plan, Samples, Sizes, classification
from einspace.builders.games import RESULTS, Game, read_games
from einspace.builders.stacked import shares
from einspace.errors import DataError
from einspace.tasks import TASKS

LAST = 0.15
"""Share of the positions of a game that are taken, from its end."""

_SQUARES = 8
_PIECES = 12


def chesseract(source: Path, seed: int, sizes: Sizes) -> Plan:
    """Samples (12, 8, 8): a one for each piece, White's pawn, knight, bishop, rook, queen and king, then Black's; row 0 is rank 8.

    The games are divided first, so that no game is in two splits; White, draw and Black are equally frequent. Playing the moves needs the
    package `chess`, which only this data set wants; raises DataError without it.
    """
    _chess()
    games = read_games(source)
    order = np.random.default_rng((seed, 0)).permutation(len(games))
    ends = np.round(np.cumsum(list(sizes)) / sum(sizes) * len(games)).astype(int)
    splits, used = [], {}
    for number, (split, size, chunk) in enumerate(zip(("train", "valid", "test"), sizes, np.split(order, ends[:-1]), strict=True)):
        boards, labels, used[split] = _fill([games[index] for index in chunk], size, f"{source}, {split}")
        splits.append(_samples(boards, labels, np.random.default_rng((seed, 1, number))))
    train, valid, test = splits
    facts = {"source": {"games": len(games), "games_used": used}}
    return classification(TASKS["chesseract"], (train, valid, test), facts)


def positions(game: Game) -> Iterator[tuple[int, ...]]:
    """The last 15% of a game's positions, each as twelve bit boards; nothing for a game with an impossible move."""
    chess = _chess()
    board = chess.Board()
    moves = game.moves
    first = floor((1 - LAST) * len(moves))
    found = []
    for number, move in enumerate(moves):
        try:
            board.push_san(move)
        except ValueError:
            return
        if number >= first:
            found.append(tuple(board.pieces_mask(kind, side) for side in (True, False) for kind in range(1, 7)))
    yield from found


def unpack(boards: NDArray[np.uint64]) -> NDArray[np.float32]:
    """Bit boards (N, 12), a1 the lowest bit and h8 the highest, to ones and zeros (N, 12, 8, 8), rank 8 first."""
    bits = np.unpackbits(boards.astype("<u8").view(np.uint8), axis=1, bitorder="little")
    return np.ascontiguousarray(bits.reshape(-1, _PIECES, _SQUARES, _SQUARES)[:, :, ::-1]).astype(np.float32)


def _fill(games: list[Game], size: int, what: str) -> tuple[list[tuple[int, ...]], list[int], int]:
    """Positions of games until every class has its share, and the number of games that it took."""
    wanted = shares(size, len(RESULTS))
    boards: list[tuple[int, ...]] = []
    labels: list[int] = []
    used = 0
    for game in games:
        if not any(wanted):
            break
        if not wanted[game.label]:
            continue
        taken = list(positions(game))[: wanted[game.label]]
        wanted[game.label] -= len(taken)
        boards += taken
        labels += [game.label] * len(taken)
        used += bool(taken)
    if any(wanted):
        missing = ", ".join(f"{count:,} of {result}" for result, count in zip(RESULTS, wanted, strict=True) if count)
        raise DataError(f"{what}: {size:,} positions are needed, but {len(games):,} games lack {missing}: fewer --samples")
    return boards, labels, used


def _samples(boards: list[tuple[int, ...]], labels: list[int], rng: np.random.Generator) -> Samples:
    order = rng.permutation(len(labels))
    packed = np.array(boards, dtype=np.uint64)[order]

    def make(rows: NDArray[Any]) -> NDArray[np.float32]:
        return unpack(packed[rows])

    return Samples((_PIECES, _SQUARES, _SQUARES), np.array(labels, dtype=np.int64)[order], make)


def _chess() -> Any:
    try:
        import chess
    except ImportError:
        raise DataError("chesseract plays the moves of its games with the package chess: pip install 'einspace[chess]'") from None
    return chess
