"""The language of an answer: what the header Accept-Language of the request prefers.

A caller that prefers neither language, as most programs do, is answered in both.
"""

from collections.abc import Callable, Iterable, Mapping
from contextvars import ContextVar
from typing import Any

from contracts.messages import LANGUAGES, Language, Message

_answering: ContextVar[Language | None] = ContextVar("language", default=None)


def preferred(accept_language: str) -> Language | None:
    """The language with the greatest weight (RFC 9110 section 12.5.4); None without one of ours.

    Of equal weights the first one counts. A weight that is no number counts as 0.
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


def prefer(headers: Iterable[tuple[bytes, bytes]]) -> None:
    """Takes the language of a request, by its headers, for what its task answers from now on."""
    accept = next((value for name, value in headers if name == b"accept-language"), b"")
    _answering.set(preferred(accept.decode("latin-1")) if accept else None)


def in_language(message: str) -> str:
    """A message in the language of the answer: one, or both."""
    return message.text(_answering.get()) if isinstance(message, Message) else message


def members(name: str, message: str) -> dict[str, Any]:
    """The members of a JSON answer that say a message: by preference, and in each language.

    `{name: …, name_vi: …, name_en: …}`; a text that is no message is said as it is.
    """
    texts = {name: in_language(message)}
    if isinstance(message, Message):
        texts |= {f"{name}_vi": message.vi, f"{name}_en": message.en}
    return texts


def labels(name: str, term: Message) -> dict[str, Any]:
    """The members that say a term in words beside it: `{name_vi: …, name_en: …}`."""
    return {f"{name}_vi": term.vi, f"{name}_en": term.en}


def labelled(value: Any, terms: Mapping[str, Callable[[str], Message]]) -> Any:
    """A JSON value in which each term has its words beside it, at any depth.

    `terms` says by the name of a member what its value is called; a list of terms gets lists of
    words in the same order.
    """
    if isinstance(value, list):
        return [labelled(item, terms) for item in value]
    if not isinstance(value, dict):
        return value
    labelled_value: dict[str, Any] = {}
    for name, inner in value.items():
        labelled_value[name] = labelled(inner, terms)
        if name in terms and isinstance(inner, str):
            labelled_value |= labels(name, terms[name](inner))
        elif name in terms and isinstance(inner, list):
            words = [terms[name](item) for item in inner]
            labelled_value |= {
                f"{name}_vi": [w.vi for w in words],
                f"{name}_en": [w.en for w in words],
            }
    return labelled_value
