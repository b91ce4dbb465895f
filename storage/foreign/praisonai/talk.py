"""What was said in a foreign session, as a transcript."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime

from sessions.model import Ending, EventId, Message, Person, Role
from storage.foreign.praisonai.values import Json, items, table, text, time, written

_ROLES = {
    "user": Role.USER,
    "human": Role.USER,
    "assistant": Role.ASSISTANT,
    "ai": Role.ASSISTANT,
    "agent": Role.ASSISTANT,
    "model": Role.ASSISTANT,
    "system": Role.SYSTEM,
    "developer": Role.SYSTEM,
}


@dataclass(slots=True)
class Talk:
    """A transcript in the making. ``system`` is what the model was told before anything was said.

    A person's message begins a turn. A tool's call and its result are kept as text of the assistant.
    """

    session: str
    at: datetime
    author: Person | None = None
    system: str = ""
    messages: list[Message] = field(default_factory=list)
    left_out: dict[str, int] = field(default_factory=dict)
    _turn: int = 0
    _tools: dict[str, str] = field(default_factory=dict)

    def add(self, entry: Json) -> None:
        """Take one message of theirs."""
        said_at = time(entry.get("timestamp"))
        if said_at is not None:
            self.at = said_at
        name = text(entry.get("role")).strip().casefold()
        if name in ("tool", "function"):
            self._append(Role.ASSISTANT, self._result(entry))
            return
        role = _ROLES.get(name)
        if role is None:
            self.leave_out("entries that are no messages")
            return
        content = "\n\n".join(filter(str.strip, (plain(entry.get("content")), *self._calls(entry))))
        if role is Role.SYSTEM and not self.messages and not self.system:
            self.system = content
            return
        self._append(role, content)
        if role is Role.ASSISTANT and table(entry.get("metadata")).get("partial") is True:
            self._end_last_question(Ending.STOPPED)

    def summarize(self, summary: str) -> None:
        """Note what is left of messages that are no more."""
        if summary.strip():
            self._append(Role.SYSTEM, summary)

    def leave_out(self, what: str) -> None:
        """Count something that has no place in a transcript."""
        self.left_out[what] = self.left_out.get(what, 0) + 1

    def transcript(self) -> tuple[Message, ...]:
        """All messages; a last question without an answer is marked."""
        if self.messages and self.messages[-1].role is Role.USER:
            self._end_last_question(Ending.INTERRUPTED)
        return tuple(self.messages)

    def remarks(self) -> Iterator[str]:
        """What was left out, in words."""
        for what, number in self.left_out.items():
            yield f"{what} are left out: {number}"

    def _append(self, role: Role, content: str) -> None:
        if not content.strip():
            self.leave_out("messages without text")
            return
        self._turn += role is Role.USER
        turn = EventId(f"praisonai:{self.session}:{self._turn}")
        author = self.author if role is Role.USER else None
        self.messages.append(Message(role, content, turn, self.at, author))

    def _end_last_question(self, ending: Ending) -> None:
        for place in range(len(self.messages) - 1, -1, -1):
            if self.messages[place].role is Role.USER:
                if self.messages[place].ending is Ending.ANSWERED:
                    self.messages[place] = replace(self.messages[place], ending=ending)
                return

    def _calls(self, entry: Json) -> Iterator[str]:
        for call in map(table, items(entry.get("tool_calls"))):
            function = table(call.get("function")) or call
            name = text(function.get("name")) or "a tool"
            self._tools[text(call.get("id"))] = name
            arguments = written(function.get("arguments"))
            yield f"[Called {name}: {arguments}]" if arguments.strip(" {}") else f"[Called {name}]"

    def _result(self, entry: Json) -> str:
        content = plain(entry.get("content"))
        name = text(entry.get("name")) or self._tools.get(text(entry.get("tool_call_id")), "a tool")
        return f"[Result of {name}]\n{content}" if content.strip() else ""


def converse(talk: Talk, entries: Iterable[object]) -> Talk:
    """Add all of these messages."""
    for entry in entries:
        if isinstance(entry, dict):
            talk.add(entry)
        else:
            talk.leave_out("entries that are no messages")
    return talk


def plain(content: object) -> str:
    """The text of a message's content, which may be a list of parts."""
    if isinstance(content, list):
        return "\n\n".join(filter(str.strip, map(_part, content)))
    return written(content)


def _part(part: object) -> str:
    if isinstance(part, str):
        return part
    if not isinstance(part, dict):
        return ""
    said = text(part.get("text")) or text(part.get("content"))
    return said or f"[{text(part.get('type')) or 'something'} that is no text]"
