import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sessions.model import (
    Audience,
    Ending,
    EventId,
    Message,
    Person,
    PersonId,
    Preferences,
    Role,
    SessionId,
    WorkspaceKey,
)
from sessions.moving import FoundSession, Skipped
from sessions.ports.bringing import Brought
from storage import portable
from storage.memory import MemoryStore

AT = datetime(2025, 1, 1, 12, 0, 0, 123456, tzinfo=UTC)
ADA = Person(PersonId("telegram:42"), "Ada")
SAID = (
    Message(Role.USER, "q “\n\u0007", EventId("t1"), AT, ADA, ending=Ending.STOPPED),
    Message(Role.ASSISTANT, "a", EventId("t2"), AT, supersedes=EventId("t1")),
    Message(Role.SYSTEM, "s", EventId("t2"), AT),
)
SESSION = Brought(
    SessionId("abc-1"),
    "Trip “plan”",
    Audience("discord:7"),
    ADA.id,
    AT,
    AT,
    "A title",
    Preferences("m", "s"),
    AT,
    tokens=30,
    context=12,
    estimated=True,
    messages=SAID,
)


async def exported(session: Brought = SESSION) -> bytes:
    store = MemoryStore()
    home = await store.workspace(WorkspaceKey("local"))
    made = await store.bring(home.id, session)
    lines = [portable.line(one, first=not place) for place, one in enumerate(session.messages)]
    return b"".join((portable.head(made), *lines, portable.END))


async def test_what_is_exported_is_read_as_it_was() -> None:
    assert portable.parse(await exported()) == SESSION
    empty = Brought(SessionId("x"), "empty", SESSION.audience, ADA.id, AT, AT)
    assert portable.parse(await exported(empty)) == empty


async def test_unknown_fields_of_the_same_version_are_ignored() -> None:
    whole = json.loads(await exported())
    whole["mood"] = whole["messages"][0]["mood"] = "fine"
    assert portable.parse(json.dumps(whole).encode()) == SESSION


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"format": "chatgpt"}, "parley session export did not write it"),
        ({"format": None}, "it is no session that parley session export wrote: Expected `str`"),
        ({"version": 2}, "a newer Parley wrote it (version 2; this one knows 1)"),
        ({"id": "../../x"}, "its id is not of 1 to 64 letters"),
        ({"name": "42"}, "its name is none: A name of digits only"),
        ({"created_at": "2025-01-01T00:00:00"}, "timezone component - at `$.created_at`"),
        ({"tokens": -1}, "`int` >= 0 - at `$.tokens`"),
        ({"messages": None}, "Expected `array`, got `null` - at `$.messages`"),
        ({"messages": [{"role": "user"}]}, "missing required field `content` - at `$.messages[0]`"),
        ({"messages": [{"role": "tool", "content": "x"}]}, "Invalid enum value"),
    ],
)
async def test_what_is_no_export_is_refused_with_the_reason(change: dict[str, object], why: str) -> None:
    whole = {**json.loads(await exported()), **change}
    with pytest.raises(ValueError, match=r".") as refused:
        portable.parse(json.dumps(whole).encode())
    assert why in str(refused.value)


async def test_a_broken_file_hides_no_other(tmp_path: Path) -> None:
    data = await exported()
    for name, part in (("a", b""), ("b", data[:-9]), ("c", data), ("d", b"\xff")):
        (tmp_path / f"{name}.json").write_bytes(part)
    (tmp_path / "notes.txt").write_text("no export")
    found = list(portable.read_files([tmp_path, tmp_path / "gone.json"]))
    assert [one.brought for one in found if isinstance(one, FoundSession)] == [SESSION]
    assert [one.why for one in found if isinstance(one, Skipped)] == [
        "it is empty",
        "it is no JSON, or only a part of it",
        "it is no JSON, or only a part of it",
        "it cannot be read (No such file or directory)",
    ]
