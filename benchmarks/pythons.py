"""Pythons: what works with each Python that is found here, in a fresh environment with the pinned packages.

    python -m benchmarks.pythons [INTERPRETER ...]

Without names it takes the newest of each minor version that lies on the path or with pyenv. PyTorch is the pinned build for the CPU; where
pip finds none for a version, what needs no PyTorch is tried, and the line says so. Samples and mutants must be those of the
Python that runs this. It prints one line for each interpreter; the exit code is 1 where something failed.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
CONSTRAINTS = ROOT / "constraints.txt"
OLDEST = (3, 11)
TESTS = ("tests/derivation", "tests/grammar", "tests/operations", "-m", "not slow")
WITHOUT_TORCH = ("tests/derivation", "tests/grammar/test_consistency.py", "tests/grammar/test_grammar.py", "tests/normal_form")
ALONE = ("--noconftest", "--hypothesis-profile=ci")  # tests/conftest.py imports PyTorch
QUICK = ("--epochs", "1", "--final-epochs", "1", "--final-seeds", "1", "--workers", "1", "--no-race", "--no-report")
SEARCH = ("search", "digits", "--trials", "3", "--init", "resnet8", "--max-flops", "2000000", *QUICK, "--json")

SAMPLES = """
import hashlib, random, einspace as es
lines = []
for name, shape in (("paper", (3, 32, 32)), ("sequences", (24, 24)), ("recurrent", (3, 16, 16))):
    space = es.EinSpace(shape, grammar=name)
    for seed in range(50):
        sample = space.sample(random.Random(seed))
        child = space.mutate(sample, random.Random(seed))
        lines += [f"{one} {one.key} {one.output} {one.parameters} {one.flops}" for one in (sample, child)]
print(hashlib.sha256(repr(lines).encode()).hexdigest())
"""
"""A digest of samples and mutants with their shapes and costs."""


def found() -> list[str]:
    """The newest interpreter of each minor version from the oldest that is supported."""
    folders = [Path(folder) for folder in os.environ.get("PATH", "").split(os.pathsep)]
    folders += (Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions").glob("3.*/bin")
    paths = [path for folder in folders for path in folder.glob("python3.*") if re.fullmatch(r"python3\.\d+", path.name)]
    newest: dict[tuple[int, ...], tuple[tuple[int, ...], str]] = {}
    for path in paths:
        version = version_of(str(path))
        if version >= OLDEST and version > newest.get(version[:2], ((), ""))[0]:
            newest[version[:2]] = version, str(path)
    return [path for _, path in sorted(newest.values())]


def version_of(interpreter: str) -> tuple[int, ...]:
    """The version of an interpreter, empty where it does not start."""
    done = subprocess.run([interpreter, "-c", "import sys; print(*sys.version_info[:3])"], capture_output=True, text=True, check=False)
    return tuple(map(int, done.stdout.split())) if done.returncode == 0 else ()


def own() -> dict[str, str]:
    """The variables of this process without what puts this working tree into the other Python."""
    return {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")}


def torch_for_the_cpu() -> str:
    """The pinned PyTorch, as its build for the CPU, which on macOS is the only one."""
    pin = next(line for line in CONSTRAINTS.read_text().splitlines() if line.startswith("torch=="))
    return pin if sys.platform == "darwin" else f"{pin}+cpu"


def install(interpreter: str, environment: Path) -> tuple[Path, bool]:
    """A fresh environment; the Python in it, and whether it has PyTorch."""
    subprocess.run([interpreter, "-m", "venv", str(environment)], check=True)
    python = environment / "bin" / "python"
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-c", str(CONSTRAINTS)]
    has_torch = subprocess.run([*pip, torch_for_the_cpu()], env=own(), capture_output=True, check=False).returncode == 0
    needed = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    others = [requirement for requirement in needed if not requirement.startswith("torch")]  # torchmetrics needs PyTorch
    subprocess.run([*pip, *others, "pytest", "pytest-timeout", "hypothesis"], env=own(), check=True)
    shutil.rmtree(ROOT / "build", ignore_errors=True)  # setuptools would pack what an earlier build has left there
    subprocess.run([*pip, *([] if has_torch else ["--no-deps"]), str(ROOT)], env=own(), check=True)
    return python, has_torch


def call(python: Path, words: tuple[str, ...], cwd: Path) -> tuple[str, str]:
    """What a call of Python prints, and the last line of its complaint, empty where it ends well."""
    environment = own() | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run([str(python), *words], cwd=cwd, env=environment, capture_output=True, text=True, check=False, timeout=1200)
    lines = [*done.stdout.strip().splitlines(), *done.stderr.strip().splitlines()] or ["it says nothing"]
    return done.stdout, lines[-1] if done.returncode else ""


def tried(python: Path, has_torch: bool, digest: str, folder: Path) -> list[str]:
    """What is tried, a phrase for each thing; one that fails begins with FAILED."""
    said = []
    samples, complaint = call(python, ("-c", SAMPLES), folder)
    said.append("samples and mutants" if samples.strip() == digest else f"FAILED samples and mutants: {complaint or 'they are others'}")
    if has_torch:
        printed, complaint = call(python, ("-m", "einspace.cli", *SEARCH), folder)
        said.append(f"FAILED search: {complaint}" if complaint else f"search of {json.loads(printed)['trials']} trials")
    words = ("-m", "pytest", "-q", "-p", "no:cacheprovider", *(TESTS if has_torch else (*WITHOUT_TORCH, *ALONE)))
    printed, complaint = call(python, words, ROOT)
    return [*said, f"FAILED tests: {complaint}" if complaint else f"tests: {printed.strip().splitlines()[-1]}"]


def main() -> int:
    """Try each interpreter, and print a line for it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("interpreters", nargs="*", metavar="INTERPRETER")
    given = parser.parse_args()
    failed = False
    digest = subprocess.run([sys.executable, "-c", SAMPLES], capture_output=True, text=True, check=True).stdout.strip()
    with tempfile.TemporaryDirectory(prefix="einspace-pythons-") as name:
        for interpreter in given.interpreters or found():
            version = ".".join(map(str, version_of(interpreter)))
            folder = Path(name) / version
            python, has_torch = install(interpreter, folder / "environment")
            said = tried(python, has_torch, digest, folder)
            failed |= any(phrase.startswith("FAILED") for phrase in said)
            torch = torch_for_the_cpu() if has_torch else f"no {torch_for_the_cpu()} for it, tried without PyTorch"
            print(f"Python {version} ({torch}): {'; '.join(said)}", flush=True)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
