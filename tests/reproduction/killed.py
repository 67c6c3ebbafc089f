"""The command line, for `Forked`, in a process that is killed in an evaluation."""

import os
import signal

from tests.cli.alone import searching
from tests.study_samples import ThreadExecutor, good

from einspace.evaluation.outcome import Evaluation, Request


def main(number: int, *words: str) -> None:
    """Call a command whose scores follow from the text; SIGKILL comes in the evaluation of that number."""
    begun: list[Request] = []

    def dying(request: Request) -> Evaluation:
        begun.append(request)
        if len(begun) == number:
            os.kill(os.getpid(), signal.SIGKILL)
        return good(request)

    searching(*words, choose=lambda *_: ThreadExecutor(dying))
