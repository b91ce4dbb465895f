"""Sends each turn's reply to the platform that its Inbound came from."""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager

from sessions.model import Platform, Turn
from sessions.ports.replies import Grant, Replies, Reply


class Routes:
    """The Replies of a process that serves several platforms, which may join one after the other."""

    def __init__(self, platforms: Mapping[Platform, Replies]) -> None:
        self._platforms = dict(platforms)

    def add(self, platform: Platform, replies: Replies) -> None:
        """Let a platform join: its answers can be delivered from here on."""
        self._platforms[platform] = replies

    @property
    def platforms(self) -> frozenset[Platform]:
        """The platforms whose answers this process can deliver."""
        return frozenset(self._platforms)

    def open(self, turn: Turn, grant: Grant) -> AbstractAsyncContextManager[Reply]:
        """Begin or take up the reply where the turn's Inbound came from.

        The engine runs only turns of :attr:`platforms`; any other raises KeyError.
        """
        return self._platforms[turn.inbound.place.thread.platform].open(turn, grant)
