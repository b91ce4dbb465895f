"""Keys and scripts that no other test uses."""

import secrets

from storage.redis.script import Script


def fresh(name: str = "key") -> bytes:
    """A new key; ``name`` may hold a hash tag."""
    return f"parley-client:{name}:{secrets.token_hex(8)}".encode()


def new_script(text: bytes = b"return ARGV[1]") -> Script:
    """A script that no server knows."""
    return Script.of("new", b"-- " + secrets.token_hex(8).encode() + b"\n" + text)
