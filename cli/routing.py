"""Where options may stand: anywhere. And what a first word means that is no command: a prompt."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, ClassVar

import typer

from bots.terminal.plain import one_line
from cli.piped import is_piped
from cli.plain_values import PlainGroup
from sessions.errors import UsageError

if TYPE_CHECKING:
    from typer._click import Command, Context, HelpFormatter

VALUED = frozenset(
    {
        "--storage-backend",
        "--storage-path",
        "--workspace",
        "--page",
        "--session",
        "--auto-save",
        "--history",
        "--fast-context",
        "--model",
        "--system",
        "--checkpoint",
        "--resume",
        "--var",
        "--folder",
        "--functions",
        "--from",
        "--format",
        "--output",
    }
)
"""The options that take the next word as their value."""

_OWN = frozenset({"--help", "--version"})
_LOGGING = frozenset({"ask", "chat", "serve", "run"})
"""The commands that run an engine, which writes logs."""


def suggestion(words: Sequence[str]) -> str:
    """Return what to say about words that look like a command without ``session``, or a misspelt one."""
    import difflib

    from sessions.commands import WORDS

    known = {word: f"session {word}" for word in WORDS} | {name: name for name in RootGroup.modules}
    near = difflib.get_close_matches(words[0].casefold(), known, 1, 0.8)
    if not near:
        return ""
    meant = " ".join(("parley", known[near[0]], *map(_quoted, words[1:])))
    return f"There is no command “{one_line(words[0])}”. Did you mean: {meant}?"


def _quoted(word: str) -> str:
    from cli.again import quoted

    return quoted(word)


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
        if line.word not in self.commands and not line.plain:
            raise UsageError(self._unknown(ctx, line.word))
        return super().parse_args(ctx, [line.word, *line.leading, *line.rest])

    def _unknown(self, ctx: "Context", word: str) -> str:
        import difflib

        near = difflib.get_close_matches(word.casefold(), self.commands, 1)
        hint = f" Did you mean: {ctx.command_path} {near[0]}?" if near else ""
        return (
            f"There is no command “{one_line(word)[:32]}” of {ctx.command_path}.{hint} "
            f"There are: {', '.join(self.list_commands(ctx))}."
        )


class RootGroup(PlainGroup):
    """The program: imports a command only when it is given, and takes any other word for a prompt."""

    modules: ClassVar[Mapping[str, str]] = {
        "session": "cli.session",
        "memory": "cli.memory",
        "workflow": "cli.workflow",
        "checkpoint": "cli.checkpoint",
        "knowledge": "cli.knowledge",
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
            if _OWN.issuperset(args) and (args or not is_piped()):
                return super().parse_args(ctx, args)
            return super().parse_args(ctx, ["ask", *args])
        if not line.plain and line.word == "help" and not line.rest:
            return super().parse_args(ctx, ["--help"])
        if not line.plain and line.word in self.modules:
            return super().parse_args(ctx, [line.word, *line.leading, *line.rest])
        if not line.plain and divide(line.rest).word is None:
            meant = suggestion([line.word])
            if meant:
                raise UsageError(f"{meant} To ask the model: parley ask {_quoted(line.word)}")
        prompt = ["--", line.word] if line.plain else [line.word]
        return super().parse_args(ctx, ["ask", *line.leading, *prompt, *line.rest])

    def get_command(self, ctx: "Context", cmd_name: str) -> "Command | None":
        """Import the command's module."""
        module = self.modules.get(cmd_name)
        if cmd_name in _LOGGING:
            from cli.lean import import_structlog

            import_structlog()
        return typer.main.get_command(import_module(module).app) if module else None

    def list_commands(self, ctx: "Context") -> list[str]:
        """Name the commands, in the order of the help page."""
        return list(self.modules)

    def format_options(self, ctx: "Context", formatter: "HelpFormatter") -> None:
        """Show the options of prompts too, which are what is said most."""
        super().format_options(ctx, formatter)
        ask = self.get_command(ctx, "ask")
        records = [param.get_help_record(ctx) for param in ask.get_params(ctx)] if ask else []
        with formatter.section("Options of a prompt, before or after it"):
            formatter.write_dl([one for one in records if one and one[0].startswith("-")])
