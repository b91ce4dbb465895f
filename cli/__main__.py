"""Makes ``python -m cli`` the command ``parley``."""

from cli.entry import run

if __name__ == "__main__":
    run()
