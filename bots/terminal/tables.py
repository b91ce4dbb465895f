"""Box tables, drawn by hand: a drawing library takes longer to import than the whole command."""

from collections.abc import Sequence

from bots.terminal.plain import one_line, pad, width


def draw(header: Sequence[str], rows: Sequence[Sequence[str]], least: Sequence[int]) -> str:
    """Return the table; column ``n`` is at least ``least[n]`` wide and grows with its contents."""
    lines = [tuple(one_line(cell) for cell in row) for row in (header, *rows)]
    widths = [max(low, *(width(line[n]) for line in lines)) for n, low in enumerate(least)]
    drawn = [_line(line, widths) for line in lines]
    return "\n".join(
        (_rule("┌┬┐", widths), drawn[0], _rule("├┼┤", widths), *drawn[1:], _rule("└┴┘", widths))
    )


def properties(rows: Sequence[tuple[str, str]]) -> str:
    """Return a table of properties and values."""
    return draw(("Property", "Value"), rows, (19, 26))


def _rule(corners: str, widths: Sequence[int]) -> str:
    left, middle, right = tuple(corners)
    return left + middle.join("─" * (columns + 2) for columns in widths) + right


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = (f" {pad(cell, columns)} " for cell, columns in zip(cells, widths, strict=True))
    return "│" + "│".join(padded) + "│"
