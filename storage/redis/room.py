"""What every room of the store has: the way to the scripts, and where chats belong."""

from storage.redis.calls import Calls
from storage.redis.homes import Homes


class Room:
    """Some of the port's methods. The store is all rooms over one client."""

    def __init__(self, calls: Calls, homes: Homes) -> None:
        self._calls = calls
        self._homes = homes
