"""Facts (SCORING section 3): what the events of a year say about each key of an indicator."""

from collections.abc import Callable
from fractions import Fraction
from typing import Any, NamedTuple

from .ledger import Event
from .moments import month, quarter

Key = tuple[str, ...]
Value = tuple[Fraction, ...]

# Fields whose values come from a closed list, and booleans: they mean the same in every unit.
COMMON_FIELDS = frozenset(
    [
        "kind",
        "role",
        "topic",
        "form",
        "channel",
        "action",
        "board",
        "level",
        "severity",
        "act",
        "result",
        "outcome",
        "led_by_head",
        "by_head",
        "self_found",
        "inherits",
    ]
)


class Voice(NamedTuple):
    """One event and the unit that it counts for."""

    unit: str
    event: Event


class Posting(NamedTuple):
    """What one event says about one key; `values` is None when it clears."""

    key: Key
    event: Event
    values: list[Value] | None


class Fact(NamedTuple):
    """A key that is on."""

    first: Event
    latest: Event
    value: Value


def number(text: Any) -> Fraction:
    """An exact number of a rubric or an event: integer, decimal or fraction."""
    return Fraction(str(text))


def several(value: Any) -> list[Any]:
    """A list, also where the rubric writes one value."""
    return list(value) if isinstance(value, list) else [value]


def spelled(value: Any) -> str:
    """A value as the text by which it is compared."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def same(wanted: Any, given: Any) -> bool:
    """Equality that does not take 1 for true."""
    return isinstance(wanted, bool) == isinstance(given, bool) and bool(wanted == given)


def matches(where: dict[str, Any] | None, data: dict[str, Any]) -> bool:
    """Whether the data has the values that a `where` asks."""
    for field, wanted in (where or {}).items():
        if field not in data or not any(same(w, data[field]) for w in several(wanted)):
            return False
    return True


def key_of(rule: dict[str, Any], voice: Voice, unit: str, together: set[str]) -> Key | None:
    """The key in the union `together` that is folded for `unit`; None: left out."""
    field, event = rule.get("key"), voice.event
    if field is None:
        return ("event itself", event.source, event.id)
    if field == "$quarter":
        return (field, quarter(event.at))
    if field == "$month":
        return (field, month(event.at))
    if field not in event.data:
        return None
    text = spelled(event.data[field])
    inherited = voice.unit != unit and field not in COMMON_FIELDS
    if inherited and not any(text.startswith(f"{member}/") for member in together):
        text = f"{voice.unit}/{text}"
    return (field, text)


def value_of(rule: dict[str, Any], data: dict[str, Any]) -> Value | None:
    """The numbers that a setting event gives; None when it leaves one out."""
    fields = [rule[name] for name in ("value", "numerator", "denominator") if name in rule]
    if any(field not in data for field in fields):
        return None
    numbers = [number(data[field]) for field in fields]
    points = rule.get("points")
    if isinstance(points, dict):
        if points["by"] not in data:
            return None
        table = {spelled(name): worth for name, worth in points["of"].items()}
        numbers.append(number(table[spelled(data[points["by"]])]))
    elif points is not None:
        numbers.append(number(points))
    return tuple(numbers)


def posted(rules: list[Any], voice: Voice, unit: str, together: set[str]) -> list[Posting]:
    """What one event says on one side: once per key, by all the rules that it matches."""
    event, said = voice.event, dict[Key, list[Value] | None]()
    for rule in rules:
        key = key_of(rule, voice, unit, together)
        if key is None:
            continue
        if event.short in several(rule.get("clear", [])):
            said[key] = None
        elif event.short in several(rule["set"]) and matches(rule.get("where"), event.data):
            value = value_of(rule, event.data)
            values = said.setdefault(key, [])
            if value is not None and values is not None:
                values.append(value)
    return [Posting(key, event, values) for key, values in said.items() if values != []]


def fold(
    rules: list[Any], voices: list[Voice], unit: str, together: set[str], highest: bool = False
) -> dict[Key, Fact]:
    """The keys of one side that are on."""
    by_key: dict[Key, list[Posting]] = {}
    names = {name for rule in rules for name in several(rule["set"])}
    names |= {name for rule in rules for name in several(rule.get("clear", []))}
    heard = [voice for voice in voices if voice.event.short in names]
    for voice in sorted(heard, key=lambda voice: voice.event.order):
        for posting in posted(rules, voice, unit, together):
            by_key.setdefault(posting.key, []).append(posting)
    facts = {}
    for key, postings in by_key.items():
        since_clear: list[Posting] = []
        for posting in postings:
            since_clear = [] if posting.values is None else [*since_clear, posting]
        if since_clear:
            facts[key] = Fact(
                since_clear[0].event, since_clear[-1].event, decided(since_clear, highest)
            )
    return facts


def decided(settings: list[Posting], highest: bool) -> Value:
    """The value of a key that is on: the latest's, or the highest of all."""
    choose: Callable[[list[Value]], Value] = max if highest else lambda values: values[0]
    chosen = [choose(posting.values or [()]) for posting in settings]
    return max(chosen) if highest else chosen[-1]
