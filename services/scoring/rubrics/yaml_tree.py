"""YAML with line numbers: a text as a tree, whose mappings are read field by field.

Nothing here knows a rubric. Numbers with a point are kept as they were spelled, never as floats.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeVar

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import MappingNode, ScalarNode, SequenceNode

from contracts.messages import Message, joined, lines, located
from services.chassis.errors import DanchuError
from services.scoring.messages import message

T = TypeVar("T")
ABSENT: Any = object()
CORE = "tag:yaml.org,2002:"
DEPTH_MAX, REASON_MAX = 20, 500
FORBIDDEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
INTEGER = re.compile(r"[-+]?[0-9]{1,18}")


YAML_FAULTS = (
    ("undefined alias", "rubric-yaml-alias"),
    ("single document", "rubric-yaml-documents"),
    ("another document", "rubric-yaml-documents"),
    ("mapping values are not allowed", "rubric-yaml-colon"),
    ("'\\t'", "rubric-yaml-tab"),
    ("special characters", "rubric-yaml-character"),
)


class RubricRefused(DanchuError):
    """A rubric file is wrong: every fault as `file:line: reason`."""

    def __init__(self, faults: list[Message]) -> None:
        super().__init__(lines(faults))
        self.faults = faults


class Unreadable(ValueError):
    """A value of a file that its reader does not take, and why."""

    def __init__(self, reason: Message) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Inexact:
    """A YAML number that is no plain integer, as it was spelled."""

    spelled: str

    def __str__(self) -> str:
        return self.spelled


class Spot(NamedTuple):
    """A value and its line: a scalar, a list of spots, or a dict of spots."""

    value: Any
    line: int


@dataclass
class Faults:
    """What was found wrong with one file so far."""

    file: str
    found: list[tuple[int, Message]] = field(default_factory=list)

    def add(self, line: int, reason: Message) -> None:
        """Note a fault; lines count from 1."""
        vi, en = (" ".join(text.split())[:REASON_MAX] for text in (reason.vi, reason.en))
        self.found.append((line, Message(reason.code, vi, en)))

    def refuse(self) -> None:
        """Raise RubricRefused when there is any fault: each once, in the order of the lines."""
        if self.found:
            once = sorted(dict.fromkeys(self.found), key=lambda fault: fault[0])
            raise RubricRefused([located(self.file, line, reason) for line, reason in once])


def parse(text: str, faults: Faults) -> Spot:
    """The one document of a text (YAML 1.2); what is no YAML at all is refused here."""
    try:
        root = YAML(typ="rt", pure=True).compose(text)
    except YAMLError as error:
        faults.add(*_broken(error, text))
    except RecursionError:
        faults.add(1, message("rubric-yaml-deep"))
    except Exception:  # on some broken texts the parser fails by errors of its own
        faults.add(1, message("rubric-yaml"))
    else:
        return _Tree(faults).spot(root) if root is not None else Spot(None, 1)
    faults.refuse()
    return Spot(None, 1)


def _broken(error: YAMLError, text: str) -> tuple[int, Message]:
    """The line and the reason of what is no YAML."""
    mark, outer = getattr(error, "problem_mark", None), getattr(error, "context_mark", None)
    line = mark.line if mark else text.count("\n", 0, getattr(error, "position", None) or 0)
    if (
        outer
        and outer.line != line
        and re.search("flow|quoted", str(getattr(error, "context", "")))
    ):
        # a bracket or a quote that is not closed is noticed lines later
        return outer.line + 1, message("rubric-yaml-open", line=line + 1)
    problem = str(getattr(error, "problem", None) or getattr(error, "reason", None))
    fault = next((code for words, code in YAML_FAULTS if words in problem), None)
    if fault is not None:
        return line + 1, message(fault)
    if mark is None:
        return line + 1, message("rubric-yaml")
    return line + 1, message("rubric-yaml-column", column=mark.column + 1)


class _Tree:
    """Turns the parser's nodes into spots, each node once, however often it is referred to."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self._done: dict[int, Spot | None] = {}
        self._depth = 0

    def spot(self, node: Any) -> Spot:
        """The spot of a node."""
        if id(node) in self._done:
            known = self._done[id(node)]
            if known is None:
                self._faults.add(_line(node), message("rubric-itself"))
            return known or Spot(None, _line(node))
        if self._depth > DEPTH_MAX:
            self._faults.add(_line(node), message("rubric-deep", most=DEPTH_MAX))
            return Spot(None, _line(node))
        self._done[id(node)] = None
        self._depth += 1
        found = self._done[id(node)] = Spot(self._value(node), _line(node))
        self._depth -= 1
        return found

    def _value(self, node: Any) -> Any:
        if isinstance(node, MappingNode) and node.tag == CORE + "map":
            return self._mapping(node)
        if isinstance(node, SequenceNode) and node.tag == CORE + "seq":
            return [self.spot(item) for item in node.value]
        if isinstance(node, ScalarNode) and str(node.tag).startswith(CORE):
            value = _scalar(str(node.tag), str(node.value))
            if isinstance(value, str) and FORBIDDEN.search(value):
                self._faults.add(_line(node), message("rubric-character"))
                return None
            return value
        self._faults.add(_line(node), message("rubric-tag", tag=node.tag))
        return None

    def _mapping(self, node: Any) -> dict[Any, Spot]:
        found: dict[Any, Spot] = {}
        for key, value in node.value:
            name = self.spot(key).value
            if isinstance(name, list | dict):
                self._faults.add(_line(key), message("rubric-key-word"))
                continue
            if name in found:
                self._faults.add(_line(key), message("rubric-duplicate", name=name))
            held = self.spot(value)
            beside = held.value is None or isinstance(held.value, list | dict)
            found[name] = Spot(held.value, _line(key) if beside else held.line)
        return found


def _line(node: Any) -> int:
    return int(node.start_mark.line) + 1


def _scalar(tag: str, spelled: str) -> Any:
    if tag == CORE + "null":
        return None
    if tag == CORE + "int" and INTEGER.fullmatch(spelled):
        return int(spelled)
    if tag == CORE + "bool" and spelled.lower() in ("true", "false"):
        return spelled.lower() == "true"
    if tag in (CORE + "int", CORE + "float"):
        return Inexact(spelled)
    return unicodedata.normalize("NFC", spelled)


class Node:
    """One mapping of the file. Every reading names its field and line when it fails."""

    def __init__(self, spot: Spot, faults: Faults, what: Message) -> None:
        self.faults, self.line, self.what = faults, spot.line, what
        self.fields: dict[Any, Spot] = spot.value if isinstance(spot.value, dict) else {}
        self.whole = isinstance(spot.value, dict)
        self._taken: set[Any] = set()
        if not self.whole:
            self.faults.add(self.line, message("rubric-what-mapping", what=what))

    def line_of(self, name: Any) -> int:
        """The line on which a field stands, or the mapping where it is missing."""
        return self.fields[name].line if name in self.fields else self.line

    def fault(self, reason: Message, name: Any = None, line: int | None = None) -> None:
        """Complain of a field, or of the whole."""
        if name:
            whole = message("rubric-of-field", what=self.what, field=name, reason=reason)
        else:
            whole = joined([self.what, reason], ": ")
        self.faults.add(line or (self.line_of(name) if name else self.line), whole)

    def inner(self, name: str) -> Message:
        """How a part of the mapping is called."""
        return message("rubric-inner", what=self.what, name=name)

    def take(self, name: Any, read: Callable[[Any], T], default: T = ABSENT) -> T:
        """A field by its reader (Unreadable says what is wrong); without default it must be."""
        self._taken.add(name)
        if name not in self.fields:
            if default is ABSENT and self.whole:
                self.fault(message("rubric-missing"), name)
            return default
        try:
            return read(self.fields[name].value)
        except Unreadable as error:
            self.fault(error.reason, name)
        absent: T = ABSENT
        return absent

    def one_or_more(self, name: Any, read: Callable[[Any], T]) -> list[tuple[T, int]]:
        """A field that is a value or a list of different values, each with its line."""
        given = self.take(name, lambda value: value)
        if given is ABSENT:
            return []
        found: list[tuple[T, int]] = []
        for item in given if isinstance(given, list) else [Spot(given, self.line_of(name))]:
            try:
                value = read(item.value)
            except Unreadable as error:
                self.fault(error.reason, name, item.line)
                continue
            if any(value == other and type(value) is type(other) for other, _ in found):
                self.fault(message("rubric-named-twice", value=value), name, item.line)
            found.append((value, item.line))
        if given == []:
            self.fault(message("rubric-empty"), name)
        return found

    def nodes(self, name: str, required: bool = True) -> list[Node]:
        """A field that is a list of mappings."""
        items = self.take(name, spots, ABSENT if required else [])
        if items is ABSENT:
            return []
        return [Node(item, self.faults, self.inner(name)) for item in items]

    def node(self, name: str) -> Node | None:
        """A field that is a mapping; None where it is missing."""
        held = self.take(name, lambda value: value)
        if held is ABSENT:
            return None
        return Node(self.fields[name], self.faults, self.inner(name))

    def close(self, hint: Callable[[str, set[Any]], str] = lambda name, taken: "") -> None:
        """Refuse every field that nobody took; the hint says where such a field belongs."""
        for name in self.fields:
            if name not in self._taken:
                belongs = hint(str(name), self._taken)
                self.fault(message("rubric-no-field", hint=belongs), str(name))


def spots(value: Any) -> list[Spot]:
    """A list."""
    if not isinstance(value, list):
        raise Unreadable(message("rubric-list"))
    return value
