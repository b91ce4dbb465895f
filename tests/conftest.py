"""What every test leaves as it was."""

import logging
import os
import signal
from collections.abc import Iterator

import hypothesis
import pytest
import structlog

hypothesis.settings.register_profile("usual", max_examples=40, deadline=None)


def pytest_configure() -> None:
    """Let Ctrl-C reach what tests start, also where a shell had us ignore it; try usual numbers."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if "PARLEY_THOROUGH" not in os.environ:
        hypothesis.settings.load_profile("usual")


@pytest.fixture(autouse=True)
def logs_as_they_were() -> Iterator[None]:
    """Undo what a command that ran inside the test's process said about logs."""
    handlers = list(logging.root.handlers)
    yield
    structlog.reset_defaults()
    for handler in logging.root.handlers[:]:
        if handler not in handlers and type(handler) is logging.StreamHandler:
            logging.root.removeHandler(handler)
