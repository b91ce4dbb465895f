"""Asks before something is lost for good."""

import sys


async def is_sure(question: str, *, quietly: bool) -> bool:
    """Put the question and return whether the answer is yes; ``quietly``: standard output stays free.

    Ctrl-C ends the program also while it waits. The end of the input is no answer: raises EOFError.
    """
    from bots.terminal.lines import PipedLines

    to = sys.stderr if quietly else sys.stdout
    sure = await PipedLines(sys.stdin.fileno(), to).confirm(f"{question} (y/N): ")
    if sure is None:
        raise EOFError
    to.write("" if sys.stdin.isatty() else "\n")
    to.flush()
    return sure
