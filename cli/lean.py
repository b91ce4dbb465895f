"""Keeps out of a process what takes long to import and is used nowhere in it."""

import sys
from types import ModuleType
from typing import cast


def import_structlog() -> None:
    """Import structlog without rich, which takes longer than all the rest of it.

    It is there for coloured tracebacks, and those are printed nowhere here.
    """
    if "structlog" in sys.modules or "rich" in sys.modules:
        return
    sys.modules["rich"] = cast("ModuleType", None)  # says to the import system: there is none
    try:
        import structlog  # noqa: F401 - found in sys.modules from here on
    finally:
        del sys.modules["rich"]
