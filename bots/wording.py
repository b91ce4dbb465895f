"""What the outcomes of commands say in chat, as Markdown and buttons."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import assert_never

from bots import telling
from bots.actions import (
    Action,
    CancelDelete,
    CancelDeleteRun,
    ConfirmedDelete,
    ConfirmedDeleteRun,
    Decide,
    ListPage,
    ResumeById,
    encode_action,
    parse_action,
)
from bots.commands import RoomHelped, Told
from bots.outlet import Asked
from bots.quoting import code, plain, shorten
from bots.telling import count, join_lines
from bots.words import ENTRIES, Room
from sessions.errors import UserError
from sessions.facts.outcomes import FactOutcome
from sessions.knowledge.commands import KnowledgeOutcome
from sessions.model import Answer, Ending, Message, Role, Session, Task, Used, Verb
from sessions.names import name_digest
from sessions.outcomes import (
    ConfirmDelete,
    Deleted,
    Helped,
    Kept,
    Listed,
    Outcome,
    Resumed,
    Shown,
    Started,
    Stopped,
)
from sessions.workflows.outcomes import ConfirmDeleteRun, RunShown, WorkflowOutcome

__all__ = [
    "NOTHING_TO_SEE",
    "TEXT_ONLY",
    "UNSEEN",
    "Action",
    "Button",
    "ButtonStyle",
    "CancelDelete",
    "ConfirmedDelete",
    "ListPage",
    "Notice",
    "ResumeById",
    "asked_for",
    "closing",
    "deciding",
    "encode_action",
    "heading",
    "parse_action",
    "say",
    "say_error",
    "say_failure",
    "say_room",
]

NOTHING_TO_SEE = "The model answered with nothing."
_RECENT = 200
_LAST = 100
_ROW = 5


class ButtonStyle(StrEnum):
    """How much a button asks to be looked at."""

    PLAIN = "plain"
    PRIMARY = "primary"
    DANGER = "danger"


@dataclass(frozen=True, slots=True)
class Button:
    """A button; ``label`` is plain text of ours, never a user's."""

    label: str
    action: Action
    style: ButtonStyle = ButtonStyle.PLAIN


@dataclass(frozen=True, slots=True)
class Notice:
    """Something said in chat: Markdown in which user's text is escaped, and rows of buttons.

    May be longer than a message of the platform.
    """

    text: str
    buttons: tuple[tuple[Button, ...], ...] = ()


def deciding(asked: Asked) -> tuple[Button, ...]:
    """Return the buttons with which a person decides about a run that waits."""
    run, step = name_digest(asked.run), name_digest(asked.step)
    return (
        Button("✅ Go on", Decide(run, step, approve=True), ButtonStyle.PRIMARY),
        Button("✖️ Stop", Decide(run, step, approve=False), ButtonStyle.DANGER),
    )


def say(outcome: Told) -> Notice:
    """Tell what a command came to."""
    if isinstance(outcome, RoomHelped):
        return say_room(outcome.room)
    if isinstance(outcome, FactOutcome):
        return Notice(telling.facts(outcome))
    if isinstance(outcome, KnowledgeOutcome):
        return Notice(telling.knowledge(outcome))
    if isinstance(outcome, WorkflowOutcome):
        return Notice(telling.workflows(outcome), _run_buttons(outcome))
    return _say_session(outcome)


def _say_session(outcome: Outcome) -> Notice:
    match outcome:
        case Started(session):
            return _say_started(session)
        case Listed():
            return _say_listed(outcome)
        case Resumed(session, last):
            return _say_resumed(session, last)
        case Shown():
            return _say_shown(outcome)
        case ConfirmDelete(session):
            return _say_confirm(session)
        case Deleted(session):
            return Notice(f"🗑️ Session {code(session.name)} deleted successfully.")
        case Kept():
            return Notice("Cancelled. Nothing was deleted.")
        case Helped():
            return _say_help()
        case Stopped(session, running):
            said = "⏹ Stopping the answer" if running else "Nothing is running"
            return Notice(f"{said} in {code(session.name)}.")
        case other:
            assert_never(other)


def _run_buttons(outcome: WorkflowOutcome) -> tuple[tuple[Button, ...], ...]:
    match outcome:
        case RunShown(run, _, question) if question:
            return (deciding(Asked(run.name, run.waiting_for)),)
        case ConfirmDeleteRun(run):
            digest = name_digest(run.name)
            delete = Button("🗑 Delete", ConfirmedDeleteRun(digest), ButtonStyle.DANGER)
            return ((delete, Button("Cancel", CancelDeleteRun(digest))),)
        case _:
            return ()


def say_error(error: UserError) -> Notice:
    """Tell a person what was wrong and what to do."""
    return Notice(f"⚠️ {plain(str(error))}")


def say_failure(error_id: str) -> Notice:
    """Tell that something failed; the id is in the log."""
    return Notice(f"⚠️ Something failed. If it stays so, tell the operator this id: {code(error_id)}")


UNSEEN = "[Something came with this message, a picture for example. It cannot be seen here.]"
"""Stands below the words of a message with an attachment, for the model and for who reads later."""
TEXT_ONLY = "I can only read text for now. Please write it out."


def asked_for(task: Task, said: str = "") -> str:
    """Return what a task's Inbound says: a plan's goal as it was said, else the task in words."""
    match task.verb:
        case Verb.PLAN:
            return said
        case Verb.RUN:
            variables = "".join(f" {name}={value}" for name, value in task.variables)
            return f"Run the workflow {task.workflow}{variables}."
        case Verb.RESUME:
            return f"Resume the run {task.run}."
        case Verb.APPROVE:
            return f"Go on with the run {task.run}."
        case Verb.REFUSE:
            return f"Stop the run {task.run}."
        case other:
            assert_never(other)


def heading(used: Used) -> str:
    """Return the line above an answer that says what it draws on; empty for nothing."""
    said = []
    if used.sessions:
        said.append(f"🕘 {count(len(used.sessions), 'session')}: {', '.join(map(code, used.sessions))}")
    if used.facts:
        said.append(f"🧠 {count(used.facts, 'fact')}")
    if used.sources:
        said.append(f"📚 {count(len(used.sources), 'source')}")
    return " · ".join(said)


def closing(answer: Answer) -> tuple[str, str]:
    """Return an answer's Markdown and the plain text of the quiet line below; never both empty."""
    text = answer.text if answer.text.strip() else ""
    match answer.ending:
        case Ending.ANSWERED:
            return text, answer.note if text or answer.note else NOTHING_TO_SEE
        case Ending.STOPPED:
            return text, " ".join(filter(None, ("⏹ Stopped.", answer.note)))
        case Ending.FAILED:
            return text, f"⚠️ {answer.note or 'Something failed. /retry tries again.'}"
        case Ending.INTERRUPTED:
            said = answer.note.startswith("Interrupted")
            return text, f"⚠️ {answer.note if said else f'Interrupted… {answer.note}'.rstrip()}"
        case Ending.UNANSWERED:
            return text, answer.note or "⚠️ Not answered: the session was deleted."
        case other:
            assert_never(other)


def _say_started(session: Session) -> Notice:
    return Notice(
        join_lines(
            f"🆕 Started session {code(session.name)}",
            _fact("Created", _time(session.created_at)),
            _fact("Status", session.status.value),
            "Write a message to begin.",
        )
    )


def _say_listed(listed: Listed) -> Notice:
    if not listed.sessions:
        return Notice("📋 No sessions yet. Write a message, or start one with /session start")
    entries = [
        join_lines(
            f"**{number}.** {code(session.name)} · {session.status.value}{_title(session)}",
            f"{_time(session.active_at)} · {count(session.tally.messages, 'message')}",
        )
        for number, session in enumerate(listed.sessions, listed.first)
    ]
    where = f" · page {listed.page} of {listed.pages}" if listed.pages > 1 else ""
    total = f"Total: {count(listed.total, 'session')}{where}"
    text = "\n\n".join(("📋 **Available sessions**", *entries, total))
    return Notice(text, (*_numbers(listed), *_paging(listed)))


def _numbers(listed: Listed) -> tuple[tuple[Button, ...], ...]:
    buttons = [
        Button(f"▶️ {number}", ResumeById(session.key.id))
        for number, session in enumerate(listed.sessions, listed.first)
    ]
    return tuple(tuple(buttons[at : at + _ROW]) for at in range(0, len(buttons), _ROW))


def _paging(listed: Listed) -> tuple[tuple[Button, ...], ...]:
    row = []
    if listed.page > 1:
        row.append(Button(f"◀ {listed.page - 1}", ListPage(listed.page - 1)))
    if listed.page < listed.pages:
        row.append(Button(f"{listed.page + 1} ▶", ListPage(listed.page + 1)))
    return (tuple(row),) if row else ()


def _say_resumed(session: Session, last: Message | None) -> Notice:
    lines = [
        f"▶️ Resumed session {code(session.name)}",
        _fact("Messages", f"{session.tally.messages:,}"),
    ]
    if last is not None:
        lines.append(_fact("Last message", code(shorten(last.content, _LAST)) + _mark(last)))
    lines += [
        _fact("Context size", f"{_about(session)}{count(session.tally.context, 'token')}"),
        "Go on with your conversation.",
    ]
    return Notice(join_lines(*lines))


def _say_shown(shown: Shown) -> Notice:
    session, tally = shown.session, shown.session.tally
    facts = [
        f"📊 Session {code(session.name)}{_title(session)}",
        _fact("Created", _time(session.created_at)),
        _fact("Last active", _time(session.active_at)),
        _fact("Status", session.status.value),
        _fact(
            "Messages",
            f"{tally.messages:,} ({tally.user_messages:,} user, {tally.agent_messages:,} agent)",
        ),
        _fact("Tokens", f"{_about(session)}{tally.tokens:,}"),
        _fact("Size", _size(tally.size)),
    ]
    if shown.waiting:
        facts.append(_fact("Waiting", count(shown.waiting, "message")))
    recent = [_recent(message) for message in shown.recent if message.role in {Role.USER, Role.ASSISTANT}]
    if not recent:
        return Notice(join_lines(*facts))
    return Notice("\n\n".join((join_lines(*facts), "**Recent messages**", *recent)))


def _recent(message: Message) -> str:
    if message.role is Role.USER:
        who = f" {plain(shorten(message.author.name, 64))}" if message.author else ""
        speaker = f"**User**{who}"
    else:
        speaker = "**Agent**"
    return f"{speaker}{_mark(message)}: {code(shorten(message.content, _RECENT))}"


def _say_confirm(session: Session) -> Notice:
    return Notice(
        join_lines(
            f"⚠️ Delete session {code(session.name)}?",
            "This will permanently remove all conversation history "
            f"({count(session.tally.messages, 'message')}).",
        ),
        (
            (
                Button("🗑 Delete", ConfirmedDelete(session.key.id), ButtonStyle.DANGER),
                Button("Cancel", CancelDelete(session.key.id)),
            ),
        ),
    )


def _say_help() -> Notice:
    more = [
        f"{code('/plan <goal>')} · make a plan, and run it when you agree",
        f"{code('/stop')} · end the running answer",
        f"{code('/retry')} · run the last message again",
        f"{', '.join(code(f'/{room}') for room in Room if room is not Room.SESSION)} · more of these",
        "Every thread has its own session; just write to talk.",
    ]
    return Notice(join_lines("**Session commands**", *_usage(Room.SESSION), *more))


def say_room(room: Room) -> Notice:
    """Tell a room's words."""
    return Notice(join_lines(f"**{room.capitalize()} commands**", *_usage(room)))


def _usage(room: Room) -> list[str]:
    return [f"{code(f'/{room} {entry.line}')} · {entry.meaning}" for entry in ENTRIES[room]]


def _fact(name: str, value: str) -> str:
    return f"{name}: {value}"


def _title(session: Session) -> str:
    title = shorten(session.title, 80)
    return f" · {plain(title)}" if title and title != session.name else ""


def _mark(message: Message) -> str:
    return "" if message.ending is Ending.ANSWERED else f" ({message.ending.value})"


def _time(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"


def _about(session: Session) -> str:
    return "about " if session.tally.estimated else ""


def _size(size: int) -> str:
    if size < 1024:
        return count(size, "byte")
    return f"{size / 1024:,.0f} KB" if size < 1024 * 1024 else f"{size / 1024 / 1024:,.1f} MB"
