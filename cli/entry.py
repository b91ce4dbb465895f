"""The process ``parley``: prepares the interpreter, runs the program, and ends."""

import gc
import io
import sys

_OBJECTS = 50_000
"""So many new ones are waited for before the collector looks: starting makes many and drops few."""


def run() -> None:
    """Run ``parley`` with the process's arguments and end the process."""
    gc.set_threshold(_OBJECTS)
    from cli.program import main

    for stream in (sys.stdin, sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    code = main(sys.argv[1:])
    gc.freeze()  # the process ends: searching all modules for garbage would take longer than a command
    sys.exit(code)
