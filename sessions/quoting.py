"""Quotes what others wrote, so that nothing in it can be taken for words of ours."""


def quoted(text: str) -> str:
    """Return the text as a quotation in Markdown: no heading, number or speaker of ours can be forged.

    Whatever a reader may take for the end of a line counts as one.
    """
    return "\n".join(f"> {line}".rstrip() for line in text.strip().splitlines())
