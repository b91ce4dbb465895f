"""The file store: plain journals that a person can read, for debugging.

``<path>/parley.json`` marks the directory and names its format, ``journal`` has workspaces, the homes
of threads, listings, errands and roles, ``workspaces/<id>/journal`` everything of one workspace. Each
line of a journal is one step: a checksum and the changes as JSON. Beside a workspace's journal lie
readable copies, ``sessions.json``, ``transcripts/<session id>.md`` and
``checkpoints/<digest of the name>.json``, which lag and are never read back, and ``quarantine/`` keeps
damaged records until a person removes them. Documents that answers draw on are files of their own, see
:mod:`storage.file.knowledge`.

A step is one appended line, synced before it is acknowledged; leases' renewals and releases, roles and
owners' signs of life are not synced, since they mean nothing after a power loss, and neither is
forgetting. Steps that come together share a sync.

What grows: opening a workspace, that is the first step on it in a process, reads its whole journal, and
the tables stay in memory; listing all workspaces and the first sweep open all of them. Deleting a
session, a run or a fact rewrites its workspace's journal. A step itself, a turn or a page, costs the same
in a long session or journal as in a short one.
"""

from storage.file.store import FileStore

__all__ = ["FileStore"]
