import subprocess
import sys

from tests.cli.conftest import Parley

HEAVY = (
    "aiogram",
    "aiohttp",
    "discord",
    "dotenv",
    "email",
    "importlib.metadata",
    "msgspec",
    "openai",
    "prompt_toolkit",
    "pydantic",
    "rich",
    "structlog",
    "tomllib",
    "wcwidth",
)

PROGRAM = """
import sys
from cli.entry import main
code = main(["session", "list"])
print(*(name for name in sys.argv[1:] if name in sys.modules), file=sys.stderr)
sys.exit(code)
"""


def test_listing_sessions_imports_nothing_heavy(parley: Parley) -> None:
    parley("session", "start", "one")
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *HEAVY],
        cwd=parley.folder,
        env=parley.environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert "one" in done.stdout
    assert done.stderr.split() == []
