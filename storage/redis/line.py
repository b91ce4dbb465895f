"""Keeps a link to one node open: dials, and dials again with growing pauses."""

import asyncio
from collections.abc import Callable

from storage.redis.address import Address, Node
from storage.redis.dialing import dial
from storage.redis.durable import DurableLink
from storage.redis.failures import Refusal, Unreachable, unwelcome
from storage.redis.link import Link
from storage.redis.pauses import Pauses
from storage.redis.presence import Presence
from storage.redis.topology import Map


class Line:
    """A node's place in the client. ``link`` is None while there is none."""

    def __init__(self, address: Address, node: Node, where: Map, *, durable: bool) -> None:
        self.node = node
        self._address = address
        self._map = where
        self._durable = durable
        self._link: Link | None = None

    @property
    def link(self) -> Link | None:
        """The link, if calls may be sent."""
        return self._link if self._link is not None and self._link.usable else None

    async def keep(self, presence: Presence, look: Callable[[], None]) -> None:
        """Keep the link open for ever; calls ``look`` whenever the node may not be the right one."""
        pauses = Pauses()
        while True:
            try:
                link = await self._dial()
            except Unreachable as failure:
                presence.down(self, failure)
                look()
            else:
                if await self._serve(link, presence):
                    pauses.reset()
                look()
                presence.changed()
            await asyncio.sleep(pauses.next())

    async def _serve(self, link: Link, presence: Presence) -> bool:
        """Serve the link to its end, and tell whether it was of any use."""
        self._link = link
        presence.connections += 1
        try:
            presence.up(self)
            await link.serve()
        finally:
            self._link = None
        return link.answered

    async def _dial(self) -> Link:
        address = self._address
        wire = await dial(address, self.node)
        try:
            await self._map.greet(wire)
            if self._durable:
                return DurableLink(wire, address.timeout, address.replicas, address.wait)
            return Link(wire, address.timeout)
        except Refusal as refusal:
            await wire.close()
            raise unwelcome(refusal, self.node, address) from refusal
        except BaseException:
            await wire.close()
            raise
