"""Who sees and does what with sessions: workspaces, audiences, numbers, deletion, repeats."""

from collections.abc import Awaitable
from dataclasses import replace
from typing import NoReturn

import pytest

from sessions.commands import PAGE_SIZE, Caller
from sessions.errors import (
    NameTaken,
    NoListing,
    NoSuchSession,
    NothingBound,
    NotPermitted,
    UsageError,
    WiderAudience,
)
from sessions.model import (
    OPEN,
    OPERATOR,
    Audience,
    EventId,
    Person,
    PersonId,
    Place,
    Platform,
    SessionId,
    Status,
    ThreadRef,
    WorkspaceKey,
)
from sessions.outcomes import ConfirmDelete, Deleted
from tests.engine.conftest import Core
from tests.engine.parts import ADA, BOB

SECRET = Audience("discord:channel:7")
_events = iter(range(1, 1 << 30))


async def _yes() -> bool:
    return True


async def _reads(_: Audience) -> bool:
    return True


def at(
    thread: str = "1",
    *,
    person: Person = ADA,
    workspace: str = "discord:guild:1",
    audience: Audience = OPEN,
) -> Caller:
    """A caller in a channel, by an event of its own."""
    ref = ThreadRef(Platform.DISCORD, f"{workspace}/{thread}")
    return Caller(person, Place(WorkspaceKey(workspace), ref, audience), EventId(f"e{next(_events)}"))


async def refused(call: Awaitable[object], *kinds: type[Exception]) -> str:
    with pytest.raises(kinds) as refusal:
        await call
    return str(refusal.value)


async def test_no_name_number_or_id_reaches_into_another_workspace(core: Core) -> None:
    commands = core.commands
    theirs = (await commands.start(at(workspace="telegram:-1"), "plan")).session
    here = at(workspace="telegram:-2")
    await commands.list(here)
    for call in (
        commands.show(here, "plan"),
        commands.resume(here, "PLAN"),
        commands.delete(here, "plan", confirmed=True),
        commands.resume(here, "1"),
        commands.resume(here, theirs.name),
        commands.resume_id(here, theirs.key.id),
        commands.delete_id(here, theirs.key.id),
        commands.resume_id(here, SessionId(f"{theirs.key.workspace}/{theirs.key.id}")),
    ):
        text = await refused(call, NoSuchSession, NoListing)
        assert "telegram:-1" not in text
    assert (await commands.list(at(workspace="telegram:-2"))).total == 0
    assert await core.store.get(theirs.key) is not None


async def test_a_private_channels_session_is_invisible_elsewhere(core: Core) -> None:
    commands = core.commands
    inside, outside = at("7", audience=SECRET), at("1")
    secret = (await commands.start(inside, "salaries")).session
    await commands.start(outside, "public")
    assert [one.name for one in (await commands.list(outside)).sessions] == ["public"]
    assert (await commands.list(outside)).total == 1
    listed = (await commands.list(replace(inside, event=EventId("l")))).sessions
    assert {one.name for one in listed} == {"salaries", "public"}
    for call in (
        commands.show(at("1"), "salaries"),
        commands.resume(at("1"), "salaries"),
        commands.resume_id(at("1"), secret.key.id),
        commands.delete(at("1"), "salaries", confirmed=True),
        commands.delete_id(replace(at("1"), administers=_yes), secret.key.id),
        commands.show(at("1"), "sala"),
    ):
        assert "salaries”. Did" not in await refused(call, NoSuchSession)


async def test_who_reads_the_private_channel_is_told_where_to_go(core: Core) -> None:
    await core.commands.start(at("7", audience=SECRET), "salaries")
    caller = replace(at("1"), reads=_reads)
    assert "private" in await refused(core.commands.resume(caller, "salaries"), WiderAudience)


async def test_an_open_session_is_not_resumed_into_a_private_channel(core: Core) -> None:
    await core.commands.start(at("1"), "public")
    await refused(core.commands.resume(at("7", audience=SECRET), "public"), WiderAudience)


async def test_the_operator_sees_and_resumes_everything(core: Core) -> None:
    await core.commands.start(at("7", audience=SECRET), "salaries")
    operator = replace(at("cli", audience=OPERATOR), operator=True)
    assert (await core.commands.list(operator)).total == 1
    assert (await core.commands.resume(operator, "salaries")).session.name == "salaries"


async def test_only_the_starter_and_administrators_delete(core: Core) -> None:
    commands = core.commands
    await commands.start(at(), "ours")
    await refused(commands.delete(at(person=BOB), "ours"), NotPermitted)
    session = (await commands.show(at(), "ours")).session
    await refused(commands.delete_id(at(person=BOB), session.key.id), NotPermitted)
    assert isinstance(await commands.delete(at(), "ours"), ConfirmDelete)
    administrator = replace(at(person=BOB), administers=_yes)
    assert isinstance(await commands.delete_id(administrator, session.key.id), Deleted)


async def test_a_button_pressed_twice_deletes_once_and_says_the_same(core: Core) -> None:
    session = (await core.commands.start(at(), "ours")).session
    press = at()
    first = await core.commands.delete_id(press, session.key.id)
    assert await core.commands.delete_id(press, session.key.id) == first
    await refused(core.commands.delete_id(at(), session.key.id), NoSuchSession)


async def test_a_repeated_start_makes_one_session(core: Core) -> None:
    caller = at()
    first = await core.commands.start(caller, "ours")
    assert await core.commands.start(caller, "ours") == first
    assert "Resume it" in await refused(core.commands.start(at(), "OURS"), NameTaken)


async def test_numbers_refer_to_the_last_list_of_this_person_here(core: Core) -> None:
    commands = core.commands
    for number in range(PAGE_SIZE + 3):
        await commands.start(at(str(number)), f"session {number}")
    await refused(commands.resume(at(), "1"), NoListing)
    listed = await commands.list(at(), 2)
    assert (listed.first, listed.pages, len(listed.sessions)) == (PAGE_SIZE + 1, 2, 3)
    await commands.start(at("new"), "newest")
    chosen = await commands.resume(at(), str(PAGE_SIZE + 2))
    assert chosen.session.name == listed.sessions[1].name
    for caller in (at(person=BOB), at("elsewhere")):
        await refused(commands.resume(caller, "1"), NoListing)
    for wrong in ("0", str(PAGE_SIZE + 4), "9" * 40):
        await refused(commands.resume(at(), wrong), NoListing)


async def test_an_exact_name_beats_a_number(core: Core) -> None:
    await core.commands.start(at("1"), "2 do")
    await core.commands.start(at("2"), "other")
    await core.commands.list(at())
    assert (await core.commands.show(at(), "2 DO")).session.name == "2 do"


async def test_pages_that_do_not_exist_are_explained(core: Core) -> None:
    await refused(core.commands.list(at(), 0), UsageError)
    assert "only one page" in await refused(core.commands.list(at(), 2), UsageError)


async def test_without_a_session_here_the_answer_says_how_to_get_one(core: Core) -> None:
    for call in (core.commands.show(at()), core.commands.stop(at()), core.commands.check_retry(at())):
        assert "start" in await refused(call, NothingBound)


async def test_the_last_used_session_of_a_thread_is_active(core: Core) -> None:
    await core.commands.start(at(), "first")
    await core.commands.start(at(), "second")
    await core.commands.resume(at(), "first")
    found = {one.name: one.status for one in (await core.commands.list(at())).sessions}
    assert found == {"first": Status.ACTIVE, "second": Status.PAUSED}


async def test_the_platform_is_asked_for_rights_only_when_they_matter(core: Core) -> None:
    async def never() -> NoReturn:
        raise AssertionError("asked")

    caller = replace(at(), administers=never)
    await core.commands.start(caller, "ours")
    assert isinstance(
        await core.commands.delete(replace(caller, event=EventId("d")), "ours", confirmed=True), Deleted
    )
    stranger = Person(PersonId("discord:9"), "Eve")
    with pytest.raises(NoSuchSession):
        await core.commands.delete(replace(at(person=stranger), administers=never), "ours")
