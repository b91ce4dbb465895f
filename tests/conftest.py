"""What every test leaves as it was."""

import logging
import signal
from collections.abc import Iterator

import pytest
import structlog


def pytest_configure() -> None:
    """Let Ctrl-C reach the programs that tests start, also where a shell started us to ignore it."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def logs_as_they_were() -> Iterator[None]:
    """Undo what a command that ran inside the test's process said about logs."""
    handlers = list(logging.root.handlers)
    yield
    structlog.reset_defaults()
    for handler in logging.root.handlers[:]:
        if handler not in handlers and type(handler) is logging.StreamHandler:
            logging.root.removeHandler(handler)
