"""The commands ``parley memory …``, and memory in prompts."""

import json
import re

import pytest

from bots.extras import memory_rules
from bots.settings import load
from sessions.facts.rules import MemoryRules
from sessions.model import Platform
from tests.cli.conftest import ParleyInside


def test_a_fact_is_added_shown_and_forgotten(inside: ParleyInside) -> None:
    added = inside("memory", "add", "I like tea")
    assert (added.code, added.error) == (0, "")
    found = re.fullmatch(r"🧠 Remembered: I like tea \((\w{8})\)\n", added.out)
    assert found
    shown = inside("memory", "show").out
    assert shown.startswith("🧠 Memory:\n\n┌")
    assert re.search(rf"│ {found[1]} │ I like tea +│ you +│ \d{{4}}-\d\d-\d\d \d\d:\d\d +│", shown)
    assert shown.endswith("Total: 1 fact\n")
    forgotten = inside("memory", "forget", found[1])
    assert (forgotten.code, forgotten.out) == (0, "🗑️  Forgotten: I like tea\n")
    assert "Nothing is remembered yet" in inside("memory", "show").out


def test_help_is_the_page_without_a_command_too(inside: ParleyInside) -> None:
    page = inside("memory", "help")
    assert (page.code, page.out) == (0, inside("memory").out)
    for word in ("show", "add", "forget", "help"):
        assert f"parley memory {word}" in page.out


def test_everything_can_be_had_as_json(inside: ParleyInside) -> None:
    added = json.loads(inside("memory", "add", "--shared", "we meet on Fridays", "--json").out)
    assert (added["text"], added["about"], added["new"]) == ("we meet on Fridays", None, True)
    again = json.loads(inside("--json", "memory", "add", "We meet on Fridays", "--shared").out)
    assert (again["id"], again["new"]) == (added["id"], False)
    shown = json.loads(inside("memory", "show", "--json").out)
    assert (shown["total"], shown["pages"]) == (1, 1)
    assert shown["facts"] == [{**{k: v for k, v in added.items() if k != "new"}, "name": None}]
    gone = json.loads(inside("memory", "forget", "fridays", "--json").out)
    assert gone["forgotten"]["id"] == added["id"]


def test_a_table_has_ten_facts_a_page_or_all(inside: ParleyInside) -> None:
    for number in range(12):
        inside("memory", "add", f"fact number {number}")
    first = inside("memory", "show").out
    assert first.endswith("Total: 12 facts\nPage 1 of 2; the next one: parley memory show 2\n")
    assert inside("memory", "show", "2").out.count("fact number") == 2
    assert inside("memory", "show", "--all").out.count("fact number") == 12


@pytest.mark.parametrize(
    ("words", "code", "why"),
    [
        (("add", ""), 2, "for example: memory add"),
        (("add",), 2, "TEXT is missing"),
        (("add", "x" * 1001), 2, "at most 1,000"),
        (("forget",), 2, "ID is missing"),
        (("forget", "3"), 1, "There is no fact “3”"),
        (("forget", "tea"), 1, "Nothing is remembered here with “tea”"),
        (("show", "x"), 2, "is no page"),
        (("show", "2"), 2, "There is only one page"),
        (("shwo",), 2, "Did you mean: parley memory show?"),
        (("show", "--workspace", "telegram:1"), 1, "no workspace"),
        (("show", "--storage-backend", "floppy"), 2, "sqlite"),
    ],
)
def test_bad_input_is_told_with_what_to_do(
    inside: ParleyInside, words: tuple[str, ...], code: int, why: str
) -> None:
    result = inside("memory", *words)
    assert (result.code, result.out) == (code, "")
    assert why in result.error


def test_the_storage_options_choose_whose_facts_they_are(inside: ParleyInside) -> None:
    elsewhere = ("--storage-backend", "file", "--storage-path", str(inside.folder / "files"))
    assert inside(*elsewhere, "memory", "add", "I like tea").code == 0
    assert "I like tea" in inside("memory", "show", *elsewhere).out
    assert "Total: 0 facts" in inside("memory", "show").out


def test_control_characters_of_a_fact_are_not_printed(inside: ParleyInside) -> None:
    assert "\x1b" not in inside("memory", "add", "I \x1b[31mlike tea").out


def test_a_prompt_remembers_and_draws_on_facts_when_that_is_set(inside: ParleyInside) -> None:
    """With the offline model: no key is needed to try it."""
    asked = inside("Remember that I like green tea", "--session", "one", PARLEY_MEMORY="on")
    assert asked.code == 0
    assert "🧠 Remembered: I like green tea" in asked.out + asked.error
    later = inside("What do I drink?", "--session", "two", PARLEY_MEMORY="on")
    assert "I remember: I like green tea" in later.out
    assert "You said: What do I drink?" in later.out


def test_without_the_setting_a_prompt_leaves_memory_alone(inside: ParleyInside) -> None:
    inside("memory", "add", "I like green tea")
    assert "green" not in inside("What do I drink?", "--session", "two").out
    assert "Remembered" not in inside("Remember that I like milk", "--session", "two").out


def test_extraction_goes_on_when_the_answer_is_there(inside: ParleyInside) -> None:
    inside("I live in Vienna. How is the weather there?", "--session", "s", PARLEY_MEMORY="extract")
    assert "I live in Vienna" in inside("memory", "show").out


@pytest.mark.parametrize(
    ("said", "rules"),
    [
        ("", MemoryRules(frozenset({Platform.TELEGRAM, Platform.DISCORD}))),
        ("off", MemoryRules()),
        ("On", MemoryRules(frozenset(Platform))),
        ("extract", MemoryRules(frozenset(Platform), extracts=True)),
    ],
)
def test_the_setting_says_where_facts_are_used(
    inside: ParleyInside, said: str, rules: MemoryRules
) -> None:
    assert memory_rules(load({"PARLEY_MEMORY": said}, inside.folder)) == rules
