"""What PraisonAI would have written, made by hand."""

import json
from pathlib import Path

from sessions.model import Message, PersonId, Session, Workspace, WorkspaceKey
from sessions.moving import Owner, Remark, Report, Skipped, take_in
from storage.foreign.opening import read
from storage.memory import MemoryStore

LOCAL = WorkspaceKey("local")
BEGAN = 1_735_000_000.0
"""2024-12-24 00:26:40 UTC."""

Entry = dict[str, object]


def said(role: str, content: object, after: float = 0, **more: object) -> Entry:
    return {"role": role, "content": content, "timestamp": BEGAN + after, "metadata": {}, **more}


def conversation(turns: int) -> list[Entry]:
    return [said(("user", "assistant")[place % 2], f"m{place}", place) for place in range(2 * turns)]


def session(name: str, messages: list[Entry] | None = None, **more: object) -> Entry:
    return {
        "session_id": name,
        "messages": conversation(1) if messages is None else messages,
        "created_at": "2024-12-24T00:26:39+00:00",
        "updated_at": "2024-12-24T00:30:00+00:00",
        "agent_name": None,
        "user_id": None,
        "metadata": {},
        "archived_messages": [],
        **more,
    }


def memory(name: str, history: list[Entry], **more: object) -> Entry:
    return {
        "name": name,
        "user_id": "praison",
        "saved_at": BEGAN + 60,
        "short_term": [],
        "long_term_snapshot": [],
        "conversation_history": history,
        **more,
    }


def remembered(content: str, **more: object) -> Entry:
    return {"id": content[:8], "content": content, "created_at": BEGAN, "importance": 0.9, **more}


def metadata(id_: str, **more: object) -> Entry:
    return {
        "session_id": id_,
        "run_id": id_,
        "created_at": "2024-12-24T00:26:40+00:00",
        "updated_at": "2024-12-24T00:27:40+00:00",
        "name": None,
        "config_summary": {},
        "event_count": 2,
        "status": "active",
        **more,
    }


EVENTS: list[Entry] = [
    {"event": "user", "message": "hi", "timestamp": "2024-12-24T00:27:00"},
    {"event": "run_started", "message": "", "data": {"step": 1}},
    {"event": "assistant", "message": "hello", "timestamp": "2024-12-24T00:27:10"},
]


def checkpoint(name: str, **more: object) -> Entry:
    return {
        "name": name,
        "workflow_name": "deploy",
        "completed_steps": 2,
        "results": [
            {"step": "Build", "status": "success", "output": "built", "error": None},
            {"step": "Ship", "status": "success", "output": "", "error": "no network"},
        ],
        "variables": {"env": "test", "tries": 3},
        "definition_fingerprint": "3bfa60e9a1b7",
        "saved_at": BEGAN,
        **more,
    }


def write(path: Path, document: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(document if isinstance(document, str) else json.dumps(document), "utf-8")
    return path


class House:
    """A memory store into which things move, and what was told of that."""

    def __init__(self, workspace: WorkspaceKey = LOCAL) -> None:
        self.store = MemoryStore()
        self.skipped: dict[str, str] = {}
        self.remarks: list[str] = []
        self._owner = Owner(workspace, PersonId("cli:ada"))

    async def workspace(self) -> Workspace:
        return await self.store.workspace(self._owner.workspace)

    async def move_in(self, source: Path | str) -> Report:
        home = await self.workspace()
        return await take_in(self.store, home.id, read("praisonai", str(source), self._owner), self._tell)

    async def session(self, name: str) -> Session:
        found = await self.store.by_name((await self.workspace()).id, name)
        assert found is not None, name
        return found

    async def transcript(self, name: str) -> tuple[Message, ...]:
        return await self.store.transcript((await self.session(name)).key, None, 10_000)

    async def said(self, name: str) -> list[tuple[str, str]]:
        return [(one.role.value, one.content) for one in await self.transcript(name)]

    def _tell(self, one: Skipped | Remark) -> None:
        if isinstance(one, Skipped):
            self.skipped[Path(one.where).name] = one.why
        else:
            self.remarks.append(one.what)
