"""Keeps the events of Parley off the screen of a program that did not ask for them."""

import logging

import structlog

_ROOMS = ("bots", "sessions", "storage")


def quiet_logs() -> None:
    """Send events to Python's own ``logging``, unless the program has set up structlog.

    They are there for who wants them: ``logging.getLogger("sessions")`` and its neighbours.
    """
    for room in _ROOMS:
        log = logging.getLogger(room)
        if not log.handlers:
            log.addHandler(logging.NullHandler())
    if structlog.is_configured():
        return
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.processors.format_exc_info,
            structlog.processors.KeyValueRenderer(key_order=["event"]),
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )
