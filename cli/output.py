"""Standard output and standard error: pages as text, outcomes as JSON, and what went wrong."""

import sys
from collections.abc import Mapping, Sequence

from bots.terminal.plain import one_line, printable
from sessions.model import Message, Session, Workspace

Value = str | int | float | bool | None | Sequence["Value"] | Mapping[str, "Value"]


def say(page: str) -> None:
    """Print a page."""
    sys.stdout.write(page + "\n")


def say_json(value: Mapping[str, Value]) -> None:
    """Print one JSON object."""
    import json  # only needed for this

    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")


def complain(text: str) -> None:
    """Say on standard error what went wrong."""
    sys.stdout.flush()
    sys.stderr.write(f"Error: {printable(text)}\n")


def warn(text: str) -> None:
    """Say something on standard error that is no part of the result."""
    sys.stdout.flush()
    sys.stderr.write(f"{one_line(text)}\n")


def session_record(session: Session) -> dict[str, Value]:
    """Return a session in the form of ``--json``; its keys only ever grow in number."""
    tally = session.tally
    return {
        "id": session.key.id,
        "name": session.name,
        "title": session.title,
        "status": session.status.value,
        "created_at": session.created_at.isoformat(),
        "active_at": session.active_at.isoformat(),
        "messages": tally.messages,
        "user_messages": tally.user_messages,
        "agent_messages": tally.agent_messages,
        "tokens": tally.tokens,
        "context_tokens": tally.context,
        "tokens_estimated": tally.estimated,
        "size_bytes": tally.size,
    }


def message_record(message: Message) -> dict[str, Value]:
    """Return a message in the form of ``--json``."""
    return {
        "role": message.role.value,
        "content": message.content,
        "at": message.at.isoformat(),
        "author": message.author.name if message.author else None,
        "ending": message.ending.value,
    }


def workspace_record(workspace: Workspace, sessions: int) -> dict[str, Value]:
    """Return a workspace in the form of ``--json``."""
    return {
        "key": workspace.key,
        "id": workspace.id,
        "title": workspace.title,
        "sessions": sessions,
        "created_at": workspace.created_at.isoformat(),
    }
