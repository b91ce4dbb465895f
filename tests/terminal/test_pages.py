from bots.terminal import pages
from sessions.model import Ending, Message, Role, Status, Tally
from sessions.outcomes import Listed, Resumed, Shown
from tests.terminal.nouns import said, session

STARTED = """\
🆕 Starting new session: my-project

Session created successfully!
┌─────────────────────┬────────────────────────────┐
│ Property            │ Value                      │
├─────────────────────┼────────────────────────────┤
│ Session ID          │ my-project                 │
│ Created             │ 2024-12-16 15:30:00        │
│ Status              │ active                     │
│ Messages            │ 0                          │
└─────────────────────┴────────────────────────────┘

You can now run commands with this session context.
Use: parley "your prompt" --session my-project"""

LISTED = """\
📋 Available Sessions:

┌────┬─────────────────┬─────────────────────┬──────────┬──────────┐
│ #  │ Session ID      │ Last Active         │ Messages │ Status   │
├────┼─────────────────┼─────────────────────┼──────────┼──────────┤
│ 1  │ my-project      │ 2024-12-16 15:45    │ 12       │ active   │
│ 2  │ research-task   │ 2024-12-16 14:20    │ 8        │ paused   │
│ 3  │ code-review     │ 2024-12-15 10:30    │ 25       │ paused   │
│ 4  │ documentation   │ 2024-12-14 09:15    │ 5        │ archived │
└────┴─────────────────┴─────────────────────┴──────────┴──────────┘

Total: 4 sessions"""

RESUMED = """\
▶️  Resuming session: my-project

Session restored successfully!
┌─────────────────────┬────────────────────────────┐
│ Property            │ Value                      │
├─────────────────────┼────────────────────────────┤
│ Session ID          │ my-project                 │
│ Messages            │ 12                         │
│ Last Message        │ "Can you explain..."       │
│ Context Size        │ 2,456 tokens               │
└─────────────────────┴────────────────────────────┘

Session context loaded. Continue your conversation:"""

SHOWN = """\
📊 Session Details: my-project

┌─────────────────────┬────────────────────────────┐
│ Property            │ Value                      │
├─────────────────────┼────────────────────────────┤
│ Session ID          │ my-project                 │
│ Created             │ 2024-12-16 15:30:00        │
│ Last Active         │ 2024-12-16 15:45:00        │
│ Status              │ active                     │
│ Total Messages      │ 12                         │
│ User Messages       │ 6                          │
│ Agent Messages      │ 6                          │
│ Total Tokens        │ 4,523                      │
│ Storage Size        │ 45 KB                      │
└─────────────────────┴────────────────────────────┘

Recent Messages:
────────────────────────────────────────────────────
[User] Can you explain the authentication flow?
[Agent] Based on the code, the authentication...
────────────────────────────────────────────────────
[User] How do I add OAuth support?
[Agent] To add OAuth support, you would need to...
────────────────────────────────────────────────────"""

DELETE = """\
⚠️  Delete session 'my-project'?
This will permanently remove all conversation history."""

FULL = Tally(messages=12, user_messages=6, agent_messages=6, tokens=4523, context=2456, size=45 * 1024)


def conversation() -> tuple[Message, ...]:
    return (
        said("Can you explain the authentication flow?"),
        said("Based on the code, the authentication happens in the middleware.", Role.ASSISTANT),
        said("How do I add OAuth support?"),
        said("To add OAuth support, you would need to register a provider.", Role.ASSISTANT),
    )


def test_a_started_session_reads_as_specified() -> None:
    hint = "You can now run commands with this session context.\n"
    assert pages.started(session(), hint + 'Use: parley "your prompt" --session my-project') == STARTED


def test_a_list_reads_as_specified() -> None:
    sessions = (
        session(tally=Tally(messages=12)),
        session(
            "research-task", active="2024-12-16 14:20", status=Status.PAUSED, tally=Tally(messages=8)
        ),
        session("code-review", active="2024-12-15 10:30", status=Status.PAUSED, tally=Tally(messages=25)),
        session(
            "documentation", active="2024-12-14 09:15", status=Status.ARCHIVED, tally=Tally(messages=5)
        ),
    )
    assert pages.listed(Listed(sessions, 4, 1, 1, 1), start="", following="") == LISTED


def test_a_resumed_session_reads_as_specified() -> None:
    assert pages.resumed(Resumed(session(tally=FULL), conversation()[0])) == RESUMED


def test_a_shown_session_reads_as_specified() -> None:
    assert pages.shown(Shown(session(tally=FULL), conversation(), 0)) == SHOWN


def test_deleting_reads_as_specified() -> None:
    assert pages.confirm_delete(session()) == DELETE
    assert pages.deleted(session()) == "🗑️  Session 'my-project' deleted successfully."


def test_an_estimate_of_tokens_is_marked() -> None:
    tally = Tally(tokens=1500, context=1200, estimated=True)
    assert "│ ~1,500 " in pages.shown(Shown(session(tally=tally), (), 0))
    assert "│ ~1,200 tokens " in pages.resumed(Resumed(session(tally=tally), None))


def test_a_page_of_many_tells_the_next_one() -> None:
    page = pages.listed(Listed((session(),), 31, 11, 2, 4), start="", following="parley session list 3")
    assert "│ 11 │" in page
    assert page.endswith("Total: 31 sessions\nPage 2 of 4; the next one: parley session list 3")


def test_an_empty_list_says_how_to_begin() -> None:
    page = pages.listed(Listed((), 0, 1, 1, 1), start="parley session start my-project", following="")
    assert "Start one: parley session start my-project" in page
    assert page.endswith("Total: 0 sessions")


def test_a_message_without_an_answer_is_marked() -> None:
    lines = pages.shown(Shown(session(), (said("hi", ending=Ending.INTERRUPTED),), 2)).splitlines()
    assert "[User] hi" in lines
    assert "(interrupted: not answered)" in lines
    assert "│ Waiting             │ 2 messages                 │" in lines


def test_sizes_come_in_the_unit_that_suits_them() -> None:
    assert [pages.size(count) for count in (0, 1023, 1024, 45 * 1024, 3 * 1024 * 1024 + 1)] == [
        "0 B",
        "1023 B",
        "1 KB",
        "45 KB",
        "3.0 MB",
    ]
