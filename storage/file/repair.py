"""Brings back what the root journal lost, from what the workspaces know themselves."""

from dataclasses import replace

from sessions.model import ThreadRef, Workspace, WorkspaceId, WorkspaceKey
from storage.file.keeper import Keeper
from storage.state.changes import PutHome, PutWorkspace
from storage.state.root import RootStep


def repair(keeper: Keeper) -> None:
    """Take in workspaces that the root does not know; after damage also where threads are bound.

    Reads one small file for each unknown workspace, and all journals only after damage.
    """
    known = keeper.root().workspaces
    lost = [one for one in keeper.folder.used_workspaces() if one.id not in known]
    if lost:
        keeper.run_root(lambda step: _take_in(step, lost))
    if not keeper.root_is_damaged():
        return
    homes: dict[ThreadRef, WorkspaceId] = {}
    for workspace in list(keeper.root().workspaces):
        homes |= dict.fromkeys(keeper.read(workspace).bindings, workspace)
    keeper.run_root(lambda step: _settle(step, homes))
    keeper.shorten_root(only_if_long=False)


def _take_in(step: RootStep, lost: list[Workspace]) -> None:
    for workspace in lost:
        if workspace.id in step.tables.workspaces:
            continue
        taken = step.tables.find(workspace.key) is not None
        key = WorkspaceKey(f"{workspace.key}:{workspace.id}") if taken else workspace.key
        step.put(PutWorkspace(replace(workspace, key=key)))


def _settle(step: RootStep, homes: dict[ThreadRef, WorkspaceId]) -> None:
    for thread, workspace in homes.items():
        if thread not in step.tables.homes:
            step.put(PutHome(thread, workspace))
