from datetime import UTC, datetime
from pathlib import Path

import pytest

from sessions.model import OPEN, Audience, Ending, PersonId, Status, WorkspaceKey
from sessions.ports.checkpoints import RunStatus, StepStatus
from sessions.ports.facts import MOST_FACTS
from tests.foreign.samples import (
    BEGAN,
    House,
    checkpoint,
    conversation,
    memory,
    remembered,
    said,
    session,
    write,
)


async def test_a_session_comes_with_its_times_title_model_and_tokens(tmp_path: Path) -> None:
    usage = {"input_tokens": 20, "output_tokens": 10, "total_tokens": 30}
    kept = session(
        "learning",
        [said("system", "Be brief."), *conversation(2)],
        model="gpt-4o-mini",
        total_tokens=30,
        user_id="ada",
        metadata={"title": "About Python", "usage": usage, "source": "chat"},
        an_unknown_key=[1, 2],
    )
    house = House()
    report = await house.move_in(write(tmp_path / "learning.json", kept))
    assert (report.sessions.added, report.messages, report.kinds) == (1, 4, {"session": 1})
    found = await house.session("learning")
    assert (found.title, found.status, found.audience) == ("About Python", Status.PAUSED, OPEN)
    assert found.created_at == datetime(2024, 12, 24, 0, 26, 39, tzinfo=UTC)
    assert found.active_at == datetime(2024, 12, 24, 0, 30, tzinfo=UTC)
    assert (found.preferences.model, found.preferences.system) == ("gpt-4o-mini", "Be brief.")
    assert (found.tally.tokens, found.tally.messages, found.tally.user_messages) == (30, 4, 2)
    first = (await house.transcript("learning"))[0]
    assert (first.content, first.at) == ("m0", datetime.fromtimestamp(BEGAN, UTC))
    assert first.author is not None
    assert (first.author.id, first.author.name) == ("praisonai:ada", "ada")
    assert found.starter == PersonId("cli:ada")


def compacted(archived: int, stands_for: int) -> dict[str, object]:
    whole = conversation(3)
    summary = said("system", "[Session Summary]\nm0 and so on")
    summary["metadata"] = {"compaction": True, "compacted_count": stands_for}
    return session("long", [summary, *whole[4:]], archived_messages=whole[4 - archived : 4])


async def test_archived_messages_stand_in_order_before_the_rest(tmp_path: Path) -> None:
    house = House()
    await house.move_in(write(tmp_path / "long.json", compacted(4, 4)))
    assert [content for _, content in await house.said("long")] == [f"m{one}" for one in range(6)]


async def test_the_summary_stays_where_it_is_all_that_is_left(tmp_path: Path) -> None:
    house = House()
    await house.move_in(write(tmp_path / "long.json", compacted(2, 4)))
    assert [content for _, content in await house.said("long")] == [
        "m2",
        "m3",
        "[Session Summary]\nm0 and so on",
        "m4",
        "m5",
    ]
    assert (await house.session("long")).preferences.system == ""


async def test_a_partial_answer_is_marked_as_stopped(tmp_path: Path) -> None:
    partial = said("assistant", "It is ab", 3, metadata={"partial": True})
    house = House()
    await house.move_in(
        write(
            tmp_path / "x.json", session("x", [*conversation(1), said("user", "What is it?", 2), partial])
        )
    )
    endings = [(one.content, one.ending) for one in await house.transcript("x")]
    assert endings[2:] == [("What is it?", Ending.STOPPED), ("It is ab", Ending.ANSWERED)]


async def test_a_last_question_without_an_answer_is_marked(tmp_path: Path) -> None:
    house = House()
    await house.move_in(write(tmp_path / "x.json", session("x", [said("user", "Hello?")])))
    assert [one.ending for one in await house.transcript("x")] == [Ending.INTERRUPTED]


async def test_a_tools_call_and_result_are_kept_as_the_assistants_words(tmp_path: Path) -> None:
    call = {"id": "c1", "function": {"name": "search", "arguments": '{"q": "cats"}'}}
    messages = [
        said("user", "Find cats"),
        said("assistant", None, tool_calls=[call]),
        said("tool", "3 cats", tool_call_id="c1"),
        said("assistant", [{"type": "text", "text": "There are three."}, {"type": "image_url"}]),
        said("assistant", "  "),
        said("critic", "not bad"),
    ]
    house = House()
    await house.move_in(write(tmp_path / "x.json", session("x", messages)))
    assert await house.said("x") == [
        ("user", "Find cats"),
        ("assistant", '[Called search: {"q": "cats"}]'),
        ("assistant", "[Result of search]\n3 cats"),
        ("assistant", "There are three.\n\n[image_url that is no text]"),
    ]
    assert len({one.turn for one in await house.transcript("x")}) == 1
    assert house.remarks == [
        "messages without text are left out: 1",
        "entries that are no messages are left out: 1",
    ]


async def test_messages_may_lack_times_and_more(tmp_path: Path) -> None:
    messages: list[dict[str, object]] = [
        {"role": "user", "content": "a"},
        {"role": "assistant", "content": "b", "timestamp": "no time"},
        {"role": "user", "content": "c", "timestamp": 1e300},
        {"role": "assistant", "content": {"k": 1}, "timestamp": BEGAN + 50},
    ]
    kept = {**session("x", messages), "created_at": None, "metadata": "none", "total_tokens": "many"}
    house = House()
    await house.move_in(write(tmp_path / "x.json", kept))
    transcript = await house.transcript("x")
    assert [one.content for one in transcript] == ["a", "b", "c", '{"k": 1}']
    assert (await house.session("x")).active_at >= transcript[-1].at


async def test_a_name_that_is_none_here_becomes_one_and_stays_in_the_title(tmp_path: Path) -> None:
    house = House()
    await house.move_in(write(tmp_path / "a.json", session("2024")))
    await house.move_in(write(tmp_path / "b.json", session("line\nfeed", metadata={"title": "T"})))
    await house.move_in(write(tmp_path / "c.json", session("\u200f")))
    assert (await house.session("session-2024")).title == "2024"
    assert (await house.session("line feed")).title == "T (line feed)"
    names = await house.store.names((await house.workspace()).id, None, "praisonai-", 10)
    assert len(names) == 1
    assert len(house.remarks) == 3


async def test_a_bots_session_belongs_to_its_person(tmp_path: Path) -> None:
    path = write(tmp_path / "bot_telegram_42.json", session("bot_telegram_42"))
    for workspace, audience in (("local", OPEN), ("telegram:42", OPEN), ("telegram:-100", None)):
        house = House(WorkspaceKey(workspace))
        await house.move_in(path)
        found = await house.session("bot_telegram_42")
        assert found.starter == PersonId("telegram:42")
        assert found.audience == (audience or Audience(f"praisonai:{found.key.id}"))
        assert (await house.transcript("bot_telegram_42"))[0].author is not None


async def test_a_memory_is_a_conversation_and_facts(tmp_path: Path) -> None:
    kept = memory(
        "good",
        [{"role": "user", "content": "z"}, {"role": "assistant", "content": "y"}],
        short_term=[remembered("Likes tea"), remembered("x" * 2_000), {"content": ""}],
        long_term_snapshot=[remembered("likes TEA", id="other"), "nonsense"],
    )
    house = House()
    report = await house.move_in(write(tmp_path / "good.json", kept))
    assert (report.facts.added, report.facts.there) == (2, 1)
    facts = await house.store.facts((await house.workspace()).id, None)
    assert {one.text[:9] for one in facts} == {"Likes tea", "xxxxxxxxx"}
    assert {(one.about, one.audience) for one in facts} == {("cli:ada", OPEN)}
    found = await house.session("good")
    assert found.created_at == datetime.fromtimestamp(BEGAN, UTC)
    assert found.active_at == datetime.fromtimestamp(BEGAN + 60, UTC)
    again = await house.move_in(tmp_path / "good.json")
    assert (again.sessions.added, again.facts.added, again.facts.there) == (0, 0, 3)


async def test_more_facts_than_are_remembered_are_left_out(tmp_path: Path) -> None:
    many = [remembered(f"Fact {number}", id=number) for number in range(MOST_FACTS + 2)]
    house = House()
    report = await house.move_in(write(tmp_path / "m.json", memory("m", [], short_term=many)))
    assert (report.sessions.added, report.facts.added, report.skipped) == (1, MOST_FACTS, 0)
    assert house.remarks[0].startswith("facts are left out: 2. ")


async def test_one_persons_facts_stay_out_of_a_group(tmp_path: Path) -> None:
    house = House(WorkspaceKey("telegram:-100"))
    kept = memory("good", [], short_term=[remembered("Likes tea")])
    report = await house.move_in(write(tmp_path / "good.json", kept))
    assert (report.sessions.added, report.facts.all) == (1, 0)
    assert "import into local" in house.remarks[0]


async def test_a_memory_that_grew_is_the_same_and_another_of_its_name_is_not(tmp_path: Path) -> None:
    first, other = conversation(1), [said("user", "Something else")]
    house = House()
    await house.move_in(write(tmp_path / "a.json", memory("talk", first)))
    grown = memory("talk", conversation(3), saved_at=BEGAN + 900)
    report = await house.move_in(write(tmp_path / "a.json", grown))
    assert (report.sessions.added, report.sessions.there) == (0, 1)
    assert house.remarks == ["it was there already; newer messages are left out: 4"]
    report = await house.move_in(write(tmp_path / "b.json", memory("talk", other)))
    assert (report.sessions.added, report.renamed) == (1, 1)


async def test_a_checkpoint_is_a_run_that_can_go_on(tmp_path: Path) -> None:
    path = write(tmp_path / "deploy-v1.json", checkpoint("deploy-v1"))
    house = House()
    for report in (await house.move_in(path), await house.move_in(path)):
        assert report.runs.all == 1
    home = (await house.workspace()).id
    (found,) = await house.store.checkpoints(home, None)
    assert (found.name, found.workflow, found.status) == ("deploy-v1", "deploy", RunStatus.FAILED)
    assert [(one.step, one.status, one.error) for one in found.results] == [
        ("Build", StepStatus.DONE, ""),
        ("Ship", StepStatus.FAILED, "no network"),
    ]
    assert found.variables == (("env", "test"), ("tries", "3"))
    assert (found.fingerprint, found.saved_at) == (
        "3bfa60e9a1b7",
        datetime.fromtimestamp(BEGAN, UTC),
    )
    other = checkpoint("deploy-v1", saved_at=BEGAN + 9)
    assert (await house.move_in(write(path, other))).renamed == 1
    assert (await house.move_in(path)).runs.there == 1
    assert len(await house.store.checkpoints(home, None)) == 2


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "it is empty"),
        ('{"session_id": "x",\n"messages": [', "it is no JSON (line 2)"),
        ("[1, 2]", "it is JSON, but no session, memory or checkpoint"),
        ('{"sessions": {}}', "it is JSON, but no session, memory or checkpoint"),
        ("[" * 100_000, "it is no JSON"),
        ('{"format": "parley session"}', "parley session export wrote it: import it without --from"),
    ],
)
async def test_what_is_no_session_is_skipped_with_the_reason(tmp_path: Path, text: str, why: str) -> None:
    house = House()
    report = await house.move_in(write(tmp_path / "x.json", text))
    assert (report.read, report.skipped) == (0, 1)
    assert house.skipped == {"x.json": why}


async def test_their_json_may_have_what_json_has_not(tmp_path: Path) -> None:
    house = House()
    text = '{"session_id": "x", "cost": NaN, "messages": [{"role": "user", "content": "half \\ud83d"}]}'
    await house.move_in(write(tmp_path / "x.json", text))
    assert await house.said("x") == [("user", "half \ufffd")]
