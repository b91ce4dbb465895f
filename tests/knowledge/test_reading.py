import pytest

from sessions.knowledge.reading import Kind, NoTextError, UnreadableError, read
from tests.knowledge.papers import PAGE, pdf


@pytest.mark.parametrize(
    "data",
    [
        "Grüße, 東京".encode(),
        "\ufeffGrüße, 東京".encode(),
        "Grüße, 東京".encode("utf-16"),
        "\ufeffGrüße, 東京".encode("utf-32-le"),
    ],
)
def test_text_is_read_in_the_encoding_it_has(data: bytes) -> None:
    assert read("note.txt", data).pages == ("Grüße, 東京",)


def test_old_text_is_read_too() -> None:
    assert read("note.txt", "Grüße “now”".encode("cp1252")).pages == ("Grüße “now”",)
    assert read("note.txt", b"one\r\ntwo\rthree").pages == ("one\ntwo\nthree",)


@pytest.mark.parametrize("data", [b"\x89PNG\r\n\x1a\n\x00\x00", bytes(range(256)) * 4, b"a\x00b"])
def test_what_is_no_text_is_refused(data: bytes) -> None:
    with pytest.raises(NoTextError, match=r"note\.bin is no text"):
        read("folder/note.bin", data)


@pytest.mark.parametrize("data", [b"", b" \n\t\n", b"<html><script>x()</script></html>"])
def test_what_has_no_text_is_refused(data: bytes) -> None:
    with pytest.raises(UnreadableError, match="text"):
        read("note.html", data)


def test_a_web_page_is_read_for_what_a_person_reads() -> None:
    reading = read("guide.html", PAGE.encode())
    assert (reading.title, reading.kind) == ("The & guide", Kind.HTML)
    assert reading.pages[0] == (
        "# Install\n\nRun the script, then wait.\n\n- one\n- two\n\n## Settings\n\na = 1\n      b = 2\n\n"
        "left right"
    )
    assert read("guide.txt", PAGE.encode()).kind is Kind.HTML
    latin = b'<meta charset="iso-8859-1"><p>caf\xe9</p>'
    assert read("guide.htm", latin).pages == ("café",)
    assert read("a.html", b"<html><head><title>T</title><p>Never closed").pages == ("Never closed",)


def test_markdown_and_code_are_told_apart() -> None:
    assert read("a/Guide.MD", b"intro\n\n# The guide #\n\ntext").title == "The guide"
    assert read("a/Guide.MD", b"text").kind is Kind.MARKDOWN
    assert read("a/turn.py", b"x = 1").kind is Kind.CODE
    assert read("Makefile", b"all:").kind is Kind.TEXT


def test_a_pdf_is_read_page_by_page() -> None:
    reading = read("paper.pdf", pdf("Of winter", "Of summer"))
    assert (reading.title, reading.kind) == ("paper.pdf", Kind.PDF)
    assert [page.strip() for page in reading.pages] == ["Of winter", "Of summer"]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (pdf("", ""), "only pictures"),
        (b"%PDF-1.7 and nothing else", "PDF"),
        (pdf("Of winter")[:200], "PDF"),
    ],
)
def test_a_pdf_that_cannot_be_read_says_why(data: bytes, words: str) -> None:
    with pytest.raises(UnreadableError, match=words):
        read("paper.pdf", data)
