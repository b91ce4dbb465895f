"""The ways in which the server can be told to fail."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from enum import StrEnum

import msgspec

from tests.emulators.openai.received import Predicate, Received
from tests.emulators.openai.refusals import error_body


class _Kind(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag=str.lower):
    """A fault; as JSON its class's name in lower case is the field `kind`."""


class Status(_Kind, frozen=True, kw_only=True):
    """An HTTP error. `retry_after` is in seconds or a moment (sent as an HTTP date)."""

    status: int
    message: str = "The server had an error while processing your request. Sorry about that!"
    error_type: str = "server_error"
    param: str | None = None
    code: str | None = None
    retry_after: float | datetime | None = None
    retry_after_ms: int | None = None
    html: str | None = None

    def headers(self) -> dict[str, str]:
        headers = {"content-type": "text/html" if self.html else "application/json"}
        match self.retry_after:
            case datetime() as moment:
                headers["retry-after"] = format_datetime(moment.astimezone(UTC), usegmt=True)
            case None:
                pass
            case seconds:
                headers["retry-after"] = f"{seconds:g}"
        if self.retry_after_ms is not None:
            headers["retry-after-ms"] = str(self.retry_after_ms)
        return headers

    def body(self) -> bytes:
        if self.html is not None:
            return self.html.encode()
        return error_body(self.message, kind=self.error_type, param=self.param, code=self.code)


class HangBeforeHeaders(_Kind, frozen=True):
    """Nothing is answered until the client leaves."""


class ContextExceeded(_Kind, frozen=True, kw_only=True):
    """The request is refused as longer than a context of `limit` tokens, whatever its length."""

    limit: int = 4096


class RefuseStreamOptions(_Kind, frozen=True):
    """`stream_options` is an unknown argument, as with some compatible servers.

    Applies only to requests that have it.
    """


class Finish(_Kind, frozen=True, kw_only=True):
    """The answer ends with another reason; after `after` chunks if given."""

    reason: str = "length"
    after: int | None = None


class HangMidStream(_Kind, frozen=True, kw_only=True):
    """After `after` content chunks nothing more comes until the client leaves."""

    after: int = 1


class Cut(StrEnum):
    """How a stream is cut: end of body, connection closed inside the body, TCP reset."""

    END = "end"
    CLOSE = "close"
    RESET = "reset"


class CutStream(_Kind, frozen=True, kw_only=True):
    """After `after` content chunks the stream is over: no finish reason, no `[DONE]`."""

    after: int = 1
    how: Cut = Cut.END


class MalformedChunk(_Kind, frozen=True, kw_only=True):
    """After `after` content chunks an event is not JSON; the stream goes on behind it."""

    after: int = 1


class ErrorEvent(_Kind, frozen=True, kw_only=True):
    """After `after` content chunks an error arrives as an event and the stream is over."""

    after: int = 1
    message: str = "The server had an error while processing your request. Sorry about that!"
    error_type: str = "server_error"
    code: str | None = None


StreamFault = HangMidStream | CutStream | MalformedChunk | ErrorEvent
Fault = Status | HangBeforeHeaders | ContextExceeded | RefuseStreamOptions | Finish | StreamFault


def rate_limited(
    retry_after: float | datetime | None = None, retry_after_ms: int | None = None
) -> Status:
    """Make a 429 with the hints when to come again."""
    return Status(
        status=429,
        message="Rate limit reached for requests.",
        error_type="requests",
        code="rate_limit_exceeded",
        retry_after=retry_after,
        retry_after_ms=retry_after_ms,
    )


def server_error(status: int = 500) -> Status:
    """Make a failure of the API itself, with OpenAI's error body."""
    return Status(status=status)


def html_page(status: int = 503) -> Status:
    """Make a failure in front of the API: an HTML page instead of JSON."""
    page = "<html><head><title>Service Unavailable</title></head><body>upstream</body></html>"
    return Status(status=status, html=page)


@dataclass(slots=True)
class _Order:
    fault: Fault
    left: int | None
    when: Callable[[Received], bool] | None


class FaultPlan:
    """The faults that were ordered; of those that match a request the oldest strikes."""

    def __init__(self) -> None:
        self._orders: list[_Order] = []

    def add(self, fault: Fault, times: int | None = 1, when: Predicate | None = None) -> None:
        """Order `fault` for the next `times` requests, or for all (None), that match `when`."""
        self._orders.append(_Order(fault, times, when))

    def clear(self) -> None:
        """Fail no more."""
        self._orders.clear()

    def take(self, request: Received) -> Fault | None:
        """Return the fault that strikes `request`, if any, and count it."""
        for order in self._orders:
            if not _strikes(order, request):
                continue
            if order.left is not None:
                order.left -= 1
                if not order.left:
                    self._orders.remove(order)
            return order.fault
        return None


def _strikes(order: _Order, request: Received) -> bool:
    fault = order.fault
    if isinstance(fault, RefuseStreamOptions) and "stream_options" not in request.body:
        return False
    if isinstance(fault, StreamFault) and not request.stream:
        return False
    return order.when is None or order.when(request)
