"""A web page as text: its headings marked as in Markdown, without what is not for reading."""

import re
from html.parser import HTMLParser

_SILENT = frozenset(
    {
        "script",
        "style",
        "noscript",
        "template",
        "svg",
        "math",
        "iframe",
        "object",
        "head",
        "nav",
        "select",
    }
)
_BLOCK_TAGS = """
address article aside blockquote dd details div dl dt figcaption figure footer form h1 h2 h3 h4 h5
h6 header hr li main ol p pre section summary table tr ul
"""
_BLOCKS = frozenset(_BLOCK_TAGS.split())
_LINES = frozenset({"li", "tr", "dd", "dt"})
_VOID = frozenset({"br", "hr", "img", "input", "meta", "link", "col", "source", "wbr"})
_RUN = re.compile(r"[\s\u00a0]+")
_GAPS = re.compile(r"\n{3,}")


def plain(page: str) -> tuple[str, str]:
    """Return the page's title and its text."""
    reader = _Reader()
    reader.feed(page)
    reader.close()
    text = _GAPS.sub("\n\n", "".join(reader.parts))
    lines = (line if line.startswith("    ") else line.strip() for line in text.split("\n"))
    return " ".join(reader.title.split()), _GAPS.sub("\n\n", "\n".join(lines)).strip()


class _Reader(HTMLParser):
    """Collects text; ``parts`` has it with line feeds between blocks."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.title = ""
        self._silent: list[str] = []
        self._verbatim = 0
        self._in_title = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """A block begins on a line of its own."""
        if tag == "body" or (tag in _BLOCKS and self._silent == ["head"]):
            self._silent.clear()  # a head that was never closed
        if tag == "title":
            self._in_title = True
        elif tag in _SILENT:
            self._silent.append(tag)
        elif tag == "br":
            self._put("\n")
        elif tag in ("td", "th"):
            self._put(" ")
        elif tag in _BLOCKS:
            self._begin_block(tag)

    def handle_endtag(self, tag: str) -> None:
        """What is for reading goes on behind the end of what is not."""
        if tag == "title":
            self._in_title = False
        elif tag in self._silent:
            while self._silent.pop() != tag:
                pass
        elif tag == "pre":
            self._verbatim = max(0, self._verbatim - 1)
            self._put("\n\n")
        elif tag in _BLOCKS and tag not in _VOID:
            self._put("\n" if tag in _LINES else "\n\n")

    def handle_data(self, data: str) -> None:
        """Text, with runs of white space as one space unless it is verbatim."""
        if self._in_title:
            self.title += data
        elif self._verbatim:
            self._put(data.replace("\n", "\n    ") if data.strip() else data)
        else:
            text = _RUN.sub(" ", data)
            if self.parts and self.parts[-1].endswith(("\n", " ")):
                text = text.lstrip()
            self._put(text)

    def _begin_block(self, tag: str) -> None:
        self._put("\n" if tag in _LINES else "\n\n")
        if len(tag) == 2 and tag[0] == "h" and tag[1].isdigit():
            self._put("#" * int(tag[1]) + " ")
        elif tag == "li":
            self._put("- ")
        elif tag == "pre":
            self._verbatim += 1

    def _put(self, text: str) -> None:
        if text and not self._silent:
            self.parts.append(text)
