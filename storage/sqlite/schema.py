"""Tables of the SQLite backend and how an older file becomes a current one.

Times are microseconds since the epoch, UTC. Invariants stand in the data: one turn per event, one
session per name, one binding per thread.
"""

from storage.fulltext.schema import TABLES as _KNOWLEDGE

APPLICATION_ID = 0x5061726C
"""``PRAGMA application_id`` of every Parley database: "Parl"."""

_FIRST = """
CREATE TABLE workspaces (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    key TEXT NOT NULL UNIQUE,
    title TEXT NOT NULL,
    created_at INTEGER NOT NULL
);

-- The keys that lead to a workspace: its own, and those that its chat had before.
CREATE TABLE workspace_keys (
    key TEXT PRIMARY KEY,
    workspace TEXT NOT NULL REFERENCES workspaces (id)
) WITHOUT ROWID;

-- How many sessions of each audience a workspace has; tombstones do not count.
CREATE TABLE audiences (
    workspace TEXT NOT NULL REFERENCES workspaces (id),
    audience TEXT NOT NULL,
    sessions INTEGER NOT NULL CHECK (sessions >= 0),
    PRIMARY KEY (workspace, audience)
) WITHOUT ROWID;

CREATE TABLE sessions (
    seq INTEGER PRIMARY KEY,
    workspace TEXT NOT NULL REFERENCES workspaces (id),
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    folded TEXT,  -- NULL in a tombstone, so that the name is free again
    title TEXT NOT NULL,
    archived INTEGER NOT NULL DEFAULT 0,
    deleted INTEGER NOT NULL DEFAULT 0,  -- in a tombstone the first fence that a lease on it has
    bindings INTEGER NOT NULL DEFAULT 0 CHECK (bindings >= 0),
    audience TEXT NOT NULL,
    starter TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    active_at INTEGER NOT NULL,
    messages INTEGER NOT NULL DEFAULT 0,
    user_messages INTEGER NOT NULL DEFAULT 0,
    agent_messages INTEGER NOT NULL DEFAULT 0,
    tokens INTEGER NOT NULL DEFAULT 0,
    context INTEGER NOT NULL DEFAULT 0,
    size INTEGER NOT NULL DEFAULT 0,
    estimated INTEGER NOT NULL DEFAULT 0,
    model TEXT NOT NULL,
    system TEXT NOT NULL,
    holder TEXT NOT NULL DEFAULT '',  -- empty: the lease is free
    token TEXT NOT NULL DEFAULT '',
    fence INTEGER NOT NULL DEFAULT 0,
    deadline INTEGER NOT NULL DEFAULT 0,
    waiting INTEGER NOT NULL DEFAULT 0 CHECK (waiting >= 0)  -- the length of the inbox
);
CREATE UNIQUE INDEX sessions_by_id ON sessions (workspace, id);
CREATE UNIQUE INDEX sessions_by_name ON sessions (workspace, folded) WHERE folded IS NOT NULL;
CREATE INDEX sessions_by_prefix ON sessions (workspace, audience, folded, name) WHERE folded IS NOT NULL;
CREATE INDEX sessions_by_activity ON sessions (workspace, audience, active_at DESC, id) WHERE deleted = 0;

CREATE TABLE bindings (
    platform TEXT NOT NULL,
    chat TEXT NOT NULL,
    thread TEXT NOT NULL,
    session INTEGER NOT NULL REFERENCES sessions (seq),
    PRIMARY KEY (platform, chat, thread)
) WITHOUT ROWID;
CREATE INDEX bindings_by_session ON bindings (session);

-- ``seq`` is session * 2^32 + index: a transcript is one range of one tree, and appending is one insert.
CREATE TABLE messages (
    seq INTEGER PRIMARY KEY,
    record BLOB NOT NULL
);

-- What was seen, in the order of its coming; the outcome is what a repeat returns.
CREATE TABLE events (
    seq INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    event TEXT NOT NULL,
    seen_at INTEGER NOT NULL,
    session INTEGER,
    outcome BLOB,
    UNIQUE (event, kind)
);

-- The inboxes. A row leaves when its answer was delivered.
CREATE TABLE turns (
    session INTEGER NOT NULL REFERENCES sessions (seq),
    position INTEGER NOT NULL,
    event TEXT NOT NULL,
    platform TEXT NOT NULL,
    chat TEXT NOT NULL,
    thread TEXT NOT NULL,
    number INTEGER NOT NULL,
    accepted_at INTEGER NOT NULL,
    owner TEXT NOT NULL,
    owner_until INTEGER NOT NULL,
    handed INTEGER NOT NULL DEFAULT 0,
    takeovers INTEGER NOT NULL DEFAULT 0,
    stop INTEGER NOT NULL DEFAULT 0,
    reply BLOB,
    answer BLOB,
    inbound BLOB NOT NULL,
    PRIMARY KEY (session, position)
) WITHOUT ROWID;

CREATE TABLE errands (
    seq INTEGER PRIMARY KEY,
    event TEXT NOT NULL UNIQUE,
    platform TEXT NOT NULL,
    holder TEXT NOT NULL,
    deadline INTEGER NOT NULL,
    body BLOB NOT NULL
);

CREATE TABLE listings (
    seq INTEGER PRIMARY KEY,
    platform TEXT NOT NULL,
    chat TEXT NOT NULL,
    thread TEXT NOT NULL,
    person TEXT NOT NULL,
    saved_at INTEGER NOT NULL,
    ids TEXT NOT NULL,
    UNIQUE (platform, chat, thread, person)
);
CREATE INDEX listings_by_age ON listings (saved_at);

-- Hints for other processes; the newest row always stays, so that numbers only grow.
CREATE TABLE wakeups (
    seq INTEGER PRIMARY KEY,
    origin TEXT NOT NULL,
    wake TEXT NOT NULL,
    workspace TEXT NOT NULL,
    session TEXT NOT NULL,
    turn TEXT
);

CREATE TABLE quarantine (
    seq INTEGER PRIMARY KEY,
    put_at INTEGER NOT NULL,
    place TEXT NOT NULL,
    why TEXT NOT NULL,
    record BLOB
);
"""

_ROLES = """
CREATE TABLE roles (
    role TEXT PRIMARY KEY,
    holder TEXT NOT NULL,
    deadline INTEGER NOT NULL
) WITHOUT ROWID;

-- The processes that live, and how many lanes each runs.
CREATE TABLE musters (
    holder TEXT PRIMARY KEY,
    lanes INTEGER NOT NULL,
    deadline INTEGER NOT NULL
) WITHOUT ROWID;
"""

_ARCHIVED_AT = """
-- From here on the time at which the session was put away; 0 for one that is not.
UPDATE sessions SET archived = max(active_at, 1) WHERE archived = 1;
"""

_SHELF = """
-- Facts and checkpoints. A row that is gone has no record, and keeps its key from being taken again.
CREATE TABLE shelf (
    seq INTEGER PRIMARY KEY,
    workspace TEXT NOT NULL REFERENCES workspaces (id),
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    revision INTEGER NOT NULL,
    token TEXT NOT NULL,
    mark TEXT,  -- no two of a shelf have the same
    gone_at INTEGER NOT NULL DEFAULT 0,
    record BLOB,
    UNIQUE (workspace, kind, key)
);
CREATE UNIQUE INDEX shelf_by_mark ON shelf (workspace, kind, mark) WHERE mark IS NOT NULL;
CREATE INDEX shelf_by_age ON shelf (gone_at) WHERE gone_at > 0;
"""

MIGRATIONS: tuple[str, ...] = (_FIRST, _ROLES, _ARCHIVED_AT, _SHELF, _KNOWLEDGE)
"""Script ``n`` brings a file from version ``n`` to ``n + 1``. Those that were released never change."""

VERSION = len(MIGRATIONS)
"""``PRAGMA user_version`` of a current file."""
