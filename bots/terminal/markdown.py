"""A model's Markdown for a terminal: styled, and nothing of it hidden."""

from collections.abc import Iterable
from typing import ClassVar

from markdown_it import MarkdownIt
from markdown_it.token import Token
from rich.console import Console, ConsoleOptions, JustifyMethod, RenderableType, RenderResult
from rich.markdown import CodeBlock, Heading, Markdown, MarkdownElement
from rich.syntax import Syntax
from rich.text import Text
from rich.theme import Theme

from bots.terminal.plain import printable

THEME = Theme({"markdown.code": "bold cyan", "markdown.code_block": "none"}, inherit=True)
"""Colours that can be read on a dark and on a light ground."""

_CODE_COLOURS = "ansi_dark"
_FENCE = "dim"


def rendered(text: str) -> RenderableType:
    """Return the text for a rich console with :data:`THEME`.

    Fences and backticks stay around code. HTML, and the addresses of links and pictures, are shown as
    text. A line end of the model's is one.
    """
    parser = MarkdownIt().enable(["strikethrough", "table"]).disable(["html_block", "html_inline"])
    page = _Page("", code_theme=_CODE_COLOURS, hyperlinks=False)
    page.parsed = list(_legible(parser.parse(printable(text))))
    return page


def _legible(tokens: Iterable[Token]) -> Iterable[Token]:
    for token in tokens:
        token.content = printable(token.content)
        if token.children:
            token.children = list(_legible(token.children))
        match token.type:
            case "code_inline":
                token.content = f"{token.markup}{token.content}{token.markup}"
            case "softbreak":
                token.type = "hardbreak"
            case "image":
                address = printable(str(token.attrs.get("src", "")))
                shown = f"![{token.content}]({address})"
                yield Token("text", "", 0, content=shown)
                continue
        yield token


class _Code(CodeBlock):
    """Code between its fences."""

    @classmethod
    def create(cls, markdown: Markdown, token: Token) -> "_Code":
        language = token.info.strip()
        made = cls(language.partition(" ")[0] or "text", markdown.code_theme)
        made.opening, made.closing = f"{token.markup}{language}", token.markup
        return made

    opening: str
    closing: str

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        if self.opening:
            yield Text(self.opening, _FENCE)
        code = str(self.text).rstrip("\n")
        if code:
            yield Syntax(
                code, self.lexer_name, theme=self.theme, word_wrap=True, background_color="default"
            )
        if self.closing:
            yield Text(self.closing, _FENCE)


class _Heading(Heading):
    """A heading at the left."""

    LEVEL_ALIGN: ClassVar[dict[str, JustifyMethod]] = {}


class _Page(Markdown):
    elements: ClassVar[dict[str, type[MarkdownElement]]] = {
        **Markdown.elements,
        "fence": _Code,
        "code_block": _Code,
        "heading_open": _Heading,
    }
