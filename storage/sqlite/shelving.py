"""Facts and checkpoints: rows of one table, put in their place and taken down."""

from sessions.errors import StoreDamaged
from sessions.model import WorkspaceId
from sessions.ports.turns import EVENT_MEMORY
from storage.shelf import Kind, N, Put, Slot, nowhere, outcome
from storage.sqlite import records
from storage.sqlite.step import Step, microseconds

_MEMORY = microseconds(EVENT_MEMORY)
_SHELF = "SELECT seq, record FROM shelf WHERE workspace = ? AND kind = ? AND gone_at = 0"


def shelve(step: Step, workspace: WorkspaceId, slot: Slot[N]) -> Put:
    """Put the noun in its place. See :class:`storage.shelves.Shelves`."""
    if step.execute("SELECT 1 FROM workspaces WHERE id = ?", (workspace,)).fetchone() is None:
        raise nowhere()
    shelf = (workspace, slot.kind.name)
    stands = step.execute(
        "SELECT revision, token FROM shelf WHERE workspace = ? AND kind = ? AND key = ?"
        " AND (gone_at = 0 OR gone_at > ?)",
        (*shelf, slot.key, step.now - _MEMORY),
    ).fetchone()
    put = outcome(stands, slot)
    if put is not Put.DONE:
        return put
    if (
        slot.mark
        and step.execute(
            "SELECT 1 FROM shelf WHERE workspace = ? AND kind = ? AND mark = ?", (*shelf, slot.mark)
        ).fetchone()
    ):
        return Put.TAKEN
    if slot.kind.most and _count(step, shelf) >= slot.kind.most:
        return Put.FULL
    step.execute(
        "INSERT OR REPLACE INTO shelf (workspace, kind, key, revision, token, mark, record)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (*shelf, slot.key, slot.revision, slot.token, slot.mark or None, records.encode(slot.noun)),
    )
    return Put.DONE


def shelved(step: Step, workspace: WorkspaceId, kind: Kind[N], key: str | None) -> tuple[N, ...]:
    """What stands on the shelf, or at that key of it; what cannot be read is put aside."""
    if key is None:
        found = step.execute(_SHELF, (workspace, kind.name)).fetchall()
    else:
        found = step.execute(f"{_SHELF} AND key = ?", (workspace, kind.name, key)).fetchall()
    read = [_read(step, workspace, kind, seq, record) for seq, record in found]
    return tuple(noun for noun in read if noun is not None)


def unshelve(step: Step, workspace: WorkspaceId, kind: Kind[N], key: str) -> N | None:
    """Erase what stands there and return it."""
    found = next(iter(shelved(step, workspace, kind, key)), None)
    if found is None:
        return None
    place = (workspace, kind.name, key)
    if kind.remembers:
        step.execute(
            "UPDATE shelf SET gone_at = ?, mark = NULL, record = NULL"
            " WHERE workspace = ? AND kind = ? AND key = ?",
            (step.now, *place),
        )
    else:
        step.execute("DELETE FROM shelf WHERE workspace = ? AND kind = ? AND key = ?", place)
    return found


def forget(step: Step, limit: int) -> None:
    """Let go of up to ``limit`` keys whose noun was erased long ago."""
    step.execute(
        "DELETE FROM shelf WHERE seq IN"
        " (SELECT seq FROM shelf WHERE gone_at > 0 AND gone_at <= ? ORDER BY gone_at LIMIT ?)",
        (step.now - _MEMORY, limit),
    )


def _count(step: Step, shelf: tuple[str, str]) -> int:
    (count,) = step.execute(
        "SELECT count(*) FROM shelf WHERE workspace = ? AND kind = ? AND gone_at = 0", shelf
    ).fetchone()
    return int(count)


def _read(step: Step, workspace: WorkspaceId, kind: Kind[N], seq: int, record: bytes) -> N | None:
    try:
        return records.decode(kind.noun, record)
    except StoreDamaged as damage:
        records.put_aside(step, f"{kind.name} of {workspace}, row {seq}", damage, record)
        step.execute("DELETE FROM shelf WHERE seq = ?", (seq,))
        return None
