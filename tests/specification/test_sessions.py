"""The commands of the page with what they print: all of it but the figures."""

import asyncio
import re
import sqlite3
from contextlib import closing

from sessions.model import WorkspaceKey
from storage.opening import open_store
from tests.cli.conftest import ParleyInside
from tests.emulators.openai import prompt_tokens, rate_limited
from tests.specification.conftest import Page, shape

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
Use: parley "your prompt" --session my-project
"""

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

Total: 4 sessions
"""

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

Session context loaded. Continue your conversation:
"""

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
────────────────────────────────────────────────────
"""

DELETED = """\
⚠️  Delete session 'my-project'?
This will permanently remove all conversation history.
Are you sure? (y/N): \

\

🗑️  Session 'my-project' deleted successfully.
"""

HELP = """\
Session Commands:

  parley session start <name>    - Start a new session
  parley session list            - List all sessions
  parley session resume <name>   - Resume a session
  parley session show <name>     - Show session details
  parley session delete <name>   - Delete a session
  parley session help            - Show this help

Using Sessions with Prompts:
  parley "prompt" --session <name>   - Run with session context
"""

EXPLANATION = "Based on the code, the authentication happens in the middleware."
OAUTH = "To add OAuth support, you would need to register a provider."


def ask_about_authentication(page: Page) -> None:
    page.models.enqueue(EXPLANATION)
    page.answered("Can you explain the authentication flow?", "--session", "my-project")


def test_a_session_is_started(page: Page) -> None:
    result = page.answered("session", "start", "my-project")
    assert shape(result.out) == shape(STARTED)


def test_sessions_are_listed_newest_activity_first_with_their_status(page: Page) -> None:
    for name in ("documentation", "code-review", "research-task", "my-project"):
        page.answered("session", "start", name)
    asyncio.run(archive(page, "documentation"))
    page.answered("What is this about?", "--session", "my-project")
    assert shape(page.answered("session", "list").out) == shape(LISTED)


async def archive(page: Page, name: str) -> None:
    async with open_store(f"sqlite://{page.inside.folder}/home/parley.db") as store:
        workspace = await store.workspace(WorkspaceKey("local"))
        session = await store.by_name(workspace.id, name)
        assert session is not None
        await store.archive(session.key, archived=True)


def test_a_session_is_resumed_with_its_last_message_and_context(page: Page) -> None:
    ask_about_authentication(page)
    result = page.answered("session", "resume", "my-project")
    assert shape(result.out) == shape(RESUMED)


def test_a_session_is_shown_in_detail_with_its_newest_messages(page: Page) -> None:
    ask_about_authentication(page)
    page.models.enqueue(OAUTH)
    page.answered("How do I add OAuth support?", "--session", "my-project")
    assert shape(page.answered("session", "show", "my-project").out) == shape(SHOWN)


def test_a_session_is_deleted_after_a_yes_with_all_its_history(page: Page) -> None:
    ask_about_authentication(page)
    result = page.answered("session", "delete", "my-project", said="y\n")
    assert result.out == DELETED
    assert page("session", "show", "my-project").code == 1
    with closing(sqlite3.connect(page.inside.folder / "home" / "parley.db")) as database:
        assert "middleware" not in "".join(map(str, database.iterdump()))


def test_the_help_is_the_pages(page: Page) -> None:
    assert page.answered("session", "help").out == HELP


def test_figures_of_tokens_are_the_apis(page: Page) -> None:
    page.models.count_tokens = len
    ask_about_authentication(page)
    first = prompt_tokens(page.models.requests[-1].messages, len) + len(EXPLANATION)
    assert context_and_total(page) == (first, first)
    page.models.enqueue(OAUTH)
    page.answered("How do I add OAuth support?", "--session", "my-project")
    second = prompt_tokens(page.models.requests[-1].messages, len) + len(OAUTH)
    assert context_and_total(page) == (second, first + second)
    page.models.enqueue(OAUTH)
    page.answered("ask", "--retry", "--session", "my-project")
    third = prompt_tokens(page.models.requests[-1].messages, len) + len(OAUTH)
    assert context_and_total(page) == (third, first + second + third)
    page.models.fail(rate_limited(retry_after=600))
    assert page("And now?", "--session", "my-project").code == 1
    assert context_and_total(page) == (third, first + second + third)


def context_and_total(page: Page) -> tuple[int, int]:
    """What the pages say; a figure with a mark is none of the API's."""
    resumed = page.answered("session", "resume", "my-project").out
    shown = page.answered("session", "show", "my-project").out
    cells = (re.search(r"Context Size +│ (\S+) tokens", resumed), re.search(r"Tokens +│ (\S+) ", shown))
    context, total = (int(cell[1].replace(",", "")) for cell in cells if cell)
    return context, total


def test_an_estimate_is_marked(inside: ParleyInside) -> None:
    inside("hello", "--session", "my-project")
    assert re.search(r"│ ~\d+ tokens +│", inside("session", "resume", "my-project").out)
    assert re.search(r"Total Tokens +│ ~\d+ +│", inside("session", "show", "my-project").out)
