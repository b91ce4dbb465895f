"""Whether a person asks for something to be remembered, in English or German."""

import re

_LONGEST = 1_000
"""Of a longer message only the first line can ask: the rest is rather what it is about."""

_OPENING = r"(?:(?:hey|hi|hello|ok|okay|and|also|so|now|hallo|und|auch|@\w+)[ ,:]+){0,3}"
_YOU = r"(?:can|could|would|will) you "
_CALLS_MIND = r"(?:remember|memori[sz]e|keep in mind|take note|note down)"
_OBJECT = (
    r"(?=:|,|\s+(?:for (?:later|next time|the future|me)"
    r"|that|this|these|the following|my|our|i|i['\u2019]m|we|we['\u2019]re|it)\b)"
)
_ENGLISH = (
    rf"(?:please,? {_CALLS_MIND}\b(?! (?:when|how|who|why|where)\b)"
    rf"|{_YOU}please {_CALLS_MIND}\b"
    rf"|{_YOU}{_CALLS_MIND} (?:that|this)\b"
    rf"|{_CALLS_MIND}{_OBJECT}"
    rf"|(?:please )?(?:do not|don['\u2019]t|never) forget{_OBJECT}"
    rf"|(?:please )?(?:save|add|put|store) .{{1,200}}? (?:to|in|into) (?:your )?memory\b)"
)
_GERMAN = (
    r"(?:(?:bitte )?merke? dir\b|(?:kannst|könntest|würdest) du dir\b.{1,200}?\bmerken\b"
    r"|(?:bitte )?(?:denke? daran|vergiss (?:bitte )?nicht),? dass\b)"
)
_THAT = r"(?:[ ,:]*\b(?:please|bitte|that|this|dass|folgendes|the following)\b)*[ ,:]*"
_REQUEST = re.compile(rf"{_OPENING}(?:{_ENGLISH}|{_GERMAN}){_THAT}", re.IGNORECASE)
_POLITE = re.compile(rf"{_OPENING}(?:{_YOU}|please\b|(?:kannst|könntest|würdest) du\b)", re.IGNORECASE)
_SENTENCE = re.compile(r"[^.!?\n]+(?:[.!?](?!\s|$)[^.!?\n]*)*[.!?]*")
_FENCED = re.compile(r"^```.*?(?:^```|\Z)", re.DOTALL | re.MULTILINE)
_QUOTED = re.compile(r"^\s*>.*$", re.MULTILINE)
_APPENDED = re.compile(r"^---.*\Z", re.DOTALL | re.MULTILINE)


def asks_to_remember(text: str) -> bool:
    """Whether a sentence of the person's own words asks for it; rather no than yes.

    Quotations, code, and what stands below a line of dashes are not the person's own words. A question
    such as “Remember that movie?” asks for nothing.
    """
    return any(_is_request(sentence) for sentence in _sentences(text))


def what_to_remember(text: str) -> str:
    """Return the text without the words of the request."""
    kept = (_REQUEST.sub("", one, count=1) if _is_request(one) else one for one in _sentences(text))
    return " ".join(filter(None, (one.strip() for one in kept)))


def _sentences(text: str) -> list[str]:
    own = _APPENDED.sub("", _QUOTED.sub("", _FENCED.sub("", text))).strip()
    if len(own) > _LONGEST:
        own = own.partition("\n")[0][:_LONGEST]
    return [found.strip() for found in _SENTENCE.findall(own) if found.strip()]


def _is_request(sentence: str) -> bool:
    if _REQUEST.match(sentence) is None:
        return False
    return not sentence.endswith("?") or _POLITE.match(sentence) is not None
