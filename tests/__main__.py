"""Run all tests: `python -m tests`, with any options of pytest.

The tests that start, time and kill processes run one by one, for they wait most of their time. The others run beside them, on two cores
and with a lower priority, so that they take what is left; three at a time took half as long again. Their progress is shown; the output of
the first part follows when both are done.
"""

import subprocess
import sys
import tempfile

PYTEST = (sys.executable, "-m", "pytest")

NO_TESTS = 5
"""The exit code of pytest where nothing was selected, as by the name of a folder that has tests of one part alone."""


def main(options: list[str]) -> int:
    """Run both parts; returns 0 if all tests passed."""
    with tempfile.TemporaryFile("w+") as output:
        one_by_one = subprocess.Popen((*PYTEST, "-m", "processes", *options), stdout=output, stderr=subprocess.STDOUT)
        try:
            others = subprocess.run(("nice", *PYTEST, "-n", "2", "--dist", "worksteal", "-m", "not processes", *options), check=False)
        finally:  # Ctrl-C ends both parts
            codes = {one_by_one.wait()}
            output.seek(0)
            print(output.read(), end="", flush=True)
    codes.add(others.returncode)
    return NO_TESTS if codes == {NO_TESTS} else max(codes - {NO_TESTS})


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
