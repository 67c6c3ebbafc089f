"""Chesseract: boards, results and splits of real games."""

import sys
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.builders.small import check_format, linear_accuracy, rows, splits

from einspace.builders import Sizes, prepare
from einspace.builders.chesseract import positions, unpack
from einspace.builders.games import Game, read_games
from einspace.errors import DataError

GAME = """[Event "?"]
[Result "{result}"]

{moves} {result}

"""
MATE = "1.f3 {{a blunder}} e5 2.g4?? (2.e4 Nf6) Qh4#"
SIZES = (600, 120, 120)


def of_fen(fen: str) -> NDArray[np.float32]:
    """A board (12, 8, 8) from the letters of its FEN."""
    board = np.zeros((12, 8, 8), np.float32)
    for row, rank in enumerate(fen.split("/")):
        column = 0
        for letter in rank:
            if letter.isdigit():
                column += int(letter)
            else:
                board["PNBRQKpnbrqk".index(letter), row, column] = 1
                column += 1
    return board


def boards(game: Game) -> NDArray[np.float32]:
    return unpack(np.array(list(positions(game)), dtype=np.uint64).reshape(-1, 12))


@pytest.mark.slow
@pytest.mark.usefixtures("chess")
def test_the_last_positions_of_a_game(tmp_path: Path) -> None:
    """Of four positions the last one is taken, with White's pieces first and rank 8 on top; comments and variations are not moves."""
    source = tmp_path / "games.pgn"
    source.write_text(GAME.format(moves=MATE.format(), result="0-1"))
    (game,) = read_games(source)
    assert game.label == 2
    assert np.array_equal(boards(game), of_fen("rnb1kbnr/pppp1ppp/8/4p3/6Pq/5P2/PPPPP2P/RNBQKBNR")[None])
    castled = Game("1.e4 e5 2.Nf3 Nc6 3.Bc4 Bc5 4.O-O", 0)
    assert np.array_equal(boards(castled)[-1], of_fen("r1bqk1nr/pppp1ppp/2n5/2b1p3/2B1P3/5N2/PPPP1PPP/RNBQ1RK1"))
    assert len(boards(Game("1.e4 e5 2.Ke3", 0))) == 0, "an impossible move spoils the game"


def test_which_games_are_read(tmp_path: Path) -> None:
    """Games without a result or from another start are left out, and the same moves count once, wherever their lines break."""
    source = tmp_path / "games.pgn"
    texts = [
        GAME.format(moves=moves, result=result)
        for moves, result in (("1.e4", "1-0"), ("1.d4 d5", "1/2-1/2"), ("1.d4\nd5", "1-0"), ("1.c4", "*"))
    ]
    source.write_text("".join(texts) + GAME.format(moves="1.a4", result="1-0").replace("[Result", '[FEN "8/8"]\n[Result'))
    assert [(game.moves, game.label) for game in read_games(source)] == [(["e4"], 0), (["d4", "d5"], 1)]
    source.write_text("no game")
    with pytest.raises(DataError, match="no game with a result"):
        read_games(source)


def test_without_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message says what to install, before the source is read."""
    monkeypatch.setitem(sys.modules, "chess", None)
    with pytest.raises(DataError, match=r"pip install 'einspace\[chess\]'"):
        prepare("chesseract", tmp_path, tmp_path / "data")


@pytest.mark.slow
@pytest.mark.usefixtures("chess")
def test_from_real_games(games: Path, tmp_path: Path) -> None:
    """Each board is one of a game with that result, no game is in two splits, classes are balanced, a linear model beats chance."""
    owners: dict[bytes, set[int]] = defaultdict(set)
    known = read_games(games)
    for number, game in enumerate(known):
        for board in rows(boards(game), 3):
            owners[board].add(number)
    prepare("chesseract", games, tmp_path, sizes=Sizes(*SIZES))
    used = []
    for x, y in check_format(tmp_path / "chesseract", (12, 8, 8), SIZES).values():
        assert np.bincount(y).tolist() == [len(y) // 3] * 3
        assert all(label in {known[game].label for game in owners[board]} for board, label in zip(rows(x, 3), y.tolist(), strict=True))
        used.append({next(iter(owners[board])) for board in rows(x, 3) if len(owners[board]) == 1})
    assert not used[0] & used[1]
    assert not used[0] & used[2]
    assert not used[1] & used[2]
    assert linear_accuracy(splits(tmp_path / "chesseract")) > 0.4


@pytest.mark.slow
@pytest.mark.usefixtures("chess")
def test_seed_and_shortage(games: Path, tmp_path: Path) -> None:
    """The seed makes the set; more positions than the games have are refused with what is missing."""
    sums = []
    for number, seed in enumerate((0, 0, 1)):
        built = prepare("chesseract", games, tmp_path / str(number), seed=seed, sizes=Sizes(60, 15, 15))
        sums.append([facts["sha256"] for facts in built.metadata["files"].values()])
    assert sums[0] == sums[1] != sums[2]
    few = tmp_path / "few.pgn"
    few.write_bytes(games.read_bytes()[:100_000])
    with pytest.raises(DataError, match=r"few.pgn, train: 30,000 positions are needed, but .* games lack .* of 1/2-1/2.*fewer --samples"):
        prepare("chesseract", few, tmp_path, sizes=Sizes(30_000, 30, 30))
