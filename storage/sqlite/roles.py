"""Role leases and musters."""

from datetime import timedelta

from sessions.model import Holder, RoleName
from sessions.ports.roles import Crew
from storage.sqlite.step import Step, microseconds


def hold_role(step: Step, role: RoleName, holder: Holder, duration: timedelta) -> bool:
    """See :meth:`sessions.ports.roles.Roles.hold_role`."""
    held = step.execute(
        "INSERT INTO roles (role, holder, deadline) VALUES (?1, ?2, ?3) ON CONFLICT (role) DO UPDATE"
        " SET holder = ?2, deadline = ?3 WHERE holder = ?2 OR deadline <= ?4",
        (role, holder, step.now + microseconds(duration), step.now),
    )
    return held.rowcount == 1


def leave_role(step: Step, role: RoleName, holder: Holder) -> None:
    """See :meth:`sessions.ports.roles.Roles.leave_role`."""
    step.execute("DELETE FROM roles WHERE role = ? AND holder = ?", (role, holder))


def muster(step: Step, holder: Holder, lanes: int, duration: timedelta) -> Crew:
    """See :meth:`sessions.ports.roles.Roles.muster`."""
    step.execute("DELETE FROM musters WHERE deadline <= ?", (step.now,))
    step.execute(
        "INSERT OR REPLACE INTO musters (holder, lanes, deadline) VALUES (?, ?, ?)",
        (holder, lanes, step.now + microseconds(duration)),
    )
    replicas, in_all = step.execute("SELECT count(*), sum(lanes) FROM musters").fetchone()
    return Crew(replicas, in_all)


def dismiss(step: Step, holder: Holder) -> None:
    """See :meth:`sessions.ports.roles.Roles.dismiss`."""
    step.execute("DELETE FROM musters WHERE holder = ?", (holder,))
