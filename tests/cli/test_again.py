from cli.again import Again
from cli.options import Choice


def test_the_command_to_ask_again_shows_no_password() -> None:
    shown = Again(Choice("redis://ada:hun:ter2@host:6379/0"), "a").command()
    assert shown == "parley ask --retry --session a --storage-backend 'redis://ada:…@host:6379/0'"
    for kept in ("sqlite", "redis://host", "redis://ada@host"):
        assert kept in Again(Choice(kept), "a").command()
