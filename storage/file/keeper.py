"""The file store's work on the disk, step by step; everything here blocks and runs in one thread."""

import errno
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from secrets import token_hex
from typing import TypeVar

import structlog

from sessions.errors import ParleyError, StoreUnavailable
from sessions.model import ThreadRef, Workspace, WorkspaceId, WorkspaceKey
from sessions.ports.turns import Wakeup
from storage.file.copies import Copies
from storage.file.folder import Folder
from storage.file.hints import HintFile
from storage.file.journal import make_journal
from storage.file.kept import KeptRoot, KeptWorkspace
from storage.file.quarantine import Quarantine
from storage.file.worker import Job
from storage.state import catalog, root
from storage.state.changes import PutBinding
from storage.state.root import RootStep
from storage.state.step import Step
from storage.state.tables import Tables

T = TypeVar("T")

log = structlog.get_logger()


@dataclass(slots=True, eq=False)
class Task(Job):
    """A rule to be run on the workspace that ``route`` finds, under its lock.

    What a task that is not ``durable`` writes may be lost in a power loss. One that ``erases`` leaves
    nothing of what it erased in the journal.
    """

    route: Callable[[], WorkspaceId] = field(kw_only=True)
    rule: Callable[[Step], object] = field(kw_only=True)
    durable: bool = True
    erases: bool = False


@dataclass(slots=True, eq=False)
class Call(Job):
    """Anything else; it takes the locks that it needs by itself."""

    run: Callable[[], object] = field(kw_only=True)


class Keeper:
    """All tables of a store and their journals.

    Locks are taken in the order workspace, root; no two workspaces are locked at once.
    """

    def __init__(
        self, folder: Folder, clock: Callable[[], datetime], tell: Callable[[list[Wakeup]], None]
    ) -> None:
        self.folder = folder
        self.clock = clock
        self.quarantine = Quarantine(folder.quarantine)
        self.origin = token_hex(8)
        self._tell = tell
        self._hints = HintFile(folder.hints, self.origin)
        self._root: KeptRoot | None = None
        self._workspaces: dict[WorkspaceId, KeptWorkspace] = {}
        self._copies = Copies()

    def perform(self, jobs: Sequence[Job]) -> None:
        """Run a batch; tasks of one workspace share its lock and one sync."""
        groups: dict[WorkspaceId, list[Task]] = {}
        for job in jobs:
            match job:
                case Task():
                    with _kept_error([job]):
                        groups.setdefault(job.route(), []).append(job)
                case Call():
                    with _kept_error([job]):
                        job.run()
                case _:
                    raise TypeError(f"{job} is no job of this store")
        for workspace, tasks in groups.items():
            with _kept_error(tasks):
                self.run_tasks(workspace, tasks)

    def run_tasks(self, workspace: WorkspaceId, tasks: Sequence[Task]) -> None:
        """Run rules on one workspace, in order. Raises StoreUnavailable when nothing was acknowledged."""
        kept = self._kept(workspace)
        if kept is None:
            for task in tasks:
                _run(task, Step(Tables(workspace), self.clock()))
            return
        with self._disk(workspace):
            with kept.writing():
                steps = [_run(task, Step(kept.tables, self.clock())) for task in tasks]
                strays = [stray for step in steps for stray in self._settle(workspace, step)]
                kept.append([step.changes for step in steps])
                if any(task.durable for task in tasks):
                    kept.journal.sync()
                kept.holds_erased |= any(task.erases and task.error is None for task in tasks)
                self._shorten(workspace, kept, only_if_erased=True)
            self._copies.note(workspace, steps)
            self._publish([wakeup for step in steps for wakeup in step.wakes])
        for former, thread in strays:
            self.run(former, partial(catalog.unbind, thread=thread))

    def run(self, workspace: WorkspaceId, rule: Callable[[Step], T], *, durable: bool = True) -> T:
        """Run one rule on a workspace."""
        results: list[T] = []
        task = Task(
            route=lambda: workspace, rule=lambda step: results.append(rule(step)), durable=durable
        )
        self.run_tasks(workspace, [task])
        if task.error is not None:
            raise task.error
        return results[0]

    def read(self, workspace: WorkspaceId) -> Tables:
        """The workspace's tables, up to date; empty ones where it does not exist."""
        kept = self._kept(workspace)
        if kept is None:
            return Tables(workspace)
        with self._disk(workspace):
            kept.catch_up()
        return kept.tables

    def root(self) -> root.RootTables:
        """The root tables, up to date."""
        with self._disk():
            kept = self._kept_root()
            kept.catch_up()
            return kept.tables

    def run_root(self, rule: Callable[[RootStep], T], *, durable: bool = True) -> T:
        """Run a rule on the root tables; what is ``durable`` is on the disk when it returns."""
        with self._disk():
            kept = self._kept_root()
            with kept.writing():
                step = RootStep(kept.tables, self.clock())
                result = rule(step)
                kept.append([step.changes])
                if durable:
                    kept.journal.sync()
            return result

    def find_or_make(self, key: WorkspaceKey, title: str = "") -> WorkspaceId:
        """The workspace of that key, made where there is none."""
        found = self.root().find(key)
        if found is not None and title in ("", found.title):
            return found.id
        fresh = WorkspaceId(token_hex(16))
        with self._disk():
            if found is None:
                make_journal(self.folder.workspace(fresh))
                self.folder.note(Workspace(fresh, key, title, self.clock()))
            made = self.run_root(lambda step: root.workspace(step, key, title, fresh))
            if found is not None:
                self.folder.note(made)
        return made.id

    def note(self, workspace: Workspace) -> None:
        """Write down beside its journal whose the workspace is."""
        with self._disk():
            self.folder.note(workspace)

    def check(self) -> None:
        """Read the root journal and write a file beside it. Raises StoreUnavailable."""
        self.root()
        with self._disk():
            self.folder.try_writing()

    def shorten_if_long(self, workspace: WorkspaceId) -> None:
        """Rewrite a journal that is much longer than it needs to be."""
        kept = self._kept(workspace)
        if kept is None or not (kept.is_long or kept.holds_erased):
            return
        with self._disk(workspace), kept.writing():
            self._shorten(workspace, kept, only_if_erased=False)

    def root_is_damaged(self) -> bool:
        """Whether records of the root journal were put aside."""
        self.root()
        return self._kept_root().journal.is_damaged

    def shorten_root(self, *, only_if_long: bool) -> None:
        """Rewrite the root journal without what nothing needs."""
        with self._disk():
            kept = self._kept_root()
            if kept.is_long or not only_if_long:
                with kept.writing():
                    kept.shorten()

    def write_copies(self, final: bool) -> bool:
        """Bring one workspace's readable files up to date; true while there are more.

        The ``final`` time nothing is put off.
        """
        workspace = self._copies.next()
        if workspace is None:
            return False
        try:
            kept = self._kept(workspace)
            if kept is None:
                return self._copies.skip(workspace)
            with self._disk(workspace), kept.writing():
                folder = self.folder.workspace(workspace)
                return self._copies.write(workspace, folder, kept.tables, final=final)
        except Exception as error:  # noqa: BLE001 (copies must not end the thread that stores)
            log.warning("copies.failed", workspace=workspace, error=reason(error))
            return self._copies.skip(workspace)

    def close(self) -> None:
        """Let go of all files."""
        for kept in (*self._workspaces.values(), self._root):
            if kept is not None:
                kept.journal.close()
        self._workspaces.clear()
        self._root = None
        self._hints.close()

    def _kept_root(self) -> KeptRoot:
        if self._root is None:
            self._root = KeptRoot(self.folder.root, self.quarantine)
        return self._root

    def _kept(self, workspace: WorkspaceId) -> KeptWorkspace | None:
        kept = self._workspaces.get(workspace)
        if kept is None and workspace in self.root().workspaces:
            with self._disk():
                kept = KeptWorkspace(self.folder.workspace(workspace), workspace, self.quarantine)
            self._workspaces[workspace] = kept
        return kept

    def _settle(self, workspace: WorkspaceId, step: Step) -> list[tuple[WorkspaceId, ThreadRef]]:
        bound = [one.thread for one in step.changes if isinstance(one, PutBinding) and one.session]
        homes = self.root().homes if bound else {}
        strays: list[tuple[WorkspaceId, ThreadRef]] = []
        for thread in bound:
            if homes.get(thread) != workspace:
                former = self.run_root(partial(root.settle, thread=thread, home=workspace))
                strays += [(former, thread)] if former is not None else []
        return strays

    def _shorten(self, workspace: WorkspaceId, kept: KeptWorkspace, *, only_if_erased: bool) -> None:
        if not kept.holds_erased and (only_if_erased or not kept.is_long):
            return
        try:
            if kept.holds_erased:
                self._copies.prune(self.folder.workspace(workspace), kept.tables)
            kept.shorten()
        except OSError as error:
            log.warning("journal.not_shortened", journal=str(kept.journal.path), error=reason(error))

    def _publish(self, wakeups: list[Wakeup]) -> None:
        if not wakeups:
            return
        self._tell(wakeups)
        try:
            self._hints.write(wakeups)
        except OSError as error:
            log.warning("wakeups.not_written", error=reason(error))

    @contextmanager
    def _disk(self, workspace: WorkspaceId | None = None) -> Iterator[None]:
        """Translate errors of the disk, and forget tables that may be ahead of their journal."""
        try:
            yield
        except BaseException as error:
            self._forget(workspace)
            if isinstance(error, OSError):
                raise StoreUnavailable(f"the disk failed: {reason(error)}") from error
            raise

    def _forget(self, workspace: WorkspaceId | None) -> None:
        kept = self._root if workspace is None else self._workspaces.pop(workspace, None)
        if workspace is None:
            self._root = None
        if kept is not None:
            kept.journal.close()


def reason(error: Exception) -> str:
    """What kind of error it was. Its text may quote what was being stored."""
    origin = error.__cause__ if isinstance(error, StoreUnavailable) else error
    code = errno.errorcode.get(origin.errno or 0, "") if isinstance(origin, OSError) else ""
    return f"{type(origin or error).__name__} {code}".strip()


def _run(task: Task, step: Step) -> Step:
    try:
        task.rule(step)
    except ParleyError as error:
        task.error = error
    return step


@contextmanager
def _kept_error(jobs: Sequence[Job]) -> Iterator[None]:
    try:
        yield
    except Exception as error:  # noqa: BLE001 (the edge of the thread: it is raised where it is awaited)
        for job in jobs:
            job.error = error
