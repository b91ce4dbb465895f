import pytest

from cli.routing import Line, divide, suggestion


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["session", "list"], Line([], "session", ["list"], plain=False)),
        (["--json", "session", "list"], Line(["--json"], "session", ["list"], plain=False)),
        (
            ["--storage-path", "x", "--json", "list", "--all"],
            Line(["--storage-path", "x", "--json"], "list", ["--all"], plain=False),
        ),
        (["--session=a", "hi"], Line(["--session=a"], "hi", [], plain=False)),
        (["--json", "--", "-x", "--y"], Line(["--json"], "-x", ["--y"], plain=True)),
        (["-"], Line([], "-", [], plain=False)),
        (["--help"], Line(["--help"], None, [], plain=False)),
        (["--session"], Line(["--session"], None, [], plain=False)),
        ([], Line([], None, [], plain=False)),
    ],
)
def test_a_line_is_divided_at_its_first_word(words: list[str], line: Line) -> None:
    assert divide(words) == line


def test_a_misspelt_command_is_recognized() -> None:
    assert "parley session" in suggestion(["sesion", "list"])
    assert suggestion(["What", "is", "Python?"]) == ""
