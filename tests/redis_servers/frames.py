"""Where requests and replies begin and end in a stream of RESP 2 or 3."""

from dataclasses import dataclass

_LINE = b"\r\n"
_INCOMPLETE = -1
_SIZED = b"$=!"
_ARRAYS = b"*~>"
_MAP, _ATTRIBUTES = b"%", b"|"


class Frames:
    """Cuts what comes in into whole frames; an incomplete one is kept until its rest has come."""

    def __init__(self) -> None:
        self._kept = bytearray()

    def feed(self, received: bytes) -> list[bytes]:
        self._kept += received
        frames, at = [], 0
        while at < len(self._kept) and (end := _end(self._kept, at)) != _INCOMPLETE:
            frames.append(bytes(self._kept[at:end]))
            at = end
        del self._kept[:at]
        return frames


@dataclass(frozen=True, slots=True)
class Request:
    """A command as a client sent it, and the number of the connection that it came by."""

    link: int
    words: tuple[bytes, ...]
    size: int

    @property
    def name(self) -> str:
        """The command in capitals, without its subcommand."""
        return self.words[0].decode(errors="replace").upper() if self.words else ""

    @property
    def script(self) -> str | None:
        """The digest that EVALSHA or FCALL names."""
        return self.words[1].decode() if self.name in {"EVALSHA", "EVALSHA_RO", "FCALL"} else None


def request(link: int, frame: bytes) -> Request:
    if not frame.startswith(b"*"):
        return Request(link, tuple(frame.split()), len(frame))
    words, at = [], frame.index(_LINE) + 2
    while at < len(frame):
        end = _end(frame, at)
        words.append(frame[frame.index(_LINE, at) + 2 : end - 2])
        at = end
    return Request(link, tuple(words), len(frame))


def is_push(frame: bytes) -> bool:
    """Whether a RESP 3 frame is no reply to a request."""
    return frame.startswith(b">")


def _end(buffer: bytes | bytearray, at: int) -> int:
    line = buffer.find(_LINE, at)
    if line == _INCOMPLETE:
        return _INCOMPLETE
    kind, after = bytes(buffer[at : at + 1]), line + 2
    if kind in _SIZED:
        size = int(buffer[at + 1 : line])
        end = after if size < 0 else after + size + 2
        return end if end <= len(buffer) else _INCOMPLETE
    if kind in _ARRAYS:
        items = int(buffer[at + 1 : line])
    elif kind == _MAP:
        items = 2 * int(buffer[at + 1 : line])
    elif kind == _ATTRIBUTES:
        items = 2 * int(buffer[at + 1 : line]) + 1
    else:
        return after
    for _ in range(items):
        if (after := _end(buffer, after)) == _INCOMPLETE:
            return _INCOMPLETE
    return after
