"""What every room of the store has: the way to the scripts, where chats belong, and who mends damage."""

from storage.redis.calls import Calls
from storage.redis.homes import Homes
from storage.redis.repair import Repair


class Room:
    """Some of the port's methods. The store is all rooms over one client."""

    def __init__(self, calls: Calls, homes: Homes) -> None:
        self._calls = calls
        self._homes = homes
        self._repair = Repair(calls)
