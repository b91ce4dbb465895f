"""What the tests of /memory, /knowledge, /workflow and /plan share: workflows, a document, a model."""

import json
from datetime import UTC, datetime
from pathlib import Path

from sessions.facts.taking import TAKES_FACTS
from sessions.model import WorkspaceKey
from sessions.ports.knowledge import Document, DocumentId, Passage
from sessions.ports.model import Prompt
from sessions.ports.store import Store
from sessions.workflows.planner import PLANNER

DEPLOY = """
description: Ships the _new_ release.
variables: {region: eu}
steps:
  - {name: build_it, prompt: 'build for {{ region }}'}
  - {name: ok, approval: 'Ship {{ steps.build_it.output }}?'}
  - {name: ship, prompt: ship}
"""
THREE = """
steps:
  - {name: one, prompt: first}
  - {name: two, prompt: second}
  - {name: three, prompt: third}
"""


def define(folder: Path, **texts: str) -> Path:
    """Write workflows into the folder and return it."""
    for name, text in texts.items():
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    return folder


def play(prompt: Prompt) -> str:
    """Answer as the model: take down that somebody likes tea, plan two steps, or say what was asked."""
    system, asked = prompt.messages[0].content, prompt.messages[-1].content
    if system.startswith(TAKES_FACTS):
        return json.dumps([{"fact": "likes tea", "about": "person"}])
    if system.startswith(PLANNER):
        return json.dumps({"steps": ["Look *around*", "Tell"]})
    return f"<{asked.splitlines()[-1]}>"


async def shelve(store: Store, workspace: str, source: str, *texts: str) -> None:
    """Put a document into a workspace, as the operator does."""
    home = await store.workspace(WorkspaceKey(workspace))
    passages = [Passage(number, f"line {number + 1}", text) for number, text in enumerate(texts)]
    at = datetime(2031, 3, 5, tzinfo=UTC)
    await store.put_document(
        home.id, Document(DocumentId(source), source, source, "", 9, len(texts), at), passages
    )
