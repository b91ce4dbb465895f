"""Runs scripts and commands on the node that has their key; one client for every topology."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass

from sessions.errors import StoreError
from storage.redis.address import Address
from storage.redis.checking import check
from storage.redis.failures import Lost, Refusal
from storage.redis.lines import Lines
from storage.redis.link import Link, Outcome, Reply, Word, packed
from storage.redis.repeating import Job, Repeating
from storage.redis.script import Script
from storage.redis.subscription import subscribed

__all__ = ["Call", "Client", "Reply"]


@dataclass(frozen=True, slots=True)
class Call:
    """A script to run; the first key says on which node."""

    script: Script
    keys: Sequence[bytes]
    args: Sequence[Word]


class Client:
    """A connection to each node that is needed, shared by all callers.

    What is called must be idempotent by an id of its own: a call whose reply was lost raises
    StoreUnavailable, and only the caller may repeat it. What was surely not executed is repeated here for
    as long as the address says. Cancelling a call disturbs no other.
    """

    def __init__(self, address: Address, lines: Lines) -> None:
        """Take the parts; :meth:`open` makes them."""
        self.address = address
        self._lines = lines
        self._repeating = Repeating(lines, address.patience)

    @classmethod
    @asynccontextmanager
    async def open(cls, address: Address) -> AsyncIterator["Client"]:
        """Begin to connect, also if no server is there; leaving the context closes the client."""
        lines = Lines(address)
        await lines.open()
        try:
            yield cls(address, lines)
        finally:
            await lines.close()

    @property
    def away(self) -> bool:
        """Whether a node that is needed cannot be reached, as far as is known."""
        return self._lines.presence.away

    @property
    def connections(self) -> int:
        """How many were made: what was read before the newest may be gone, as a failover does it."""
        return self._lines.presence.connections

    async def run(
        self, script: Script, keys: Sequence[bytes], args: Sequence[Word], *, durable: bool = False
    ) -> Reply:
        """Run a script and return its reply. All keys are of one slot.

        ``durable`` also waits until replicas have everything that was written before the reply, if the
        address says so. Raises StoreUnavailable: it may have run or not, repeat it; and StoreError for a
        script that failed.
        """
        command = packed(b"EVALSHA", script.sha, len(keys), *keys, *args)
        link = self._lines.link(keys[0], durable=durable)
        outcome = None if link is None else await link.send(command)
        if link is None or isinstance(outcome, Refusal | Lost):
            job = Job(script.name, keys[0], command, script, durable)
            return await self._repeating.settle(job, link, outcome)
        return outcome

    async def run_all(self, calls: Sequence[Call]) -> list[Reply | StoreError]:
        """Run many scripts at once, each on its node, and return each one's reply or failure in order."""
        jobs = [_job(call.script, call.keys, call.args, durable=False) for call in calls]
        links = [self._lines.link(job.key) for job in jobs]
        pending = [
            None if link is None else link.send(job.packed) for job, link in zip(jobs, links, strict=True)
        ]
        outcomes = [None if one is None else await one for one in pending]
        return await self._settle_all(jobs, links, outcomes)

    async def command(self, key: bytes, *words: Word) -> Reply:
        """Run one plain command, name first, on the node that has the key. Raises as :meth:`run` does."""
        name = words[0].decode() if isinstance(words[0], bytes) else str(words[0])
        job = Job(name, key, packed(*words))
        link = self._lines.link(key)
        outcome = None if link is None else await link.send(job.packed)
        return await self._settle(job, link, outcome)

    def subscribe(self, channel: bytes) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """Listen on a connection of its own, from the beginning of the context on.

        The iteration goes on over losses of the connection, at another node if need be; what is published
        meanwhile is not seen. It ends when the client is closed.
        """
        return subscribed(self.address, self._lines, channel)

    async def check(self) -> None:
        """Make sure that Redis is there, new enough, and takes the login.

        Raises SettingError with the setting to correct, and StoreUnavailable for a server that is away.
        """
        await check(self.address)

    async def close(self) -> None:
        """Close the connections; calls under way raise StoreUnavailable. May be called twice."""
        await self._lines.close()

    async def _settle(self, job: Job, link: Link | None, outcome: Outcome) -> Reply:
        if link is None or isinstance(outcome, Refusal | Lost):
            return await self._repeating.settle(job, link, outcome)
        return outcome

    async def _settle_all(
        self, jobs: Sequence[Job], links: Sequence[Link | None], outcomes: Sequence[Outcome]
    ) -> list[Reply | StoreError]:
        replies: list[Reply | StoreError] = [None] * len(jobs)
        late: list[int] = []
        for number, (link, outcome) in enumerate(zip(links, outcomes, strict=True)):
            if link is None or isinstance(outcome, Refusal | Lost):
                late.append(number)
            else:
                replies[number] = outcome
        settling = (self._settle_or_tell(jobs[one], links[one], outcomes[one]) for one in late)
        for number, reply in zip(late, await asyncio.gather(*settling), strict=True):
            replies[number] = reply
        return replies

    async def _settle_or_tell(self, job: Job, link: Link | None, outcome: Outcome) -> Reply | StoreError:
        try:
            return await self._settle(job, link, outcome)
        except StoreError as error:
            return error


def _job(script: Script, keys: Sequence[bytes], args: Sequence[Word], durable: bool) -> Job:
    command = packed(b"EVALSHA", script.sha, len(keys), *keys, *args)
    return Job(script.name, keys[0], command, script, durable)
