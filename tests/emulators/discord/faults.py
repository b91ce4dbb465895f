"""Faults on REST routes: what goes wrong, where, and how often."""

import asyncio
from dataclasses import dataclass, field
from enum import StrEnum


class FaultKind(StrEnum):
    HTTP_ERROR = "http_error"
    DROP_REPLY = "drop_reply"
    """The request takes effect, then the connection is reset instead of an answer."""
    RESET = "reset"
    """The connection is reset before the request takes effect."""
    DELAY = "delay"
    HANG = "hang"
    """The request has no effect and no answer until the fault is released."""


@dataclass(slots=True, eq=False)
class Fault:
    """One thing that goes wrong on requests of a method and route template."""

    kind: FaultKind
    method: str = "*"
    route: str = "*"
    times: int | None = 1
    status: int = 500
    code: int = 0
    seconds: float = 0.0
    """Of the delay, or what a 429 says to wait."""
    hits: int = 0
    released: asyncio.Event = field(default_factory=asyncio.Event)

    def matches(self, method: str, route: str) -> bool:
        used_up = self.times is not None and self.hits >= self.times
        return not used_up and self.method in {"*", method} and self.route in {"*", route}

    def release(self) -> None:
        """End the fault; requests that hang because of it are reset."""
        self.times = 0
        self.released.set()


class Faults:
    """The faults that are in force, first come first served."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []

    def add(self, fault: Fault) -> Fault:
        self._faults.append(fault)
        return fault

    def take(self, method: str, route: str) -> Fault | None:
        """Find the fault for a request and count the hit."""
        for fault in self._faults:
            if fault.matches(method, route):
                fault.hits += 1
                return fault
        return None

    def release_all(self) -> None:
        for fault in self._faults:
            fault.release()
