"""What goes through patience is done in the end."""

from itertools import islice

from bots.patience import until_stored, waits
from sessions.errors import StoreUnavailable


def test_pauses_grow_to_their_limit() -> None:
    pauses = list(islice(waits(1.0, 8.0), 6))
    for pause, full in zip(pauses, (1.0, 2.0, 4.0, 8.0, 8.0, 8.0), strict=True):
        assert 0.75 * full <= pause <= full


async def test_a_store_that_is_away_is_asked_again() -> None:
    away = [StoreUnavailable("away"), StoreUnavailable("again")]

    async def ask() -> str:
        if away:
            raise away.pop()
        return "there"

    assert await until_stored(ask, 0.01) == "there"
    assert not away
