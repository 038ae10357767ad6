"""The language of an answer, negotiated by the Accept-Language header of the request.

A caller that prefers neither language, as most programs do, is answered in both. A page has one
language, and says of a person what an answer to a program says of a token.
"""

from collections.abc import Callable, Iterable, Mapping
from contextvars import ContextVar
from typing import Any

from contracts.messages import LANGUAGES, Language, Message

_answering: ContextVar[Language | None] = ContextVar("language", default=None)
_on_page: ContextVar[bool] = ContextVar("on_page", default=False)


def negotiate(accept_language: str) -> Language | None:
    """The supported language with the greatest weight (RFC 9110 section 12.5.4), or None.

    Of equal weights the first one counts. An invalid weight counts as 0.
    """
    best, weight = None, 0.0
    for entry in accept_language.split(",")[:20]:
        name, _, parameters = entry.strip().partition(";")
        of_entry = _weight(parameters)
        for language in LANGUAGES:
            if name.strip().lower().partition("-")[0] == language and of_entry > weight:
                best, weight = language, of_entry
    return best


def _weight(parameters: str) -> float:
    name, _, value = parameters.strip().partition("=")
    if name.strip().lower() != "q":
        return 1.0
    try:
        return min(1.0, max(0.0, float(value)))
    except ValueError:
        return 0.0


def use_language_of(headers: Iterable[tuple[bytes, bytes]]) -> None:
    """Sets the language of a request, by its headers, for the answers of the current task."""
    accept = next((value for name, value in headers if name == b"accept-language"), b"")
    _answering.set(negotiate(accept.decode("latin-1")) if accept else None)
    _on_page.set(False)


def use_page_language(language: Language) -> None:
    """Sets the language of the page that the current task makes, for a person to read."""
    _answering.set(language)
    _on_page.set(True)


def accepted_language(accept: str) -> Language:
    """The language of a page, which has one alone: Vietnamese where neither is preferred."""
    return negotiate(accept) or "vi"


def page_language() -> Language:
    """The language of the page that the current task makes."""
    return _answering.get() or "vi"


def for_reader(message: str) -> str:
    """A message as whoever is answered knows its terms: a person on a page, else a program."""
    return message.on_page if isinstance(message, Message) and _on_page.get() else message


def in_language(message: str) -> str:
    """A message in the language of the answer, or in both."""
    read = for_reader(message)
    return read.text(_answering.get()) if isinstance(read, Message) else read


def members(name: str, message: str) -> dict[str, Any]:
    """The members of a JSON answer for a message: in the preferred language, and in each.

    `{name: …, name_vi: …, name_en: …}`; a plain text has the first member only.
    """
    texts, read = {name: in_language(message)}, for_reader(message)
    if isinstance(read, Message):
        texts |= {f"{name}_vi": read.vi, f"{name}_en": read.en}
    return texts


def labels(name: str, term: Message) -> dict[str, Any]:
    """The members that translate a term: `{name_vi: …, name_en: …}`."""
    return {f"{name}_vi": term.vi, f"{name}_en": term.en}


def labelled(value: Any, terms: Mapping[str, Callable[[str], Message]]) -> Any:
    """A JSON value in which each term has its translations beside it, at any depth.

    `terms` translates the value of a member, by the name of the member; a list of terms gets lists
    of translations in the same order.
    """
    if isinstance(value, list):
        return [labelled(item, terms) for item in value]
    if not isinstance(value, dict):
        return value
    result: dict[str, Any] = {}
    for name, inner in value.items():
        result[name] = labelled(inner, terms)
        if name in terms and isinstance(inner, str):
            result |= labels(name, terms[name](inner))
        elif name in terms and isinstance(inner, list):
            words = [terms[name](item) for item in inner]
            result |= {
                f"{name}_vi": [w.vi for w in words],
                f"{name}_en": [w.en for w in words],
            }
    return result
