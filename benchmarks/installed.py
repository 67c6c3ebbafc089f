"""Installed: every command from the built wheel in a fresh environment without extras; each works, or names the extra that it needs.

    python -m benchmarks.installed [--seconds 1200] [--wheel FILE] [--environment DIR] [--keep DIR] [--only WORD...]
        [--user nobody]

The environment lies in a folder whose name has a space and letters beyond ASCII, and so do the runs and the data. Its packages cannot be
written to, there is no HOME, and whoever runs the commands as root can name another user. It prints how each command ended, and after how
many seconds; the exit code is 1 where one shows a traceback, or fails without the name of an extra.

To install takes as long as all commands, so it can be done once: `--keep DIR` leaves the environment there, and `--environment` takes it.
`--only search export` tries the commands with one of these words, and the search whose run others read.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from time import monotonic

ROOT = Path(__file__).parents[1]
NETWORK = "[[linear(d=8) norm] relu]"
QUICK = ("--epochs", "1", "--final-epochs", "1", "--workers", "1", "--trials", "2", "--init", "resnet8", "--max-flops", "2000000")

FIRST = ("search", "digits", *QUICK, "--run", "first", "--runs", "läufe 1")
"""The search whose run others read."""

WORKS: tuple[tuple[str, ...], ...] = (
    ("--help",),
    ("sample", "-n", "1", "--shape", "3,8,8", "--json"),
    ("show", "resnet8", "--shape", "3,8,8", "--svg", "netz ü.svg"),
    ("baselines",),
    ("grammar",),
    ("figure", "3"),
    ("tasks",),
    ("data", "list"),
    ("evaluate", NETWORK, "digits", "--epochs", "1"),
    ("evaluate", NETWORK, "tabelle ü.csv", "--epochs", "1"),
    FIRST,
    ("report", "first", "--runs", "läufe 1"),
    ("runs", "--runs", "läufe 1"),
    ("show", "first", "--runs", "läufe 1"),
    ("export", "first", "--runs", "läufe 1", "--format", "source", "-o", "netz.py"),
    ("export", "first", "--runs", "läufe 1", "--format", "torch", "-o", "netz.pt2"),
    ("export", "first", "--runs", "läufe 1", "--format", "safetensors", "-o", "netz.safetensors"),
)
"""What needs no extra."""

NAMES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("onnx", ("export", NETWORK, "--shape", "3,8,8", "--format", "onnx", "-o", "netz.onnx")),
    ("png", ("show", "resnet8", "--shape", "3,8,8", "--png", "netz.png")),
    ("images", ("evaluate", NETWORK, "bilder")),
    ("arrow", ("evaluate", NETWORK, "tabelle.parquet")),
    ("ray", ("search", "digits", *QUICK, "--executor", "ray")),
    ("mlflow", ("search", "digits", *QUICK, "--log", "mlflow")),
    ("wandb", ("search", "digits", *QUICK, "--log", "wandb")),
    ("tensorboard", ("search", "digits", *QUICK, "--log", "tensorboard")),
    ("postgres", ("search", "digits", *QUICK, "--storage", "postgresql+psycopg://me@127.0.0.1:9/x")),
    ("chess", ("data", "prepare", "chesseract", "--from", "spiele.pgn")),
)
"""What needs an extra, which the one line of the message must name."""


def install(folder: Path, wheel: Path | None) -> Path:
    """The environment with a wheel, None for that of this working tree, and the pinned packages that it needs."""
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    if wheel is None:
        subprocess.run([*pip, "wheel", "--no-deps", "--wheel-dir", str(folder), str(ROOT)], check=True)
        wheel = next(folder.glob("einspace-*.whl"))
    environment = folder / "umgebung ü"
    subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True)
    inside = [str(environment / "bin" / "python"), "-m", "pip", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*inside, "install", "-c", str(ROOT / "constraints.txt"), str(wheel)], check=True)
    return environment


def lay_out(folder: Path) -> None:
    """Data of the user's own: a table, and files that an extra reads."""
    rows = [f"{'ab'[i % 2]},{','.join(str((i * j) % 7 + i % 2 * 5) for j in range(1, 9))}" for i in range(60)]
    (folder / "tabelle ü.csv").write_text("label," + ",".join(f"t{j}" for j in range(8)) + "\n" + "\n".join(rows) + "\n")
    (folder / "tabelle.parquet").write_bytes(b"PAR1")
    (folder / "spiele.pgn").write_text('[Event "x"]\n[Result "1-0"]\n\n1. e4 e5 1-0\n')
    for name in ("a", "b"):
        (folder / "bilder" / name).mkdir(parents=True)
        (folder / "bilder" / name / "1.png").write_bytes(b"\x89PNG")


def chosen(only: Sequence[str]) -> list[tuple[str, tuple[str, ...]]]:
    """The commands that have one of some words, all where there are none, each with the extra that it must name.

    >>> [words[0] for _, words in chosen(["report"])]
    ['search', 'report']
    """
    every = [("", words) for words in WORKS] + list(NAMES)
    found = [(extra, words) for extra, words in every if not only or {*only} & {extra, *words}]
    needed = [("", FIRST)] if any("first" in words for _, words in found) and ("", FIRST) not in found else []
    return needed + found


def tried(
    commands: Sequence[tuple[str, tuple[str, ...]]], environment: Path, folder: Path, end: float, user: str | None
) -> Iterator[tuple[str, str, bool]]:
    """Each command with how it ended, and whether that is as it should be."""
    variables = {name: value for name, value in os.environ.items() if name not in ("HOME", "PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")}
    for extra, words in commands:
        said = f"einspace {' '.join(words)}"[:90]
        start = monotonic()
        left = end - start
        if left <= 0:
            yield said, "no time left", False
            continue
        command = [str(environment / "bin" / "einspace"), *words]
        try:
            done = subprocess.run(
                command, cwd=folder, env=variables, capture_output=True, text=True, check=False, timeout=min(left, 180), user=user
            )
        except subprocess.TimeoutExpired:
            yield said, "it did not end", False
            continue
        last = (done.stderr.strip().splitlines() or [""])[-1]
        named = f"einspace[{extra}]" in done.stderr
        good = "Traceback" not in done.stderr and (done.returncode == 0 if not extra else done.returncode == 2 and named)
        yield said, f"{monotonic() - start:.1f} s, code {done.returncode}" + (f", {last[-100:]}" if done.returncode else ""), good


def main() -> int:
    """Install, try, and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=1200.0, help="for all commands together")
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--environment", type=Path, help="one that is there already")
    where.add_argument("--keep", type=Path, help="a folder for the environment, which stays")
    parser.add_argument("--wheel", type=Path, help="in place of that of this working tree")
    parser.add_argument("--only", nargs="+", default=[], metavar="WORD", help="try the commands, or the extras, with one of these words")
    parser.add_argument("--user", help="whom the commands run as; only root can choose")
    given = parser.parse_args()
    commands = chosen(given.only)
    if not commands:
        parser.error(f"no command has one of the words {', '.join(given.only)}")
    if given.keep is not None:
        given.keep.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="einspace-installed-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        environment = given.environment or install(given.keep or folder, given.wheel)
        work = folder / "arbeit ü 1"
        work.mkdir()
        lay_out(work)
        work.chmod(0o777)
        for path in environment.rglob("site-packages/einspace/**/*"):
            path.chmod(0o555 if path.is_dir() else 0o444)
        wrong = 0
        for said, how, good in tried(commands, environment, work, monotonic() + given.seconds, given.user):
            wrong += not good
            print(f"{'ok   ' if good else 'WRONG'} {said}: {how}", flush=True)
    print(f"{len(commands)} commands, {wrong} wrong")
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
