"""The rules of role leases and musters."""

from datetime import timedelta

from sessions.model import Holder, RoleName
from sessions.ports.roles import Crew
from storage.state.changes import DropMuster, PutMuster, PutRole
from storage.state.root import RootStep


def hold_role(step: RootStep, role: RoleName, holder: Holder, duration: timedelta) -> bool:
    """See :meth:`sessions.ports.roles.Roles.hold_role`."""
    held = step.tables.roles.get(role)
    if held is not None and held.holder not in ("", holder) and held.deadline > step.now:
        return False
    step.put(PutRole(role, holder, step.now + duration))
    return True


def leave_role(step: RootStep, role: RoleName, holder: Holder) -> None:
    """See :meth:`sessions.ports.roles.Roles.leave_role`."""
    held = step.tables.roles.get(role)
    if held is not None and held.holder == holder:
        step.put(PutRole(role, Holder(""), step.now))


def muster(step: RootStep, holder: Holder, lanes: int, duration: timedelta) -> Crew:
    """See :meth:`sessions.ports.roles.Roles.muster`."""
    for one in list(step.tables.musters.values()):
        if one.deadline <= step.now:
            step.put(DropMuster(one.holder))
    step.put(PutMuster(holder, lanes, step.now + duration))
    living = step.tables.musters.values()
    return Crew(len(living), sum(one.lanes for one in living))


def dismiss(step: RootStep, holder: Holder) -> None:
    """See :meth:`sessions.ports.roles.Roles.dismiss`."""
    if holder in step.tables.musters:
        step.put(DropMuster(holder))
