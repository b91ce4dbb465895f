"""What goes round all workspaces of a file store."""

from sessions.model import ThreadRef, WorkspaceId
from sessions.ports.catalog import Cursor, Quarantined, WorkspacePage
from sessions.ports.turns import Claim, Work
from storage.file.keeper import Keeper
from storage.state import catalog, leasing, root, turns
from storage.state.step import Step
from storage.state.sweeping import FORGET_LIMIT, Due, due


def sweep(keeper: Keeper, claim: Claim, limit: int) -> tuple[Work, ...]:
    """See :meth:`sessions.ports.turns.Turns.sweep`. Opens every workspace the first time."""
    found: list[Due] = []
    for workspace in list(keeper.root().workspaces):
        _tidy(keeper, workspace)
        found += due(Step(keeper.read(workspace), keeper.clock()), claim)
    if root.has_old(keeper.root(), keeper.clock()):
        keeper.run_root(lambda step: root.forget(step, FORGET_LIMIT))
    keeper.shorten_root(only_if_long=True)
    taken = [_acquire(keeper, one, claim) for one in sorted(found)[:limit]]
    return tuple(work for work in taken if work is not None)


def workspaces(keeper: Keeper, after: Cursor | None, limit: int) -> WorkspacePage:
    """See :meth:`sessions.ports.catalog.Catalog.workspaces`. Opens the workspaces of the page."""
    shown, cursor = root.page(keeper.root(), after, limit)
    return WorkspacePage(tuple((one, keeper.read(one.id).count()) for one in shown), cursor)


def migrate(keeper: Keeper, old: ThreadRef, new: ThreadRef) -> None:
    """See :meth:`sessions.ports.catalog.Catalog.migrate`."""
    for workspace in root.affected(keeper.root(), old, new):
        keeper.run(workspace, lambda step: catalog.migrate(step, old, new))
    keeper.run_root(lambda step: root.migrate(step, old, new))
    for key in (old, new):
        moved = keeper.root().find(root.chat_key(key))
        if moved is not None:
            keeper.note(moved)


def quarantined(keeper: Keeper) -> tuple[Quarantined, ...]:
    """See :meth:`sessions.ports.catalog.Catalog.quarantined`."""
    for workspace in list(keeper.root().workspaces):
        keeper.read(workspace)
    return keeper.quarantine.entries()


def _tidy(keeper: Keeper, workspace: WorkspaceId) -> None:
    tables, now = keeper.read(workspace), keeper.clock()
    if turns.has_old(tables, now):
        keeper.run(workspace, lambda step: turns.forget(step, FORGET_LIMIT), durable=False)
    keeper.shorten_if_long(workspace)


def _acquire(keeper: Keeper, one: Due, claim: Claim) -> Work | None:
    return keeper.run(one.session.workspace, lambda step: leasing.acquire(step, one.session, claim, None))
