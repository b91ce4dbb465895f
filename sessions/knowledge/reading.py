"""From a file's bytes to its text: plain text, Markdown, code, HTML and PDF; anything else is refused."""

import codecs
import io
import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePath

from sessions.errors import UserError

READ_AS = "1"
"""Part of a document's digest: another one reads every document again."""

LARGEST = 20 * 1024 * 1024
"""Bytes of the largest file that is read."""

MOST_PAGES = 5_000
"""Pages of a PDF that are read."""

_LOOKED_AT = 8_192
_MARKDOWN = frozenset({".md", ".markdown", ".mdx", ".mkd"})
_HTML = frozenset({".html", ".htm", ".xhtml"})
_CODE_SUFFIXES = """
.py .pyi .js .mjs .cjs .jsx .ts .tsx .java .kt .kts .scala .go .rs .c .h .cc .cpp .cxx .hpp .hh
.cs .m .mm .swift .rb .php .pl .pm .lua .r .jl .ex .exs .erl .hs .ml .mli .fs .clj .cljs .el .lisp
.vim .sh .bash .zsh .fish .ps1 .sql .proto .graphql .tf .gradle .groovy .dart .zig .nim .v .sv
.vhd .css .scss .less .vue .svelte .cmake .mk
"""
_CODE = frozenset(_CODE_SUFFIXES.split())
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CHARSET = re.compile(rb"<meta[^>]{0,200}charset\s*=\s*[\"']?([\w.:-]{1,40})", re.IGNORECASE)
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f-\x84\x86-\x9f]")
_TITLE = re.compile(r"^\s{0,3}#\s+(.+?)\s*#*\s*$", re.MULTILINE)


class UnreadableError(UserError):
    """A file that cannot become a document; the text says why."""


class NoTextError(UnreadableError):
    """A file that is no text, or has none in it: in a folder there may be such."""


class Kind(StrEnum):
    """How a text is divided."""

    TEXT = "text"
    MARKDOWN = "markdown"
    CODE = "code"
    HTML = "html"
    PDF = "pdf"


@dataclass(frozen=True, slots=True)
class Reading:
    """A document's text, in its pages where it has some: one otherwise."""

    title: str
    kind: Kind
    pages: tuple[str, ...]


def read(name: str, data: bytes) -> Reading:
    """Read a file of that name. Raises UnreadableError. Takes seconds for a long PDF."""
    path = PurePath(name)
    suffix = path.suffix.lower()
    if data[:1024].lstrip().startswith(b"%PDF-"):
        return _read_pdf(path.name, data)
    text = decode(path.name, data, is_html=suffix in _HTML)
    if not text.strip():
        raise NoTextError(f"{path.name} has no text in it.")
    if suffix in _HTML or _looks_like_html(text):
        from sessions.knowledge.html import plain

        title, plain_text = plain(text)
        if not plain_text.strip():
            raise NoTextError(f"{path.name} is a web page without text of its own.")
        return Reading(title or path.name, Kind.HTML, (plain_text,))
    if suffix in _MARKDOWN:
        heading = _TITLE.search(text)
        return Reading(heading[1] if heading else path.name, Kind.MARKDOWN, (text,))
    return Reading(path.name, Kind.CODE if suffix in _CODE else Kind.TEXT, (text,))


def decode(name: str, data: bytes, *, is_html: bool = False) -> str:
    """Return the text, its line ends as line feeds. Raises NoTextError for what is none."""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return _lines(data.decode(encoding, errors="replace"))
    if b"\0" in data[:_LOOKED_AT]:
        raise NoTextError(f"{name} is no text, and no PDF.")
    for encoding in _encodings(data, is_html=is_html):
        try:
            text = data.decode(encoding)
        except (UnicodeDecodeError, LookupError):
            continue
        break
    else:
        text = data.decode("latin-1")
    sample = text[:_LOOKED_AT]
    if len(_UNPRINTABLE.findall(sample)) * 50 > len(sample):
        raise NoTextError(f"{name} is no text, and no PDF.")
    return _lines(_UNPRINTABLE.sub("", text))


def _encodings(data: bytes, *, is_html: bool) -> tuple[str, ...]:
    said = _CHARSET.search(data[:_LOOKED_AT]) if is_html else None
    return ("utf-8", said[1].decode(), "cp1252") if said else ("utf-8", "cp1252")


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _looks_like_html(text: str) -> bool:
    start = text[:512].lstrip().casefold()
    return start.startswith(("<!doctype html", "<html"))


def _read_pdf(name: str, data: bytes) -> Reading:
    from pypdf.errors import PyPdfError

    try:
        title, pages = _pdf_pages(name, data)
    except UnreadableError:
        raise
    except PyPdfError as error:
        raise UnreadableError(f"{name} is a PDF that cannot be read ({type(error).__name__}).") from error
    except Exception as error:  # a file from anywhere breaks a parser in any way
        raise UnreadableError(f"{name} is a damaged PDF ({type(error).__name__}).") from error
    if not any(map(str.strip, pages)):
        raise UnreadableError(f"{name} has no text, only pictures. Add a copy that went through OCR.")
    return Reading(title or name, Kind.PDF, pages)


def _pdf_pages(name: str, data: bytes) -> tuple[str, tuple[str, ...]]:
    import logging

    from pypdf import PdfReader

    # What it finds odd is of no use to whoever adds a document; what it cannot read raises.
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    reader = PdfReader(io.BytesIO(data))
    if reader.is_encrypted and not reader.decrypt(""):
        raise UnreadableError(f"{name} needs a password. Save a copy without one and add that.")
    if len(reader.pages) > MOST_PAGES:
        raise UnreadableError(f"{name} has more than {MOST_PAGES:,} pages. Divide it and add the parts.")
    pages = tuple(_UNPRINTABLE.sub("", page.extract_text()) for page in reader.pages)
    title = str(reader.metadata.title or "") if reader.metadata else ""
    return " ".join(title.split()), pages
