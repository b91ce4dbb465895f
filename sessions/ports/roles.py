"""Who of several processes does what only one may do, and how many of them there are."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from sessions.model import Holder, RoleName


@dataclass(frozen=True, slots=True)
class Crew:
    """The living processes of a service, the asking one included, and the lanes that they run in all."""

    replicas: int
    lanes: int


class Roles(Protocol):
    """Role leases and musters: deadlines by the store's clock, which mean nothing after a power loss.

    A role is held by one process at a time; one that did not get it stands by and asks again.
    """

    async def hold_role(self, role: RoleName, holder: Holder, duration: timedelta) -> bool:
        """Take the role, or keep it: true when it is held until now + duration.

        False, and nothing is changed, while another holder's time has not run out. Repeated by its holder
        it moves the deadline, to an earlier one, too; also when the time had run out and nobody took it.
        """
        ...

    async def leave_role(self, role: RoleName, holder: Holder) -> None:
        """Let the role go, so that another may take it at once. No-op when this holder has it not."""
        ...

    async def muster(self, holder: Holder, lanes: int, duration: timedelta) -> Crew:
        """Say that this process lives until now + duration and runs so many lanes; returns all that do.

        What it said before is replaced. A process whose time has run out does not count and is forgotten.
        """
        ...

    async def dismiss(self, holder: Holder) -> None:
        """Say that this process leaves: it does not count from now on. No-op when it is not known."""
        ...
