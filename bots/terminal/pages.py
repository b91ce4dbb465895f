"""What the commands come to, as pages of a terminal."""

from collections.abc import Sequence
from datetime import UTC, datetime

from bots.terminal.plain import one_line, shorten
from bots.terminal.tables import draw, properties
from sessions.model import Ending, Message, Role, Session, Tally
from sessions.outcomes import Listed, Resumed, Shown

SAY_AGAIN = "Say it again to have it answered."

_RULE = "─" * 52
_LAST_MESSAGE = 20
_ENDINGS = {
    Ending.STOPPED: "(stopped)",
    Ending.FAILED: "(not answered: the model failed)",
    Ending.INTERRUPTED: "(interrupted: not answered)",
    Ending.UNANSWERED: "(not answered: the session was deleted)",
}


def started(session: Session, hint: str) -> str:
    """A new session; ``hint`` says how to go on."""
    table = properties(
        (
            ("Session ID", session.name),
            ("Created", second(session.created_at)),
            ("Status", session.status),
            ("Messages", f"{session.tally.messages:,}"),
        )
    )
    name = one_line(session.name)
    return f"🆕 Starting new session: {name}\n\nSession created successfully!\n{table}\n\n{hint}"


def listed(outcome: Listed, *, start: str, following: str) -> str:
    """A page of sessions; ``start`` and ``following`` are the commands for a first and a next page."""
    if not outcome.total:
        return f"📋 Available Sessions:\n\nThere are none yet. Start one: {start}\n\nTotal: 0 sessions"
    rows = [
        (
            str(number),
            session.name,
            minute(session.active_at),
            f"{session.tally.messages:,}",
            str(session.status),
        )
        for number, session in enumerate(outcome.sessions, outcome.first)
    ]
    header = ("#", "Session ID", "Last Active", "Messages", "Status")
    table = draw(header, rows, (2, 15, 19, 8, 8))
    page = f"📋 Available Sessions:\n\n{table}\n\nTotal: {counted(outcome.total, 'session')}"
    if outcome.pages > 1:
        page += f"\nPage {outcome.page} of {outcome.pages}"
        page += f"; the next one: {following}" if outcome.page < outcome.pages else ""
    return page


def resumed(outcome: Resumed) -> str:
    """The session that goes on."""
    session = outcome.session
    last = f'"{shorten(outcome.last.content, _LAST_MESSAGE)}"' if outcome.last else "none"
    table = properties(
        (
            ("Session ID", session.name),
            ("Messages", f"{session.tally.messages:,}"),
            ("Last Message", last),
            ("Context Size", f"{_tokens(session.tally, session.tally.context)} tokens"),
        )
    )
    return (
        f"▶️  Resuming session: {one_line(session.name)}\n\nSession restored successfully!\n{table}\n\n"
        "Session context loaded. Continue your conversation:"
    )


def shown(outcome: Shown) -> str:
    """A session in detail, with its newest messages."""
    session, tally = outcome.session, outcome.session.tally
    rows = [
        ("Session ID", session.name),
        ("Created", second(session.created_at)),
        ("Last Active", second(session.active_at)),
        ("Status", str(session.status)),
        ("Total Messages", f"{tally.messages:,}"),
        ("User Messages", f"{tally.user_messages:,}"),
        ("Agent Messages", f"{tally.agent_messages:,}"),
        ("Total Tokens", _tokens(tally, tally.tokens)),
        ("Storage Size", size(tally.size)),
    ]
    if outcome.waiting:
        rows.append(("Waiting", counted(outcome.waiting, "message")))
    page = f"📊 Session Details: {one_line(session.name)}\n\n{properties(rows)}"
    return f"{page}\n\n{_recent(outcome.recent)}" if outcome.recent else page


def confirm_delete(session: Session) -> str:
    """What is asked before a session is deleted."""
    return (
        f"⚠️  Delete session '{one_line(session.name)}'?\n"
        "This will permanently remove all conversation history."
    )


def deleted(session: Session) -> str:
    """A session that is gone."""
    return f"🗑️  Session '{one_line(session.name)}' deleted successfully."


def interrupted(message: Message, hint: str) -> str:
    """A message that was never answered because a process ended; ``hint`` says how to go on."""
    return f"⚠️  Interrupted: “{shorten(message.content, 60)}” was not answered. {hint}"


def left(text: str) -> str:
    """A message that waited when its terminal was left."""
    return f"⚠️  Not answered: “{shorten(text, 60)}” still waited."


def second(at: datetime) -> str:
    """A time in UTC, to the second."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def minute(at: datetime) -> str:
    """A time in UTC, to the minute."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M")


def counted(number: int, noun: str) -> str:
    """A number with its noun: ``1 session``, ``4 sessions``."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def size(count: int) -> str:
    """Bytes in the unit that suits them; one KB is 1,024 of them."""
    if count < 1024:
        return f"{count} B"
    if count < 1024 * 1024:
        return f"{round(count / 1024):,} KB"
    return f"{count / (1024 * 1024):,.1f} MB"


def _tokens(tally: Tally, count: int) -> str:
    return f"~{count:,}" if tally.estimated else f"{count:,}"


def _recent(messages: Sequence[Message]) -> str:
    lines = ["Recent Messages:"]
    for index, message in enumerate(messages):
        by_person = message.role is Role.USER
        if by_person or not index:
            lines.append(_RULE)
        speaker = "[User] " if by_person else "[Agent] "
        lines.append(speaker + shorten(message.content, len(_RULE) - len(speaker)))
        if by_person and message.ending in _ENDINGS:
            lines.append(_ENDINGS[message.ending])
    return "\n".join((*lines, _RULE))
