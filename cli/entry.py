"""The edge of the process: runs the program and turns what it raises into words and an exit code."""

import gc
import io
import sys

import typer

from cli import output
from cli.main import app
from sessions.errors import InvalidName, ParleyError, SettingError, UsageError

DONE, FAILED, USAGE, INTERRUPTED = 0, 1, 2, 130


def run() -> None:
    """Run ``parley`` with the process's arguments and end the process."""
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    code = main(sys.argv[1:])
    gc.freeze()  # the process ends: searching all modules for garbage would take longer than a command
    sys.exit(code)


def main(words: list[str]) -> int:
    """Run a command line and return its exit code: 0 done, 1 failed or not found, 2 usage."""
    try:
        code = typer.main.get_command(app).main(words, prog_name="parley", standalone_mode=False)
        sys.stdout.flush()
    except typer.TyperException as error:
        output.complain(error.format_message() + _hint(error, words))
        return USAGE
    except (InvalidName, UsageError, SettingError) as error:
        output.complain(str(error))
        return USAGE
    except ParleyError as error:
        output.complain(str(error))
        return FAILED
    except typer.Abort:
        output.complain(
            "The input ended before there was an answer: nothing was done. Say --yes to agree."
        )
        return FAILED
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        _leave_the_pipe()
        return FAILED
    return code if isinstance(code, int) else DONE


def _hint(error: typer.TyperException, words: list[str]) -> str:
    """Say how a text that begins with a dash is given, where it was taken for an option."""
    option = getattr(error, "option_name", "")
    if not option or option.startswith("--") or option not in words:
        return ""
    line = " ".join(("parley", *words[: words.index(option)], "--", option))
    return f" If it is a name or a prompt, put -- before it: {line}"


def _leave_the_pipe() -> None:
    """Let the interpreter end without a word about the output that nobody reads any more."""
    import os

    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
