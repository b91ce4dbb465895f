"""Tables of documents and passages; times are microseconds since the epoch, UTC.

They are a migration of the SQLite backend: what was released never changes.
"""

SHIFT = 24
"""``seq`` of a passage is its document's shifted by this, plus its position: one range of one tree."""

MOST_PASSAGES = 1 << SHIFT
"""A document has fewer passages than this."""

TABLES = """
-- The workspaces that have documents. ``changes`` grows with everything that a search would notice.
CREATE TABLE libraries (
    seq INTEGER PRIMARY KEY,
    workspace TEXT NOT NULL UNIQUE,
    changes INTEGER NOT NULL DEFAULT 0
);

-- ``state``: 0 being written, 1 to be found, 2 to be erased. Numbers are never given twice, so that
-- who writes for too long finds its row gone.
CREATE TABLE documents (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    library INTEGER NOT NULL REFERENCES libraries (seq),
    source TEXT NOT NULL,
    id TEXT NOT NULL,
    title TEXT NOT NULL,
    digest TEXT NOT NULL,
    size INTEGER NOT NULL,
    passages INTEGER NOT NULL,
    added_at INTEGER NOT NULL,
    state INTEGER NOT NULL,
    touched_at INTEGER NOT NULL
);
CREATE UNIQUE INDEX documents_by_source ON documents (library, source) WHERE state = 1;
CREATE INDEX documents_unshown ON documents (state, touched_at) WHERE state <> 1;

CREATE TABLE passages (
    seq INTEGER PRIMARY KEY,
    number INTEGER NOT NULL,
    place TEXT NOT NULL,
    text TEXT NOT NULL
);

CREATE TABLE passage_vectors (
    seq INTEGER PRIMARY KEY,
    vector BLOB NOT NULL
);
"""


def words_table(library: int) -> str:
    """The name of a library's full-text index: one each, so that its words are weighed by its own."""
    return f"passage_words_{int(library)}"


def words_script(library: int) -> str:
    """Return what makes the index. It holds no text: https://www.sqlite.org/fts5.html#contentless_tables."""
    return (
        f"CREATE VIRTUAL TABLE IF NOT EXISTS {words_table(library)}"
        " USING fts5(text, content='', tokenize='porter unicode61 remove_diacritics 2')"
    )
