"""The command line, for `Forked`, in a process that works beside another one at the same cells."""

import json
from pathlib import Path

from tests.cli.alone import searching
from tests.executors.waiting import until
from tests.study_samples import ThreadExecutor, good

from einspace.evaluation.outcome import Evaluation, Request

TOGETHER = 60.0
"""Seconds in which the other process has to come to an evaluation too."""


def main(folder: str, name: str, *words: str) -> None:
    """Call a command whose scores follow from the text; the file NAME in the folder gets a line for each evaluation.

    The first evaluation ends when another process has begun one.
    """
    log = Path(folder) / name

    def written(request: Request) -> Evaluation:
        with log.open("a") as lines:
            lines.write(json.dumps([request.text, request.final]) + "\n")
        until(lambda: len(list(Path(folder).iterdir())) > 1, TOGETHER)
        return good(request)

    searching(*words, choose=lambda *_: lambda *_: ThreadExecutor(written, delay=0.05))
