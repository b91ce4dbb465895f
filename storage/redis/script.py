"""A Lua program as the client runs it."""

import hashlib
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Script:
    """One Lua program; ``sha`` is the hex form of its SHA-1, as EVALSHA takes it."""

    name: str
    text: bytes
    sha: bytes

    @classmethod
    def of(cls, name: str, text: bytes) -> "Script":
        """Make the script of that text."""
        # Redis itself names scripts by SHA-1: https://redis.io/docs/latest/commands/evalsha/
        return cls(name, text, hashlib.sha1(text, usedforsecurity=False).hexdigest().encode())
