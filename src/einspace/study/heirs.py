"""Heirs: whose weights the training of a child begins with, and which weights a run keeps for that.

All of it follows from the trials and from the files that were written before they ended: with one worker, a run that is interrupted goes on
as if it had not been.
"""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from heapq import nlargest
from pathlib import Path

from einspace.config.protocol import PAPER
from einspace.errors import SettingError
from einspace.strategies import Strategy, TournamentStrategy, is_ours
from einspace.tasks import Task
from einspace.trial import Proposal, Trial

MOST = 2**30
"""Bytes of weights that are left for children; what the trials that run are about to write comes on top until the next proposal."""


@dataclass(frozen=True)
class Heirs:
    """The weights that children may start with, in a folder of the run.

    Args:
        folder: Of the files, each under the number of its trial.
        members: Gives the trials that may be a parent, from all trials so far.
        workers: Evaluations at a time: the ends of so many may not be stored yet when a trial is proposed.
    """

    folder: Path
    members: Callable[[Sequence[Trial]], Iterable[Trial]]
    workers: int = 1

    def file(self, number: int) -> str:
        """The file of the weights of a trial, as an absolute path, for workers may be elsewhere."""
        return str(self.folder.resolve() / f"{number}.safetensors")

    def inheriting(self, proposal: Proposal, history: Sequence[Trial]) -> Proposal:
        """The proposal of the next trial, with the trial whose weights it begins with: its first parent, if the weights are there.

        A parent that inherited by itself leaves nothing: a lineage would be trained for longer with each generation, and late children
        score well whatever they are. Weights that no further trial can begin with are deleted.
        """
        self.tidy(history)
        parent = history[proposal.parents[0]] if proposal.parents else None
        if parent is None or parent.fitness is None or parent.inherited or not Path(self.file(_source(parent))).is_file():
            return replace(proposal, inherits=None)
        return replace(proposal, inherits=_source(parent))

    def tidy(self, history: Sequence[Trial]) -> None:
        """Delete the weights of trials that have ended and can be no parent, and beyond `MOST` bytes those of the oldest parents.

        What a trial begins with that has not ended stays, for it may be tried again; and so may the trials that ended last: a worker has
        its next trial before the end of the one before is stored.
        """
        trained = [trial for trial in history if trial.reused is None]
        running = [trial for trial in trained if trial.ended is None]
        latest = nlargest(self.workers, (trial for trial in trained if trial.ended is not None), key=lambda trial: trial.ended or 0.0)
        needed = {trial.proposal.inherits for trial in (*running, *latest)}
        kept = {_source(trial) for trial in self.members(history) if trial.fitness is not None and not trial.inherited}
        room, found = MOST, self._files(history)
        for number in sorted(found, key=lambda number: (number not in needed, -number)):
            with suppress(OSError):  # another driver was faster, or it is there to stay
                size = found[number].stat().st_size
                if number in needed or (number in kept and size <= room):
                    room -= size
                else:
                    found[number].unlink()

    def _files(self, history: Sequence[Trial]) -> dict[int, Path]:
        """The files of trials that have ended, by their numbers."""
        files = {int(file.stem): file for file in self.folder.glob("*.safetensors") if file.stem.isdecimal()}
        return {number: file for number, file in files.items() if number < len(history) and history[number].evaluation is not None}


def heirs_of(strategy: Strategy, folder: Path, workers: int) -> Heirs:
    """The heirs of a search: the possible parents are the members of a population, or without one all trials."""
    return Heirs(folder, strategy.members if isinstance(strategy, TournamentStrategy) else tuple, workers)


def check_inherits(inherit: object, strategy: Strategy, task: Task | None, protocol: str, pruner: str) -> None:
    """Raise SettingError where children cannot begin with the weights of their parents."""
    if inherit is not True:
        raise SettingError(f"inherit must be True or False, not {inherit!r}")
    if task is None:
        raise SettingError("inherit is for a task: an objective trains as it is written, and keeps its own weights")
    if protocol == PAPER:
        raise SettingError(f"inherit is not for the protocol {PAPER!r}, by which every trial is trained from fresh weights")
    if strategy.final or (is_ours(strategy) and not isinstance(strategy, TournamentStrategy)):
        raise SettingError(f"inherit is for strategies whose proposals have parents, and those of {type(strategy).__name__} have none")
    if pruner != "none":
        raise SettingError(f"inherit takes no pruner, which would compare epochs of trials that begin otherwise: {pruner!r}")


def _source(trial: Trial) -> int:
    """The number of the trial whose evaluation, and so whose weights, a trial has."""
    return trial.number if trial.reused is None else trial.reused
