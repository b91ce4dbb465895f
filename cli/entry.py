"""The process ``parley``: prepares the interpreter, runs the program, and ends."""

import gc
import io
import os
import sys

_OBJECTS = 50_000
"""So many new ones are waited for before the collector looks: starting makes many and drops few."""


def run() -> None:
    """Run ``parley`` with the process's arguments and end the process."""
    gc.set_threshold(_OBJECTS)
    _prepare_streams()
    from cli.program import main

    code = main(sys.argv[1:])
    gc.freeze()  # the process ends: searching all modules for garbage would take longer than a command
    sys.exit(code)


def _prepare_streams() -> None:
    """Let no text fail to be printed, and put nothing in the place of a stream that was closed."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_RDWR), mode))
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
