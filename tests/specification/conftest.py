"""The command line as the page uses it, with a model behind HTTP."""

import asyncio
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread

import pytest

from tests.cli.conftest import ParleyInside, Result, clean_environment
from tests.emulators.openai import ModelServer

_FIGURE = re.compile(r"\d[\d,.:-]*(?: \d\d:[\d:]*| [KM]?B\b)?")
_TABLE = ("│", "┌", "├", "└", "╭", "╰")


@dataclass
class Page:
    """Runs commands in this process; the model answers with what was put in ``models`` before."""

    inside: ParleyInside
    models: ModelServer

    def __call__(self, *words: str, said: str = "", **settings: str) -> Result:
        return self.inside(*words, said=said, **{**model_settings(self.models), **settings})

    def answered(self, *words: str, said: str = "") -> Result:
        """Run a command that has to succeed and to complain about nothing."""
        result = self(*words, said=said)
        assert (result.code, result.error) == (0, ""), result.error
        return result

    @property
    def asked(self) -> list[tuple[str, str]]:
        """Role and text of each message of the newest request."""
        return self.models.requests[-1].said


def model_settings(models: ModelServer) -> dict[str, str]:
    return {"OPENAI_BASE_URL": models.base_url, "OPENAI_API_KEY": "sk-test", "PARLEY_MODEL": "gpt-4"}


def shape(page: str) -> list[tuple[str, int]]:
    """The lines of a page without its figures; of a table's, how wide they are."""
    return [
        (
            re.sub(" +", " ", _FIGURE.sub("#", line)),
            len(line) if line.startswith(_TABLE) else 0,
        )
        for line in page.splitlines()
    ]


@contextmanager
def serving() -> Iterator[ModelServer]:
    """Serve a model from a thread: the command line has this one's event loop for itself."""
    ready, done = Event(), Event()
    found: list[ModelServer] = []

    async def serve() -> None:
        async with ModelServer.start() as server:
            found.append(server)
            ready.set()
            await asyncio.to_thread(done.wait)

    thread = Thread(target=asyncio.run, args=(serve(),), name="models")
    thread.start()
    assert ready.wait(20)
    try:
        yield found[0]
    finally:
        done.set()
        thread.join()


@pytest.fixture
def models() -> Iterator[ModelServer]:
    with serving() as server:
        yield server


@pytest.fixture
def inside(tmp_path: Path) -> ParleyInside:
    return ParleyInside(tmp_path, clean_environment(tmp_path))


@pytest.fixture
def page(inside: ParleyInside, models: ModelServer) -> Page:
    return Page(inside, models)
