"""Failures that nobody foresaw: logged without any text of a person, and named by an id."""

import sys
import traceback
from uuid import uuid4

import structlog

log = structlog.get_logger()


def report(event: str, **fields: object) -> str:
    """Log the exception being handled and return the id under which a person may ask about it.

    Only its type and the places it passed are written: an exception's own text may quote messages,
    keys or addresses.
    """
    incident = uuid4().hex[:8]
    kind, error, _ = sys.exc_info()
    frames = traceback.extract_tb(error.__traceback__) if error else []
    log.error(
        event,
        incident=incident,
        error=kind.__qualname__ if kind else "",
        at=" < ".join(f"{frame.filename}:{frame.lineno}:{frame.name}" for frame in reversed(frames)),
        **fields,
    )
    return incident
