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
    "numpy",
    "openai",
    "pathspec",
    "prompt_toolkit",
    "pydantic",
    "pypdf",
    "rich",
    "structlog",
    "tomllib",
    "wcwidth",
    "yaml",
)

PROGRAM = """
import sys
from cli.program import main
code = main(sys.argv[2].split())
print(*(name for name in sys.argv[1].split() if name in sys.modules), file=sys.stderr)
sys.exit(code)
"""


def imported(parley: Parley, command: str) -> tuple[str, set[str]]:
    """What a command prints, and what of the heavy modules it imports."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, " ".join(HEAVY), command],
        cwd=parley.folder,
        env=parley.environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return done.stdout, set(done.stderr.split())


def test_listing_sessions_imports_nothing_heavy(parley: Parley) -> None:
    parley("session", "start", "one")
    out, heavy = imported(parley, "session list")
    assert "one" in out
    assert heavy == set()


def test_a_prompt_imports_only_what_keeps_and_logs_it(parley: Parley) -> None:
    out, heavy = imported(parley, "hello --session a --history 2 --memory")
    assert "You said: hello" in out
    assert heavy == {"msgspec", "structlog"}
