"""Lowest: part of the tests with the oldest version of each dependency that pyproject.toml allows, in a fresh environment.

    python -m benchmarks.lowest [--bounds] [--environment DIR]

`--bounds` prints the versions as a file of constraints and ends. The extras are left out: their bounds are looked at by hand. Warnings are
no errors here, for an old package may use what a new one under it has deprecated. The exit code is that of the tests.
"""

import argparse
import re
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]

TESTS = (
    "tests/test_sampling.py",
    "tests/test_config.py",
    "tests/test_memory.py",
    "tests/files",
    "tests/storage/test_ledger.py",
    "tests/evaluation/test_evaluate.py",
    "tests/cli/test_cli.py",
)
"""What is run: what reads, samples, trains, stores and searches."""


def lowest(requirements: list[str]) -> list[str]:
    """The oldest version of each requirement.

    >>> lowest(["numpy>=2.0", "optuna>=5.0,<6"])
    ['numpy==2.0', 'optuna==5.0']
    """
    return [re.sub(r">=([\d.]+).*", r"==\1", requirement) for requirement in requirements]


def install(environment: Path, bounds: Path) -> Path:
    """An environment with those versions; the Python in it."""
    subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True)
    python = environment / "bin" / "python"
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-c", str(bounds)]
    subprocess.run([*pip, "-e", str(ROOT), "pytest", "pytest-timeout", "hypothesis", "pandas"], check=True)
    return python


def main() -> int:
    """Install, and run the tests."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bounds", action="store_true", help="print the versions and end")
    parser.add_argument("--environment", type=Path, help="one that is there already")
    given = parser.parse_args()
    bounds = lowest(tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"])
    if given.bounds:
        print("\n".join(bounds))
        return 0
    with tempfile.TemporaryDirectory(prefix="einspace-lowest-") as name:
        constraints = Path(name, "lowest.txt")
        constraints.write_text("\n".join(bounds) + "\n")
        python = install(Path(name, "environment"), constraints) if given.environment is None else given.environment / "bin" / "python"
        tests = ["-m", "pytest", "-q", "-m", "not slow", "-o", "filterwarnings=", "-W", "ignore", "-p", "no:cacheprovider", *TESTS]
        return subprocess.run([str(python), *tests], cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
