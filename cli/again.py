"""How a prompt is asked again on the command line, where a chat says ``/retry``."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from bots.terminal.plain import one_line
from bots.terminal.presenters import Paper
from cli.options import LOCAL, Choice

_SAID = re.compile(r"(?:\b[Ss]end )?(?<!\S)/retry\b")
_RESUME = re.compile(r"(?<!\S)/workflow resume (\S+)")


@dataclass(slots=True)
class Again:
    """The command for it; the session becomes known when the prompt is accepted."""

    choice: Choice
    session: str = ""

    def command(self) -> str:
        """Return the whole command, as a shell takes it."""
        return self.line("ask --retry", {"--session": self.session})

    def line(self, command: str, options: Mapping[str, str | None]) -> str:
        """Return a command with those of the options that have a value, and with the same storage."""
        workspace = None if self.choice.workspace == LOCAL else self.choice.workspace
        given = {
            **options,
            "--storage-backend": _without_password(self.choice.backend or ""),
            "--storage-path": self.choice.path,
            "--workspace": workspace,
        }
        words = (f"{name} {quoted(value)}" for name, value in given.items() if value)
        return " ".join((f"parley {command}", *words))

    def explain(self, note: str) -> str:
        """Return a note to the person with that command in the place of ``/retry``; so for a run.

        The person is the one who runs it.
        """
        note = note.replace("Whoever runs this bot can check", "Check")
        note = note.replace("Check PARLEY_MODEL.", "Check --model or PARLEY_MODEL.")
        note = _RESUME.sub(lambda found: self.resume(found[1]), note)
        return _SAID.sub(lambda _: f"say “{self.command()}”", note)

    def resume(self, run: str) -> str:
        """Return the command that goes on with a run."""
        return self.line("workflow run", {"--resume": run})

    def explaining(self, paper: Paper) -> Paper:
        """Return a paper that explains what is written on it."""
        return _Explained(self, paper)


@dataclass(slots=True)
class _Explained:
    again: Again
    paper: Paper

    def write(self, text: str, /) -> None:
        self.paper.write(self.again.explain(text))

    def flush(self) -> None:
        self.paper.flush()


def _without_password(url: str) -> str:
    login, at, where = url.rpartition("@")
    user, colon, _ = login.partition("://")[2].partition(":")
    return f"{login.partition('://')[0]}://{user}:…@{where}" if at and colon else url


def quoted(value: str) -> str:
    """Return a value as a shell takes it behind an option."""
    import shlex  # as everything here: only where it is needed

    plain = one_line(value)
    return plain if re.fullmatch(r"[\w][\w@%+=:,./-]*", plain) else shlex.quote(plain)
