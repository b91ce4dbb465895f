"""Faults that a test orders: which calls they hit, how often, and what they do to the wire."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from tests.emulators.telegram.wire import ApiCall


class FaultKind(StrEnum):
    ERROR = "error"
    FLOOD = "flood"
    RESET = "reset"
    DROP_REPLY = "drop_reply"
    DELAY = "delay"
    HANG = "hang"
    HANG_AFTER = "hang_after"
    BODY = "body"
    HALF_BODY = "half_body"


@dataclass(frozen=True, slots=True)
class Fault:
    """What goes wrong with a call; build one with the class methods."""

    kind: FaultKind
    status: int = 500
    text: str = ""
    seconds: float = 0.0

    @classmethod
    def error(cls, status: int, description: str) -> "Fault":
        """Refuse the call with a proper error object; it has no effect."""
        return cls(FaultKind.ERROR, status=status, text=description)

    @classmethod
    def flood(cls, retry_after: int = 1) -> "Fault":
        """Refuse with 429; the chat stays closed for `retry_after` seconds."""
        return cls(FaultKind.FLOOD, status=429, seconds=retry_after)

    @classmethod
    def reset(cls) -> "Fault":
        """Reset the connection before the call has an effect."""
        return cls(FaultKind.RESET)

    @classmethod
    def drop_reply(cls) -> "Fault":
        """Let the call have its effect, then reset the connection instead of answering."""
        return cls(FaultKind.DROP_REPLY)

    @classmethod
    def delay(cls, seconds: float) -> "Fault":
        """Have the effect only after this many seconds, even if the client has gone."""
        return cls(FaultKind.DELAY, seconds=seconds)

    @classmethod
    def hang(cls, *, after_effect: bool = False) -> "Fault":
        """Never answer, until the injection is removed or the server stops.

        The call has its effect before the wait, or never.
        """
        return cls(FaultKind.HANG_AFTER if after_effect else FaultKind.HANG)

    @classmethod
    def bad_gateway(cls) -> "Fault":
        """Answer 502 with a page instead of JSON; the call has no effect."""
        page = "<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>"
        return cls(FaultKind.BODY, status=502, text=page)

    @classmethod
    def half_body(cls) -> "Fault":
        """Let the call have its effect, but cut the connection in the middle of the answer."""
        return cls(FaultKind.HALF_BODY)


@dataclass(slots=True, eq=False)
class Injection:
    """An ordered fault; `hits` are the calls it has met."""

    method: str
    fault: Fault
    chat_id: int | None
    left: int | None
    when: Callable[[ApiCall], bool] | None
    hits: list[ApiCall] = field(default_factory=list)
    removed: bool = False

    def remove(self) -> None:
        """Stop hitting calls; a later change of the world frees those that hang."""
        self.removed = True

    def wants(self, call: ApiCall) -> bool:
        return (
            not self.removed
            and self.left != 0
            and self.method.lower() in {"*", call.method.lower()}
            and (self.chat_id is None or self.chat_id == call.chat_id)
            and (self.when is None or self.when(call))
        )


class FaultBook:
    """The ordered faults; the oldest that wants a call gets it."""

    def __init__(self) -> None:
        self._injections: list[Injection] = []

    def order(self, injection: Injection) -> Injection:
        self._injections.append(injection)
        return injection

    def take(self, call: ApiCall) -> Injection | None:
        for injection in self._injections:
            if injection.wants(call):
                injection.hits.append(call)
                if injection.left is not None:
                    injection.left -= 1
                return injection
        return None

    def clear(self) -> None:
        for injection in self._injections:
            injection.remove()
        self._injections.clear()
