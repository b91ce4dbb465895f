"""From the bytes of a chat completions stream to an answer."""

import msgspec

from sessions.errors import ModelError
from sessions.llm.failures import NOTHING_SAID, Broken, Complaint, judge, read_complaint, withheld
from sessions.model import Usage
from sessions.ports.model import CutBy, Done

_LONGEST_EVENT = 8 * 1024 * 1024
_BOM = b"\xef\xbb\xbf"


class EventReader:
    """Cuts a stream of server-sent events into the data of each event.

    https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
    Fields other than ``data`` are of no use here and are skipped.
    """

    def __init__(self) -> None:
        self._rest = b""
        self._data: list[bytes] = []
        self._begun = False

    def feed(self, chunk: bytes) -> list[bytes]:
        """Take any number of bytes; returns the events that are complete with them."""
        text = self._rest + chunk
        if not self._begun:
            if len(text) < len(_BOM) and _BOM.startswith(text):
                self._rest = text
                return []
            self._begun = True
            text = text.removeprefix(_BOM)
        if len(text) > _LONGEST_EVENT:
            raise Broken("an event without end")
        held = b""
        if b"\r" in text:
            if text.endswith(b"\r"):
                # It may be the first half of a CRLF.
                text, held = text[:-1], b"\r"
            text = text.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        *lines, rest = text.split(b"\n")
        self._rest = rest + held
        return self._events(lines)

    def finish(self) -> list[bytes]:
        """Return what the end of the stream left without its blank line: some servers save that."""
        lines = [self._rest.removesuffix(b"\r"), b""]
        self._rest = b""
        return self._events(lines)

    def _events(self, lines: list[bytes]) -> list[bytes]:
        events = []
        for line in lines:
            if not line:
                if self._data:
                    events.append(b"\n".join(self._data))
                    self._data = []
            elif line.startswith(b"data:"):
                self._data.append(line[5:].removeprefix(b" "))
        return events


class _Delta(msgspec.Struct):
    content: str | None = None
    refusal: str | None = None


class _Choice(msgspec.Struct):
    delta: _Delta | None = None
    finish_reason: str | None = None


class _Usage(msgspec.Struct):
    prompt_tokens: int | None = None
    completion_tokens: int | None = None


class _Chunk(msgspec.Struct):
    choices: list[_Choice] | None = None
    usage: _Usage | None = None
    error: msgspec.Raw = msgspec.Raw()


_CUTS = {"length": CutBy.LENGTH, "content_filter": CutBy.FILTER}
_decoder = msgspec.json.Decoder(_Chunk)


class AnswerReader:
    """One attempt's answer as it comes in. Raises Broken, or what an error in the stream means."""

    def __init__(self, *, secret: str, model: str) -> None:
        self._events = EventReader()
        self._secret = secret
        self._model = model
        self._usage: Usage | None = None
        self._finish = ""
        self._said = False
        self._closed = False

    @property
    def closed(self) -> bool:
        """Whether the server said that nothing more comes."""
        return self._closed

    @property
    def finished(self) -> bool:
        """Whether the text is complete; the count of tokens may be still to come."""
        return bool(self._finish)

    def feed(self, chunk: bytes) -> str:
        """Take bytes; returns the text that came with them."""
        return self._read(self._events.feed(chunk))

    def finish(self) -> str:
        """Take the end of the stream; returns text that came with it."""
        return self._read(self._events.finish())

    def done(self) -> Done:
        """Return the last piece. Raises Broken for an answer that is not whole, or empty."""
        if self._finish == "content_filter" and not self._said:
            raise withheld()
        if not self._finish or self._finish == "error":
            raise Broken("the stream ended early")
        if not self._said:
            raise Broken(NOTHING_SAID)
        return Done(self._usage, _CUTS.get(self._finish))

    def _read(self, events: list[bytes]) -> str:
        text = ""
        for event in events:
            if self._closed or event.startswith(b"[DONE]"):
                self._closed = True
                break
            try:
                text += self._take(_decoder.decode(event), event)
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                if not self.finished:
                    raise Broken("an event that cannot be read") from error
        if not self._said and text and not text.isspace():
            self._said = True
        return text

    def _take(self, chunk: _Chunk, event: bytes) -> str:
        if bytes(chunk.error) not in (b"", b"null"):
            raise self._complain(read_complaint(event))
        if chunk.usage is not None and chunk.usage.prompt_tokens is not None:
            self._usage = Usage(chunk.usage.prompt_tokens, chunk.usage.completion_tokens or 0)
        if not chunk.choices:
            return ""
        choice = chunk.choices[0]
        self._finish = choice.finish_reason or self._finish
        if choice.delta is None:
            return ""
        return choice.delta.content or choice.delta.refusal or ""

    def _complain(self, complaint: Complaint) -> ModelError:
        return judge(0, complaint, secret=self._secret, model=self._model)
