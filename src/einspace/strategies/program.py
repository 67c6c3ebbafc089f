"""Program: a program of the user's proposes. It reads trials as JSON lines, and writes architectures, one a line."""

import json
import logging
import os
import shlex
import shutil
import signal
import subprocess
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from queue import Empty, Full, Queue, SimpleQueue
from random import Random
from threading import Thread
from time import monotonic
from typing import IO, Any

from einspace import baselines
from einspace.errors import EinspaceError, GrammarError, NetworkError, SettingError, ShapeError
from einspace.grammar import GRAMMARS, named_grammar
from einspace.quantities import duration
from einspace.space import EinSpace
from einspace.strategies.base import Exhausted, History, Strategy
from einspace.strategies.parsed import Parsed
from einspace.surrogate import Features, Guide, highest
from einspace.tasks.options import BASELINES
from einspace.trial import Proposal, Trial

LONGEST = 2**20
"""Characters of a line, at most; an architecture of 3,000 operations has some 60,000."""

AHEAD = 16
"""Lines that are read before they are wanted; a program that has written more waits, since its pipe is full."""

REFUSED = 100
"""Lines in a row that may be refused before the search gives the program up; of those that it has not read, as many are kept."""

OFFERS = 5
"""Architectures among which a surrogate chooses one, and how often the program is asked for them: it may think for long about each."""

PREFERRED = "the surrogate promises more of another one"
"""The answer to those that it does not choose."""

PROMPT = 0.5
"""Seconds that an answer may take while trials run; a later one is used when it comes."""

QUIET = 30.0
"""Seconds without a line, while no trial runs, after which a warning asks whether the program flushes its output."""

ENDING_SECONDS = 2.0
"""Seconds that a program has to end by itself, once nothing more is wanted of it."""

_LOG = logging.getLogger("einspace")


class Program(Strategy):
    """Asks a program, which is begun at the first proposal and ended with the search.

    Every line that the program reads is a JSON object with one key: `search` comes first and describes the search, `trial` reports each
    trial that has ended, `ask` wants an architecture, and `refused` says in one line why one will not be trained; another `ask` follows,
    unless a surrogate has chosen another one. Every line that it writes is the text of an architecture. It may write without being asked,
    and a program that ends with exit code 0 has nothing more to propose. Its stderr is shown.

    A continued run sends all trials to a new process, so that a program whose state follows from its input goes on as before.

    Args:
        space: Whose grammar, input and limits an architecture has to keep to.
        proposer: The command, which no shell reads. Raises SettingError where there is none.
        surrogate: Whether a model of the finished trials chooses one of several architectures that the program is asked for
            (`einspace.surrogate`), once 30 trials have ended well. Those that it does not choose are refused.
    """

    def __init__(self, space: EinSpace, proposer: str = "", surrogate: bool = False) -> None:
        if not isinstance(surrogate, bool):
            raise SettingError(f"surrogate must be True or False, not {surrogate!r}")
        try:
            self._words = shlex.split(proposer)
        except ValueError as error:
            raise SettingError(f"the proposer {proposer!r} is not a command: {error}") from None
        if not self._words:
            raise SettingError("this search asks a program for architectures: --proposer gives its command, which is not stored in the run")
        if shutil.which(self._words[0]) is None:
            raise SettingError(f"the proposer {proposer!r} cannot be started: there is no program {self._words[0]!r}")
        self.space, self._command, self.surrogate = space, proposer, surrogate
        self._guide = Guide(Features(Parsed(space), {}).of, 0, OFFERS, 1)
        self._process: subprocess.Popen[str] | None = None
        self._read: Queue[str | None] = Queue(AHEAD)
        self._written: SimpleQueue[tuple[str, object] | None] = SimpleQueue()
        self._refusals: deque[dict[str, str]] = deque(maxlen=REFUSED)
        self._told: set[int] = set()
        self._asked = -1
        self._awaited = False
        self._refused = 0
        self._over = False
        self._warned = False
        self.allowed: Callable[[], bool] = lambda: True
        """Function that says whether one more trial may begin; the search sets it."""

    def propose(self, history: History, rng: Random) -> Proposal | None:
        """The next line of the program that is an architecture, within the limits and new; None while the program thinks and trials run.

        Raises Exhausted when it has ended, or has not answered in the time of the search, and SettingError for a program that fails, or is
        refused too often.
        """
        self._begin()
        for trial in history:
            if trial.evaluation is not None and trial.number not in self._told:
                self._told.add(trial.number)
                self._tell("trial", trial)
        waiting, asked = any(trial.evaluation is None for trial in history), monotonic()
        while not self._over:
            if self._asked != len(history) and not self._awaited:
                self._asked, self._awaited = len(history), True
                self._tell("ask", self._asked)
            try:
                line = self._read.get(timeout=PROMPT)
            except Empty:
                if waiting:
                    return None
                self._unheard(monotonic() - asked)
                continue
            asked, self._awaited = monotonic(), False
            if line is None:
                self._end()
            elif line.strip():
                proposal = self._proposal(line.strip(), history)
                if proposal is not None:
                    self._refused = 0
                    return proposal
        raise Exhausted

    def choose(self, ask: Callable[[], Proposal | None], history: History, rng: Random) -> Proposal | None:
        """The next proposal, or with a surrogate the best of several: of what is there, where trials run or the program has ended."""
        if not self.surrogate:
            return ask()
        offers: list[Proposal] = []

        def offer() -> Proposal | None:
            try:
                proposal = ask()
            except Exhausted:
                if offers and self._over:
                    return None
                raise
            if proposal is not None:
                offers.append(proposal)
                self._asked = -1
            return proposal

        chosen = self._guide.propose(offer, highest, history)
        for other in offers:
            if chosen is not None and other.identity != chosen.identity:
                self._answer(other.text, PREFERRED)
        return chosen

    def refuse(self, proposal: Proposal, reason: str) -> None:
        """Tell the program why a proposal will not be trained."""
        self._refuse(proposal.text, reason)

    def close(self) -> None:
        """End the program: it reads to the end, and is killed if that does not end it. May be called from any thread, and twice."""
        self._over = True
        with suppress(Empty):  # the thread that reads may wait for room, and drops what follows
            while True:
                self._read.get_nowait()
        with suppress(Full):  # where there is no room, a proposal does not wait for a line either
            self._read.put_nowait(None)
        self._written.put(None)
        if self._process is None or self._process.poll() is not None:
            return
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(ENDING_SECONDS)
            return
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL) if hasattr(os, "killpg") else self._process.kill()
        self._process.wait()

    def _unheard(self, seconds: float) -> None:
        """It has written nothing for so long, while nothing else goes on; raises Exhausted where the search has no more time."""
        if not self.allowed():
            _LOG.warning("the proposer %r has not answered by the end of the search's time", self._command)
            raise Exhausted
        if seconds >= QUIET and not self._warned:
            self._warned = True
            said = "the proposer %r has not answered for %s: does it flush its output after each line?"
            _LOG.warning(said, self._command, duration(seconds))

    def _begin(self) -> None:
        if self._process is not None:
            return
        pipes: dict[str, Any] = {
            "stdin": subprocess.PIPE,
            "stdout": subprocess.PIPE,
            "text": True,
            "encoding": "utf-8",
            "errors": "replace",
        }
        try:
            self._process = subprocess.Popen(self._words, **pipes, start_new_session=True)  # Ctrl-C is for the search, which ends it
        except OSError as error:
            raise SettingError(f"the proposer {self._command!r} cannot be started: {error.strerror or error}") from None
        Thread(target=self._reads, args=(self._process.stdout,), daemon=True).start()
        Thread(target=_writes, args=(self._process.stdin, self._written, self._refusals), daemon=True).start()
        grammar, limits = self.space.grammar, asdict(self.space.limits)
        named = next((name for name in GRAMMARS if named_grammar(name).operations == grammar.operations), "own")
        self._tell("search", {"input": self.space.input.shape, "grammar": named, "limits": limits, "baselines": self._baselines()})

    def _reads(self, stream: IO[str]) -> None:
        """Queue the lines of a stream, each up to the longest, and None at the end; lines that nobody wants any more are dropped."""
        with stream:
            while line := stream.readline(LONGEST):
                if not self._over:
                    self._read.put(line)
                while len(line) == LONGEST and not line.endswith("\n"):  # the rest of a line that is too long is of no use
                    line = stream.readline(LONGEST)
        self._read.put(None)

    def _tell(self, key: str, value: object) -> None:
        """Queue what a line will say. The line is made when the program reads: one that never does would have all of them in memory."""
        self._written.put((key, value))

    def _baselines(self) -> dict[str, str]:
        """The texts of the small baselines that there are, so that the program has seen some architectures."""
        found = {}
        for name in BASELINES:
            with suppress(NetworkError, ShapeError, GrammarError):
                found[name] = str(baselines.within(self.space, name))
        return found

    def _proposal(self, text: str, history: History) -> Proposal | None:
        """The proposal in a line, or None where the program is asked to correct it."""
        try:
            if len(text) >= LONGEST:
                raise SettingError(f"the line is longer than {LONGEST:,} characters")
            architecture = self.space.parse(text)
            proposal = Proposal.of(architecture, "proposer")
        except EinspaceError as error:
            self._refuse(text, str(error))
            return None
        known = next((trial.number for trial in history if trial.proposal.identity == proposal.identity), None)
        objection = self.space.limits.objection(architecture.cost) or (None if known is None else f"trial {known} is this architecture")
        if objection is not None:
            self._refuse(text, objection)
            return None
        return proposal

    def _refuse(self, text: str, reason: str) -> None:
        self._refused += 1
        reason = " ".join(reason.split())
        if self._refused >= REFUSED:
            raise SettingError(
                f"the proposer {self._command!r} wrote {REFUSED} lines in a row that cannot be trained; the last one: {reason}"
            )
        self._answer(text, reason)
        self._asked = -1

    def _answer(self, text: str, reason: str) -> None:
        self._refusals.append({"text": text[:LONGEST], "error": reason})
        self._tell("refused", None)

    def _end(self) -> None:
        """The program has closed its output, which is the end of the search, or a failure."""
        over, self._over = self._over, True
        code: int | None = 0
        if self._process is not None and not over:
            with suppress(subprocess.TimeoutExpired):
                code = self._process.wait(ENDING_SECONDS)
        if code:
            raise SettingError(f"the proposer {self._command!r} ended with exit code {code}; the finished trials are kept")


def _said(trial: Trial) -> dict[str, Any]:
    """A trial as a program reads it; `fitness` is the score, turned so that more is better."""
    figures = {"number": trial.number, "text": trial.text, "outcome": trial.outcome, "score": trial.value, "fitness": trial.fitness}
    costs = {"parameters": trial.parameters, "flops": trial.proposal.costs.flops, "seconds": round(trial.seconds, 3)}
    return {**figures, **costs, "losses": trial.losses, "reason": trial.reason}


def _writes(stream: IO[str], queue: "SimpleQueue[tuple[str, object] | None]", refusals: deque[dict[str, str]]) -> None:
    """Write what comes through a queue until None comes, or the reader is gone; of a refusal, what is still kept."""
    with suppress(OSError, ValueError), stream:
        while (told := queue.get()) is not None:
            key, value = told
            if key == "refused" and not refusals:
                continue
            said = refusals.popleft() if key == "refused" else _said(value) if isinstance(value, Trial) else value
            stream.write(json.dumps({key: said}) + "\n")
            stream.flush()
