"""Looking for sessions that nobody works on: see :meth:`sessions.ports.turns.Turns.sweep`."""

import asyncio

import structlog

from sessions.errors import StoreError, StoreUnavailable
from sessions.model import SessionId, SessionKey, WorkspaceId
from sessions.ports.turns import Claim, Work
from storage.redis.calls import packed, row, text
from storage.redis.turns import Turns
from storage.wellformed import mends_text

log = structlog.get_logger(__name__)


@mends_text
class Sweeping(Turns):
    """Every bucket is asked at once, and nothing is written there; then what was found is acquired."""

    async def sweep(self, claim: Claim, limit: int) -> tuple[Work, ...]:
        """See :meth:`sessions.ports.turns.Turns.sweep`.

        Looks into every bucket at once and writes nothing there; then takes what it found, one by one.
        What is taken is returned even if Redis is lost meanwhile: else nobody would run it while its
        lease lasts, and that would count as a take-over.
        """
        taken: list[Work] = []
        due = await self._due_sessions(claim, limit)
        for start in range(0, len(due), max(limit, 1)):
            if (wanted := limit - len(taken)) <= 0:
                break
            batch = due[start : start + wanted]
            tries = (self._try(key, claim) for key in batch)
            found = await asyncio.gather(*tries, return_exceptions=True)
            taken += [one for one in found if isinstance(one, Work)]
            failure = next((one for one in found if isinstance(one, BaseException)), None)
            if failure is not None:
                if not (taken and isinstance(failure, StoreUnavailable)):
                    raise failure
                log.warning("sweep.cut_short", taken=len(taken))
                break
        return tuple(taken)

    async def _due_sessions(self, claim: Claim, limit: int) -> list[SessionKey]:
        """The sessions that could be taken, longest waiting first."""
        args = packed(self._calls.clock, sorted(claim.platforms), max(4 * limit, 64))
        found: list[tuple[int, str, str]] = []
        for reply in await self._calls.run_all("due", [[key] for key in self._calls.keys.due()], args):
            if isinstance(reply, StoreError):
                raise reply
            for member in row(reply):
                _, since, workspace, session = text(member).split("\0")
                found.append((int(since), workspace, session))
        return [SessionKey(WorkspaceId(workspace), SessionId(id_)) for _, workspace, id_ in sorted(found)]

    async def _try(self, session: SessionKey, claim: Claim) -> Work | None:
        """Acquire it; damage to one session keeps no other waiting."""
        try:
            return await self.acquire(session, claim, None)
        except StoreUnavailable:
            raise
        except StoreError as damage:
            log.error("sweep.skipped", session=session.id, why=type(damage).__name__)  # noqa: TRY400
            return None
