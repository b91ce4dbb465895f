"""What is never taken down."""

import pytest

from sessions.facts.secrecy import looks_secret


@pytest.mark.parametrize(
    "text",
    [
        "the password is hunter2",
        "my PIN: 4711",
        "API key = abc",
        "das Passwort lautet geheim",
        "uses sk-abcdefghijklmnop1234",
        "ghp_abcdefghijklmnopqrst0123456789",
        "bot 123456789:AAabcdefghijklmnopqrstuvwxyz0123456",
        "-----BEGIN RSA PRIVATE KEY-----",
        "postgres://ada:pw@host/db",
        "pays with 4111 1111 1111 1111",
        "x 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b",
    ],
)
def test_secrets_are_recognized(text: str) -> None:
    assert looks_secret(text)


@pytest.mark.parametrize(
    "text",
    [
        "likes tea",
        "works in Berlin since 2024-05-01",
        "forgets passwords all the time",
        "uses a password manager",
        "the docs are in /srv/projects/parley/2024/docs/settings.md",
        "phone +49 30 1234567",
        "Donaudampfschifffahrtsgesellschaft is a client",
    ],
)
def test_other_things_are_none(text: str) -> None:
    assert not looks_secret(text)
