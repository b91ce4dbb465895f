"""The older sessions: metadata, and a list of events of which some are messages."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from sessions.model import SessionId
from sessions.moving import Found, Owner
from storage.foreign.praisonai.building import Kept, found, said_by
from storage.foreign.praisonai.talk import Talk
from storage.foreign.praisonai.values import Json, digest, table, text, time, written

_ROLES = {
    **dict.fromkeys(("user", "user_message", "human", "input", "prompt"), "user"),
    **dict.fromkeys(("assistant", "assistant_message", "agent", "agent_message", "ai"), "assistant"),
    **dict.fromkeys(("response", "answer", "output"), "assistant"),
    **dict.fromkeys(("system", "system_message"), "system"),
    **dict.fromkeys(("tool", "tool_result"), "tool"),
}


def is_metadata(document: object) -> bool:
    """Whether this describes a session whose events lie elsewhere."""
    return isinstance(document, dict) and "session_id" in document and "event_count" in document


def read(
    metadata: Json, events: Iterable[object], where: str, name: str, written_at: datetime, owner: Owner
) -> Iterator[Found]:
    """The session of this metadata, which may be empty, and these events."""
    identity = text(metadata.get("session_id")) or name
    created_at = time(metadata.get("created_at")) or written_at
    updated_at = time(metadata.get("updated_at")) or created_at
    called = text(metadata.get("name")).strip()
    summary = table(metadata.get("config_summary"))
    kept = Kept(
        where,
        "events",
        SessionId(digest("events", identity, written(metadata.get("created_at")))),
        called or identity,
        created_at,
        updated_at,
        identity if called and called != identity else "",
        text(summary.get("model")),
    )
    talk = Talk(kept.id, created_at, said_by(identity, ""))
    for event in events:
        if isinstance(event, dict):
            _add(talk, event)
        else:
            talk.leave_out("events that are no messages")
    yield from found(kept, talk, owner)


def _add(talk: Talk, event: Json) -> None:
    data = table(event.get("data"))
    said = event.get("message")
    message = said if isinstance(said, dict) else {"content": said or data.get("content") or ""}
    kind = (
        text(message.get("role"))
        or text(data.get("role"))
        or _ROLES.get(text(event.get("event")).casefold(), "")
    )
    if not kind:
        talk.leave_out("events that are no messages")
        return
    talk.add({**data, **message, "role": kind, "timestamp": event.get("timestamp")})
