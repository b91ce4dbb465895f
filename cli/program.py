"""Runs a command line and turns what it raises into words and an exit code."""

import sys

import typer

from cli import output
from cli.main import app
from sessions.errors import InvalidName, ParleyError, SettingError, UsageError

DONE, FAILED, USAGE, INTERRUPTED = 0, 1, 2, 130


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
    except Exception as error:  # noqa: BLE001 - the edge of the process
        output.complain(
            f"Something failed that should not: {type(error).__qualname__}. Please report it:"
        )
        _tell_where(error)
        return FAILED
    return code if isinstance(code, int) else DONE


def _hint(error: typer.TyperException, words: list[str]) -> str:
    """Say how a text that begins with a dash is given, where it was taken for an option."""
    option = getattr(error, "option_name", "")
    if not option or option.startswith("--") or option not in words:
        return ""
    line = " ".join(("parley", *words[: words.index(option)], "--", option))
    return f" If it is a name or a prompt, put -- before it: {line}"


def _tell_where(error: Exception) -> None:
    """Print the places that the error passed, without any text of a message or a key."""
    import traceback

    for frame in traceback.extract_tb(error.__traceback__):
        output.warn(f"  {frame.filename}:{frame.lineno} in {frame.name}")


def _leave_the_pipe() -> None:
    """Let the interpreter end without a word about the output that nobody reads any more."""
    import os

    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
