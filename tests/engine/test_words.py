import sqlite3
from contextlib import closing

import pytest

from sessions.knowledge.words import LONGEST_WORD, words

ENGLISH = """
install installs installed installing installation agree agreed feed plastered motoring conflated
troubled sized hopping tanned falling hissing fizzed failing filing happy sky cities relational
conditional rational valency hesitancy digitizer conformably radically differently vilely
analogously vietnamization predication operator feudalism decisiveness hopefulness callousness
formality sensitivity sensibility topology triplicate formative formalize electricity electrical
hopeful goodness revival allowance inference airliner gyroscopic adjustable defensible irritant
replacement adjustment dependent adoption homologous communism activate angularity effective
bowdlerize probate rate cease controller roll ties caress cats ponies dying as is s sixties 2031 v2
utf8 ss yes being using used uses user users
"""


def test_english_words_have_the_stems_that_sqlite_gives_them() -> None:
    with closing(sqlite3.connect(":memory:")) as database:
        database.execute("CREATE VIRTUAL TABLE said USING fts5(word, tokenize = 'porter unicode61')")
        database.execute("CREATE VIRTUAL TABLE stems USING fts5vocab(said, 'instance')")
        database.executemany("INSERT INTO said VALUES (?)", ((word,) for word in ENGLISH.split()))
        found = database.execute("SELECT term FROM stems ORDER BY doc").fetchall()
    assert list(words(ENGLISH)) == [stem for (stem,) in found]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", []),
        (" \n\x00…—🚀_!", []),
        ("Read-only, snake_case; a.b(c)", ["read", "onli", "snake", "case", "a", "b", "c"]),
        ("Café CAFÉ cafe\u0301", ["cafe", "cafe", "cafe"]),
        ("ПРИВЕТ Ärger STRASSE straße", ["привет", "arger", "strass", "strass"]),
        ("ﬁle \uff21\uff22\uff23", ["file", "abc"]),
        ("हिन्दी ไทย 中文", ["हिन्दी", "ไทย", "中文"]),
        ("half \ud800 a pair", ["half", "a", "pair"]),
    ],
)
def test_text_is_divided_into_folded_words(text: str, found: list[str]) -> None:
    assert list(words(text)) == found


def test_a_very_long_word_is_known_by_its_beginning() -> None:
    assert list(words("q" * 5_000)) == ["q" * LONGEST_WORD]
    assert list(words("é" * 5_000)) == ["e" * LONGEST_WORD]
