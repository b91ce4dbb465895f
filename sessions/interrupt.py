"""A switch that ends a block of code from outside: a person's stop, a lost lease."""

import asyncio
from types import TracebackType


class Interrupt:
    """Trip it, and the guarded block ends where it awaits; a block entered later ends likewise."""

    def __init__(self) -> None:
        self.tripped = False
        self._guards: list[_Guard] = []

    def trip(self) -> None:
        """End what is guarded. Repeating it is a no-op."""
        self.tripped = True
        for guard in self._guards:
            guard.end()

    def guard(self) -> "_Guard":
        """Make a context whose block the switch ends; look at :attr:`tripped` afterwards."""
        return _Guard(self.tripped, self._guards)


class _Guard:
    # A timeout scope is the one construct of asyncio that cancels a block and nothing around it.
    def __init__(self, tripped: bool, guards: list["_Guard"]) -> None:
        self._scope = asyncio.timeout(0 if tripped else None)
        self._guards = guards

    def end(self) -> None:
        if not self._scope.expired():
            self._scope.reschedule(asyncio.get_running_loop().time())

    async def __aenter__(self) -> None:
        self._guards.append(self)
        await self._scope.__aenter__()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        self._guards.remove(self)
        try:
            await self._scope.__aexit__(kind, error, trace)
        except TimeoutError:
            return True
        return False
