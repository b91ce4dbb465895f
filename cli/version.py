"""What version of Parley runs."""


def version_text() -> str:
    """Return the installed version."""
    from importlib.metadata import PackageNotFoundError, version  # slow to import, rarely asked for

    try:
        return version("parley")
    except PackageNotFoundError:
        return "(not installed)"
