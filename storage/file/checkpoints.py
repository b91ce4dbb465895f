"""Readable copies of checkpoints, a file each, for people who debug; nothing reads them back.

They have the keys by which workflow tools know a checkpoint, and after these what is ours.
"""

from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path

import msgspec

from sessions.names import fold
from sessions.ports.checkpoints import Checkpoint, StepStatus
from storage.shelf import CHECKPOINTS
from storage.state.tables import Tables


def file_name(name: str) -> str:
    """A digest of the run's folded name: names are persons' words."""
    return f"{sha256(name.encode()).hexdigest()[:40]}.json"


def write(folder: Path, tables: Tables, names: Iterable[str]) -> None:
    """Bring the copies of the runs of these folded names up to date."""
    for name in names:
        folder.mkdir(mode=0o700, exist_ok=True)
        path = folder / file_name(name)
        found = next(iter(tables.shelf.of(CHECKPOINTS, name)), None)
        if found is None:
            path.unlink(missing_ok=True)
            continue
        unfinished = path.with_name(f"{path.name}.new")
        unfinished.write_bytes(
            msgspec.json.format(msgspec.json.encode(_readable(found)), indent=2) + b"\n"
        )
        unfinished.replace(path)


def prune(folder: Path, tables: Tables) -> None:
    """Remove the copies of runs that are no more."""
    if not folder.is_dir():
        return
    live = {file_name(fold(one.name)) for one in tables.shelf.of(CHECKPOINTS)}
    for path in folder.iterdir():
        if path.name not in live:
            path.unlink(missing_ok=True)


def _readable(checkpoint: Checkpoint) -> dict[str, object]:
    done = [one for one in checkpoint.results if one.status in (StepStatus.DONE, StepStatus.SKIPPED)]
    return {
        "name": checkpoint.name,
        "workflow_name": checkpoint.workflow,
        "completed_steps": len(done),
        "results": checkpoint.results,
        "variables": dict(checkpoint.variables),
        "definition_fingerprint": checkpoint.fingerprint,
        "saved_at": checkpoint.saved_at.timestamp(),
        "saved_at_iso": checkpoint.saved_at.isoformat(),
        "status": checkpoint.status,
        "waiting_for": checkpoint.waiting_for,
        "approved": checkpoint.approved,
        "audience": checkpoint.audience,
        "starter": checkpoint.starter,
        "definition": checkpoint.definition,
        "revision": checkpoint.revision,
        "taken_by": checkpoint.taken_by,
    }
