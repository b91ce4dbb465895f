"""Markdown as Telegram's own parser judges it: every part valid, within the limits, nothing lost."""

import json

import pytest
import tdjson
from hypothesis import given, settings
from hypothesis import strategies as st
from telegramify_markdown import utf16_len

from bots.telegram.rendering import LIMIT, MOST_ENTITIES, Part, Renderer, mark_repeat
from bots.telegram.schema import Entity

RENDERER = Renderer()
_TYPES = {
    "bold": "Bold",
    "italic": "Italic",
    "underline": "Underline",
    "strikethrough": "Strikethrough",
    "spoiler": "Spoiler",
    "blockquote": "BlockQuote",
    "expandable_blockquote": "ExpandableBlockQuote",
    "code": "Code",
    "pre": "Pre",
}

_words = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
_pieces = st.one_of(
    _words,
    st.sampled_from(
        [
            "**",
            "*",
            "_",
            "__",
            "`",
            "```",
            "```py\n",
            "\n",
            "\n\n",
            "> ",
            "- ",
            "1. ",
            "# ",
            "|",
            "||",
            "~~",
        ]
    ),
    st.sampled_from(
        ["[a](http://b.c)", "![x](http://y)", "<b>", "</div>", "<!--", "\\", "$x$", "😀", "    "]
    ),
    st.sampled_from(
        ["| a | b |\n|---|---|\n| 1 | 2 |\n", "&lt;", "\\(\\alpha\\)", "\u200b", "\r\n", "\x00"]
    ),
)


def judge(part: Part) -> None:
    """Fail unless Telegram's parser takes the part as it is."""
    assert 0 < utf16_len(part.text) <= LIMIT
    assert len(part.entities) <= MOST_ENTITIES
    end = utf16_len(part.text)
    for entity in part.entities:
        assert 0 <= entity.offset < entity.offset + entity.length <= end
    tdjson.td_execute(b'{"@type":"setLogVerbosityLevel","new_verbosity_level":0}')
    text = {"@type": "formattedText", "text": part.text, "entities": [_td(one) for one in part.entities]}
    answer = tdjson.td_execute(json.dumps({"@type": "getMarkdownText", "text": text}).encode())
    assert answer is not None
    assert json.loads(answer)["@type"] == "formattedText", answer


def _td(entity: Entity) -> dict[str, object]:
    kind: dict[str, object] = {"@type": f"textEntityType{_TYPES.get(entity.type, '')}"}
    if entity.type == "text_link":
        kind = {"@type": "textEntityTypeTextUrl", "url": entity.url}
    elif entity.type == "custom_emoji":
        kind = {"@type": "textEntityTypeCustomEmoji", "custom_emoji_id": entity.custom_emoji_id}
    elif entity.language:
        kind = {"@type": "textEntityTypePreCode", "language": entity.language}
    return {"@type": "textEntity", "offset": entity.offset, "length": entity.length, "type": kind}


@settings(max_examples=300, deadline=None)
@given(st.lists(_pieces, max_size=60), st.integers(1, 60), _words)
def test_every_part_of_any_markdown_is_taken_by_telegram(
    pieces: list[str], times: int, note: str
) -> None:
    for part in RENDERER.render("".join(pieces) * times, note):
        judge(part)
        judge(mark_repeat(part))


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.sampled_from(["word ", "x\n", "y\n\n", "😀", "0123456789" * 60]), min_size=1, max_size=60)
)
def test_words_are_all_there_in_order(pieces: list[str]) -> None:
    text = "".join(pieces) * 5
    shown = "".join(part.text for part in RENDERER.render(text))
    assert "".join(shown.split()) == "".join(text.split())


def test_parts_stay_as_they_are_while_text_grows() -> None:
    lines = [f"Line {number} with **bold** and `code` 😀.\n" for number in range(600)]
    text = ""
    earlier: tuple[Part, ...] = ()
    for at in range(0, len(lines), 50):
        text += "".join(lines[at : at + 50])
        parts = RENDERER.render(text)
        assert parts[: max(0, len(earlier) - 1)] == earlier[:-1]
        earlier = parts


def test_a_fence_that_spans_parts_is_code_in_each() -> None:
    parts = RENDERER.render("Look:\n\n```python\n" + "print('x')\n" * 1000 + "```\n\nDone.")
    assert len(parts) > 2
    for part in parts:
        assert any(entity.type == "pre" and entity.language == "python" for entity in part.entities)


@pytest.mark.parametrize(
    "text",
    [
        "List<String> a",
        "<script>\nalert(1)\n</script>",
        "a <!-- b --> c",
        "<div>\n**x**</div> <y>",
        "1 < 2 > 0",
    ],
)
def test_tags_are_text(text: str) -> None:
    (part,) = RENDERER.render(text)
    assert part.text.replace("\n", " ").split() == text.replace("**", "").split()


def test_a_link_that_telegram_cannot_open_is_text() -> None:
    (part,) = RENDERER.render("[here](./file.py) and [there](https://a.b/)")
    assert [entity.url for entity in part.entities] == ["https://a.b/"]


def test_more_formatting_than_a_message_keeps_makes_another_part() -> None:
    parts = RENDERER.render("`twelve chars` " * 250)
    assert sum(len(part.entities) for part in parts) == 250
    assert all(len(part.entities) <= MOST_ENTITIES for part in parts)


def test_a_note_stands_below_in_italics() -> None:
    (part,) = RENDERER.render("**answer**", "stopped *here*")
    assert part.text == "answer\n\nstopped *here*"
    assert [(one.type, one.offset, one.length) for one in part.entities] == [
        ("bold", 0, 6),
        ("italic", 8, 14),
    ]


def test_nothing_to_see_is_no_message() -> None:
    assert RENDERER.render("") == RENDERER.render("\u200b \n") == ()


@pytest.mark.parametrize(
    "text", ["- " * 3000 + "x", "> " * 3000 + "x", "||a" * 3000, "*a " * 3000, "`" * 9000]
)
def test_markdown_that_is_meant_to_explode_stays_a_few_messages(text: str) -> None:
    parts = RENDERER.render(text)
    assert 0 < len(parts) <= 10
    for part in parts:
        judge(part)


def test_what_markdown_would_hide_is_shown_as_it_is() -> None:
    (part,) = RENDERER.render("[1]: https://example.org")
    assert part.text == "[1]: https://example.org"
