"""``--fast-context``: the code of a folder that fits the prompt, for that prompt only."""

from tests.specification.conftest import Page


def test_the_fitting_code_of_a_folder_is_in_the_prompt(page: Page) -> None:
    source = page.inside.folder / "src"
    source.mkdir()
    (source / "login.py").write_text("def check_password(given):\n    return given == 'x'\n")
    (source / ".env").write_text("TOKEN=very-secret\n")
    page.models.answer = lambda _: "Fine."
    words = ("Review check_password", "--session", "pr-review-123")
    result = page.answered(*words, "--fast-context", "./src")
    assert result.out.startswith("📂 Session: pr-review-123 (1 message)\n📁 Fast context: src\n\n")
    assert "def check_password(given):" in page.asked[-1][1]
    assert "very-secret" not in page.asked[-1][1]
    assert page.asked[-1][1].endswith("Review check_password")
    page.answered("What about security concerns?", "--session", "pr-review-123")
    assert "def check_password" not in str(page.asked)
