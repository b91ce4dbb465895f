"""The command ``parley run``, what ``make run`` does: serve the bots that have a token, else chat."""

import typer

from bots.settings import load_here
from cli.options import Choice
from cli.plain_values import PlainCommand

app = typer.Typer(name="run", rich_markup_mode=None, pretty_exceptions_enable=False, add_completion=False)


@app.command("run", cls=PlainCommand)
def run() -> None:
    """Serve the bots that have a token; without one, open the terminal chat."""
    settings = load_here()
    if settings.telegram_token or settings.discord_token:
        from cli.serve import serve_bots

        serve_bots(Choice())
    else:
        from cli.chat import talk

        talk(Choice(), None)
