"""The program ``parley`` as a Typer application; each command has a module of its own."""

from typing import Annotated

import typer

from cli.routing import RootGroup
from cli.version import version_text

EPILOG = """\
\b
Examples:
  parley "What is Python?" --session learning
  cat notes.txt | parley "Summarize this." --session notes
  parley session list"""

app = typer.Typer(
    name="parley",
    cls=RootGroup,
    help="Named chat sessions for an AI assistant: in Telegram topics, Discord threads and the terminal.",
    epilog=EPILOG,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
    invoke_without_command=True,
    subcommand_metavar='COMMAND | "PROMPT"',
)


@app.callback()
def program(
    ctx: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Tell the version and end.")] = False,
) -> None:
    """Tell the version, or how to go on, when no command is given."""
    if ctx.invoked_subcommand is not None:
        return
    if version:
        typer.echo(f"parley {version_text()}")
        return
    typer.echo(ctx.get_help())
