"""Where options may stand: anywhere. And what a first word means that is no command: a prompt."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, ClassVar

import typer

from cli.plain_values import PlainGroup
from sessions.errors import UsageError

if TYPE_CHECKING:
    from typer._click import Command, Context

VALUED = frozenset({"--storage-backend", "--storage-path", "--workspace", "--session", "--page"})
"""The options that take the next word as their value."""

_OWN = frozenset({"--help", "--version"})


def suggestion(words: Sequence[str]) -> str:
    """Return what to say about words that look like a misspelt command; "" if they do not."""
    import difflib

    near = difflib.get_close_matches(words[0], RootGroup.modules, 1, 0.8)
    return f"There is no command “{words[0]}”. Did you mean: parley {near[0]}?" if near else ""


@dataclass(frozen=True)
class Line:
    """A command line, divided at its first word. ``plain``: that word stands behind ``--``."""

    leading: list[str]
    word: str | None
    rest: list[str]
    plain: bool


def divide(words: Sequence[str]) -> Line:
    """Find the first word that is neither an option nor an option's value."""
    at = 0
    while at < len(words) and words[at].startswith("-") and words[at] not in ("-", "--"):
        at += 2 if words[at] in VALUED else 1
    leading, rest = list(words[:at]), list(words[at:])
    plain = rest[:1] == ["--"]
    if plain:
        del rest[0]
    return Line(leading, rest[0] if rest else None, rest[1:], plain)


class AnywhereGroup(PlainGroup):
    """A group whose commands' options may stand before the command."""

    def parse_args(self, ctx: "Context", args: list[str]) -> list[str]:
        """Move leading options behind the command; without a command they are the group's own."""
        line = divide(args)
        if line.word is None:
            return super().parse_args(ctx, args)
        return super().parse_args(ctx, [line.word, *line.leading, *line.rest])


class RootGroup(PlainGroup):
    """The program: imports a command only when it is given, and takes any other word for a prompt."""

    modules: ClassVar[Mapping[str, str]] = {
        "session": "cli.session",
        "workspace": "cli.workspace",
        "chat": "cli.chat",
        "serve": "cli.serve",
        "run": "cli.run",
        "ask": "cli.ask",
    }
    """Where the commands are, in the order of the help page."""

    def parse_args(self, ctx: "Context", args: list[str]) -> list[str]:
        """Lead to the command that is named, or to ``ask`` with the prompt."""
        line = divide(args)
        if line.word is None:
            if args and args[0].startswith("--") and not _OWN.issuperset(args):
                raise UsageError('What to do? Say a command, or a prompt: parley "What is Python?"')
            return super().parse_args(ctx, args)
        if not line.plain and line.word == "help" and not line.rest:
            return super().parse_args(ctx, ["--help"])
        if not line.plain and line.word in self.modules:
            return super().parse_args(ctx, [line.word, *line.leading, *line.rest])
        prompt = ["--", line.word] if line.plain else [line.word]
        return super().parse_args(ctx, ["ask", *line.leading, *prompt, *line.rest])

    def get_command(self, ctx: "Context", cmd_name: str) -> "Command | None":
        """Import the command's module."""
        module = self.modules.get(cmd_name)
        return typer.main.get_command(import_module(module).app) if module else None

    def list_commands(self, ctx: "Context") -> list[str]:
        """Name the commands, in the order of the help page."""
        return list(self.modules)
