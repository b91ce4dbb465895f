"""The functions that steps of workflows may call: those of one Python module, which is trusted code."""

import inspect
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from sessions.errors import SettingError


def load_functions(module: str) -> dict[str, Callable[..., object]]:
    """Import the module, also from the working directory, and return its public functions by name.

    Those that it imported itself do not count, unless its ``__all__`` names them. Raises SettingError.
    """
    if not module:
        return {}
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.append(here)
    try:
        found = import_module(module)
    except Exception as error:
        raise SettingError(
            f"The module “{module}” with the functions of workflows cannot be imported "
            f"({type(error).__qualname__}: {error}). Give the name of one that can: my_company.steps"
        ) from error
    named = getattr(found, "__all__", None)
    functions: dict[str, Callable[..., object]] = {
        name: one
        for name, one in inspect.getmembers(found, inspect.isfunction)
        if (name in named if named is not None else _is_public(name, one, found.__name__))
    }
    if not functions:
        raise SettingError(f"The module “{module}” has no functions that steps could call.")
    return functions


def _is_public(name: str, function: Callable[..., object], module: str) -> bool:
    return not name.startswith("_") and function.__module__ == module
