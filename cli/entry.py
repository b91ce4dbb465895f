"""The edge of the process: runs the program and turns what it raises into words and an exit code."""

import sys

import typer

from cli import output
from cli.main import app
from sessions.errors import InvalidName, ParleyError, SettingError, UsageError, UserError

DONE, FAILED, USAGE, INTERRUPTED = 0, 1, 2, 130


def run() -> None:
    """Run ``parley`` with the process's arguments and end the process."""
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")
    sys.exit(main(sys.argv[1:]))


def main(words: list[str]) -> int:
    """Run a command line and return its exit code: 0 done, 1 failed or not found, 2 usage."""
    try:
        code = typer.main.get_command(app).main(words, prog_name="parley", standalone_mode=False)
        sys.stdout.flush()
    except typer.TyperException as error:
        output.complain(_with_hint(error.format_message(), words))
        return error.exit_code
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
    except BrokenPipeError:
        sys.stderr.close()
        return FAILED
    return code if isinstance(code, int) else DONE


def _with_hint(message: str, words: list[str]) -> str:
    return message
