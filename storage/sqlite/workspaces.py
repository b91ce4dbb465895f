"""Workspaces: found by key, made once, moved when their chat gets a new id."""

import os
from dataclasses import replace

from sessions.errors import StoreDamaged
from sessions.model import Inbound, ThreadRef, Workspace, WorkspaceId, WorkspaceKey
from sessions.ports.catalog import Cursor, WorkspacePage
from storage import cursors
from storage.sqlite import binding, inbox, records, rows
from storage.sqlite.step import Step, moment

_FIND = (
    "SELECT id, key, title, created_at FROM workspaces"
    " WHERE id = (SELECT workspace FROM workspace_keys k WHERE k.key = ?)"
)
_PAGE = (
    "SELECT seq, id, key, title, created_at,"
    " (SELECT coalesce(sum(sessions), 0) FROM audiences a WHERE a.workspace = w.id)"
    " FROM workspaces w WHERE seq > ? ORDER BY seq LIMIT ?"
)


def find(step: Step, key: WorkspaceKey) -> Workspace | None:
    """See :meth:`sessions.ports.catalog.Catalog.find_workspace`."""
    row = step.execute(_FIND, (key,)).fetchone()
    return None if row is None else _noun(*row)


def obtain(step: Step, key: WorkspaceKey, title: str = "") -> Workspace:
    """See :meth:`sessions.ports.catalog.Catalog.workspace`."""
    found = find(step, key)
    if found is None:
        found = Workspace(WorkspaceId(os.urandom(8).hex()), key, title, moment(step.now))
        step.execute(
            "INSERT INTO workspaces (id, key, title, created_at) VALUES (?, ?, ?, ?)",
            (found.id, key, title, step.now),
        )
        step.execute("INSERT INTO workspace_keys (key, workspace) VALUES (?, ?)", (key, found.id))
    elif title and title != found.title:
        step.execute("UPDATE workspaces SET title = ? WHERE id = ?", (title, found.id))
        found = replace(found, title=title)
    return found


def page(step: Step, after: Cursor | None, limit: int) -> WorkspacePage:
    """See :meth:`sessions.ports.catalog.Catalog.workspaces`."""
    start = 0 if after is None else _position(step, after)
    found = step.execute(_PAGE, (start, limit + 1)).fetchall()
    shown = found[: max(limit, 0)]
    following = cursors.after_workspace(shown[-1][0]) if shown and len(found) > limit else None
    return WorkspacePage(tuple((_noun(*row[1:-1]), row[-1]) for row in shown), following)


def migrate(step: Step, old: ThreadRef, new: ThreadRef) -> None:
    """See :meth:`sessions.ports.catalog.Catalog.migrate`.

    The old key goes on leading to the workspace. One that the new chat got in the meantime steps aside:
    its own key gets its id added.
    """
    if (old.platform, old.chat) == (new.platform, new.chat):
        return
    key = chat_key(new)
    moved, aside = find(step, chat_key(old)), find(step, key)
    if moved is not None and moved.key != key:
        if aside is not None:
            _rename(step, aside.id, WorkspaceKey(f"{key}:{aside.id}"))
        _rename(step, moved.id, key)
    binding.move(step, old, new)
    _move_inbounds(step, old, new)


def chat_key(chat: ThreadRef) -> WorkspaceKey:
    """The workspace key of a chat that is a workspace by itself."""
    return WorkspaceKey(f"{chat.platform}:{chat.chat}")


def _rename(step: Step, workspace: WorkspaceId, key: WorkspaceKey) -> None:
    step.execute("UPDATE workspaces SET key = ? WHERE id = ?", (key, workspace))
    step.execute("INSERT OR REPLACE INTO workspace_keys (key, workspace) VALUES (?, ?)", (key, workspace))


def _move_inbounds(step: Step, old: ThreadRef, new: ThreadRef) -> None:
    found = step.execute(
        "SELECT session, position, inbound FROM turns WHERE platform = ? AND chat = ?",
        (old.platform, old.chat),
    ).fetchall()
    for session, position, record in found:
        try:
            inbound = records.decode(Inbound, record)
        except StoreDamaged as damage:
            inbox.put_aside_at(step, rows.load(step, session), position, damage)
            continue
        key = chat_key(new) if inbound.place.workspace == chat_key(old) else inbound.place.workspace
        thread = ThreadRef(new.platform, new.chat, inbound.place.thread.thread)
        moved = replace(inbound, place=replace(inbound.place, workspace=key, thread=thread))
        step.execute(
            "UPDATE turns SET platform = ?, chat = ?, inbound = ? WHERE session = ? AND position = ?",
            (new.platform, new.chat, records.encode(moved), session, position),
        )


def _position(step: Step, cursor: Cursor) -> int:
    position = cursors.workspace_position(cursor)
    if step.execute("SELECT 1 FROM workspaces WHERE seq = ?", (position,)).fetchone() is None:
        raise cursors.unknown()
    return position


def _noun(id_: str, key: str, title: str, created_at: int) -> Workspace:
    return Workspace(WorkspaceId(id_), WorkspaceKey(key), title, moment(created_at))
