"""Runs a command line and turns what it raises into words and an exit code."""

import sys
from contextlib import suppress

import typer

from bots.terminal.plain import one_line
from cli import output
from cli.main import app
from sessions.errors import InvalidName, ParleyError, SettingError, UsageError

DONE, FAILED, USAGE, INTERRUPTED = 0, 1, 2, 130


def main(words: list[str]) -> int:
    """Run a command line and return its exit code: 0 done, 1 failed or not found, 2 usage."""
    try:
        return _run(words)
    except BrokenPipeError:
        _leave_the_output()
    except OSError as error:
        _leave_the_output()
        with suppress(OSError):
            output.complain(f"The output cannot be written: {error.strerror or error}.")
    return FAILED


def _run(words: list[str]) -> int:
    try:
        code = typer.main.get_command(app).main(words, prog_name="parley", standalone_mode=False)
        sys.stdout.flush()
    except typer.TyperException as error:
        output.complain(error.format_message().rstrip(".") + "." + _hint(error, words))
        return USAGE
    except (InvalidName, UsageError, SettingError) as error:
        output.complain(_as_typed(str(error)))
        return USAGE
    except ParleyError as error:
        output.complain(_as_typed(str(error)))
        return FAILED
    except typer.Abort:
        output.complain(
            "The input ended before there was an answer: nothing was done. Say --yes to agree."
        )
        return FAILED
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception as error:
        if isinstance(error, OSError) and error.filename is None:
            raise  # of standard output: whatever else is opened has a name, or errors of its own
        output.complain(
            f"Something failed that should not: {type(error).__qualname__}. Please report it:"
        )
        _tell_where(error)
        return FAILED
    return code if isinstance(code, int) else DONE


def _as_typed(text: str) -> str:
    """Put the words that the commands advise as they are typed here; names in quotes stay."""
    import re  # only for a mistake

    text = text.replace("resume with “rebase”", "resume with --rebase")
    text = text.replace("“memory show”", "“parley memory show”")
    return re.sub(
        r"(\b(?:Say|say|with|and) )“((?:start|list|resume)(?: \d+)?)”", r"\1“parley session \2”", text
    )


def _hint(error: typer.TyperException, words: list[str]) -> str:
    """Say how a text that begins with a dash is given, where it was taken for an option."""
    option = getattr(error, "option_name", "")
    short = option.startswith("-") and not option.startswith("--")
    at = next((at for at, word in enumerate(words) if _is_from(word, option, short=short)), None)
    if not option or at is None:
        return ""
    import shlex

    line = shlex.join(("parley", *words[:at], *words[at + 1 :], "--", words[at]))
    return f" If it is a name or a prompt, put -- before it: {one_line(line)}"


def _is_from(word: str, option: str, *, short: bool) -> bool:
    """Whether the option was found in that word: ``-dash`` is read as ``-d -a -s -h``."""
    if short:
        return word.startswith("-") and not word.startswith("--") and option[1:] in word
    return word == option


def _tell_where(error: Exception) -> None:
    """Print the places that the error passed, without any text of a message or a key."""
    import traceback

    for frame in traceback.extract_tb(error.__traceback__):
        output.warn(f"  {frame.filename}:{frame.lineno} in {frame.name}")


def _leave_the_output() -> None:
    """Let the interpreter end without a word about the output that cannot be written."""
    import os

    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
