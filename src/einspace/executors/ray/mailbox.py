"""Mailbox: a Ray actor on the driver's machine, to which evaluations report their epochs and which answers whether to go on."""

import asyncio

from einspace.executors.messages import VERDICT_WAIT, Epoch, Passed

News = list[Epoch] | Passed | None
"""A report: all epochs so far of an evaluation that is watched, the progress of another one, or None for a beginning."""


class Mailbox:
    """Holds the reports of evaluations until the driver collects them. An evaluation is known by its number.

    A mailbox that is lost, with all that is in it, costs no evaluation: they go on without a verdict, and the driver hears of all epochs
    at the end.
    """

    def __init__(self) -> None:
        self._news: list[tuple[int, News]] = []
        self._arrived = asyncio.Event()
        self._asking: dict[int, asyncio.Future[bool]] = {}
        self._given_up: set[int] = set()
        self._tries: dict[int, int] = {}
        self._dropped: set[int] = set()

    async def drop(self, number: int) -> None:
        """Drop an evaluation that nobody waits for: one that Ray begins nevertheless shall end at once."""
        self._dropped.add(number)

    async def taken(self, number: int) -> int:
        """Note that a worker has begun; returns the number of this try, or 0 if the evaluation was dropped."""
        if number in self._dropped:
            return 0
        self._tell(number, None)
        self._tries[number] = self._tries.get(number, 0) + 1
        return self._tries[number]

    async def note(self, number: int, passed: Passed) -> None:
        """Note the progress of an evaluation, without an answer."""
        self._tell(number, passed)

    async def ask(self, number: int, epochs: list[Epoch]) -> bool:
        """Report all epochs so far, for an earlier report may be lost; returns whether to go on: yes, if the driver does not answer."""
        if number in self._given_up:
            return False
        answer: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._asking[number] = answer
        self._tell(number, epochs)
        try:
            return await asyncio.wait_for(answer, VERDICT_WAIT)
        except TimeoutError:
            return True

    async def answer(self, number: int, go_on: bool) -> None:
        """The driver's verdict on an epoch; a no that comes too late is heard after the next epoch."""
        if not go_on:
            self._given_up.add(number)
        asking = self._asking.pop(number, None)
        if asking is not None and not asking.done():
            asking.set_result(go_on)

    async def collect(self, timeout: float) -> list[tuple[int, News]]:
        """The reports since the last call, in order, each with the number of its evaluation.

        Waits so many seconds for the first one.
        """
        try:
            await asyncio.wait_for(self._arrived.wait(), timeout)
        except TimeoutError:
            return []
        self._arrived.clear()
        news, self._news = self._news, []
        return news

    def _tell(self, number: int, news: News) -> None:
        self._news.append((number, news))
        self._arrived.set()
