import asyncio
import io
import os
from collections.abc import Iterator

import pytest

from bots.terminal.lines import PipedLines


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    reading, writing = os.pipe()
    yield reading, writing
    for descriptor in (reading, writing):
        try:
            os.close(descriptor)
        except OSError:
            continue


async def test_lines_come_one_by_one_and_the_last_needs_no_end(pipe: tuple[int, int]) -> None:
    reading, writing = pipe
    os.write(writing, "eins\r\n\nzw\xf6lf".encode())
    os.close(writing)
    lines = PipedLines(reading, io.StringIO())
    assert [await lines.read() for _ in range(4)] == ["eins", "", "zw\xf6lf", None]


async def test_waiting_for_a_line_holds_nothing_up(pipe: tuple[int, int]) -> None:
    reading, writing = pipe
    lines = PipedLines(reading, io.StringIO())
    waiting = asyncio.create_task(lines.read())
    await asyncio.sleep(0)
    assert not waiting.done()
    os.write(writing, b"at last\n")
    assert await waiting == "at last"


@pytest.mark.parametrize(
    ("answer", "sure"), [(b"y\n", True), (b"YES\n", True), (b"no\n", False), (b"", None)]
)
async def test_only_yes_is_yes(pipe: tuple[int, int], answer: bytes, sure: bool | None) -> None:
    reading, writing = pipe
    os.write(writing, answer)
    os.close(writing)
    assert await PipedLines(reading, io.StringIO()).confirm("Sure? ") is sure
