"""Logs on standard error: events with fields, for people as text or for machines as JSON."""

import io
import logging
import sys
from contextlib import suppress
from typing import TextIO, cast

import structlog

from bots.settings import Settings

_LIBRARIES = ("aiogram", "aiohttp", "discord", "httpx", "httpx2", "openai")


def configure(settings: Settings, level: str) -> None:
    """Write events of that level and above, unless PARLEY_LOG says another.

    Libraries of other people are heard from warnings on: their debug output quotes messages and
    addresses with tokens.
    """
    lowest = logging.getLevelNamesMapping()[(settings.log or level).upper()]
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _renderer(settings),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(lowest),
        logger_factory=structlog.PrintLoggerFactory(cast("TextIO", _Unbreakable(sys.stderr))),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(
        stream=sys.stderr, level=max(lowest, logging.WARNING), format="%(name)s %(message)s"
    )
    for name in _LIBRARIES:
        logging.getLogger(name).setLevel(max(lowest, logging.WARNING))


class _Unbreakable(io.TextIOBase):
    """Standard error, of which nobody minds when it is closed: no answer may fail for its log."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        with suppress(OSError, ValueError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with suppress(OSError, ValueError):
            self._stream.flush()


def _renderer(settings: Settings) -> structlog.typing.Processor:
    if settings.log_format == "json":
        return structlog.processors.JSONRenderer(ensure_ascii=False)
    return structlog.processors.KeyValueRenderer(key_order=["timestamp", "level", "event"])
