"""YAML with line numbers: parses a text to a tree whose mappings are read field by field.

Nothing here knows of rubrics. A number with a decimal point stays the text that it is in the file
and never becomes a float.
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

from contracts.messages import Message, at_line, join_messages
from services.scoring.messages import message
from services.scoring.rubrics.errors import RubricRefused, UnreadableValue

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


@dataclass(frozen=True, slots=True)
class Inexact:
    """A YAML number that is not a plain integer, as it is spelled in the file."""

    spelled: str

    def __str__(self) -> str:
        return self.spelled


class Spot(NamedTuple):
    """A value and its line: a scalar, a list of spots, or a dict of spots."""

    value: Any
    line: int


@dataclass
class Faults:
    """The faults of one file so far."""

    file: str
    items: list[tuple[int, Message]] = field(default_factory=list)

    def add(self, line: int, reason: Message) -> None:
        """Adds a fault; lines are counted from 1."""
        vi, en = (" ".join(text.split())[:REASON_MAX] for text in (reason.vi, reason.en))
        self.items.append((line, Message(reason.code, vi, en)))

    def refuse(self) -> None:
        """Raises RubricRefused where there is any fault: each once, in the order of the lines."""
        if self.items:
            once = sorted(dict.fromkeys(self.items), key=lambda fault: fault[0])
            sentences = [at_line(self.file, line, reason) for line, reason in once]
            raise RubricRefused(sentences, once)


def parse(text: str, faults: Faults) -> Spot:
    """The one document of a text (YAML 1.2); raises RubricRefused where it is not YAML."""
    try:
        root = YAML(typ="rt", pure=True).compose(text)
    except YAMLError as error:
        faults.add(*_broken(error, text))
    except RecursionError:
        faults.add(1, message("rubric-yaml-deep"))
    except Exception:  # on some malformed texts the parser has faults of its own
        faults.add(1, message("rubric-yaml"))
    else:
        return _Tree(faults).spot(root) if root is not None else Spot(None, 1)
    faults.refuse()
    return Spot(None, 1)


def _broken(error: YAMLError, text: str) -> tuple[int, Message]:
    """The line of a syntax error, and its reason."""
    mark, outer = getattr(error, "problem_mark", None), getattr(error, "context_mark", None)
    line = mark.line if mark else text.count("\n", 0, getattr(error, "position", None) or 0)
    if (
        outer
        and outer.line != line
        and re.search("flow|quoted", str(getattr(error, "context", "")))
    ):
        # the parser notices an unclosed bracket or quote only some lines later
        return outer.line + 1, message("rubric-yaml-open", line=line + 1)
    problem = str(getattr(error, "problem", None) or getattr(error, "reason", None))
    fault = next((code for words, code in YAML_FAULTS if words in problem), None)
    if fault is not None:
        return line + 1, message(fault)
    if mark is None:
        return line + 1, message("rubric-yaml")
    return line + 1, message("rubric-yaml-column", column=mark.column + 1)


class _Tree:
    """Turns the parser's nodes into spots, each node once, however many aliases refer to it."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self._spots: dict[int, Spot | None] = {}
        self._depth = 0

    def spot(self, node: Any) -> Spot:
        """The spot of a node."""
        if id(node) in self._spots:
            spot = self._spots[id(node)]
            if spot is None:  # the node is still being read: it refers to itself
                self._faults.add(_line(node), message("rubric-itself"))
            return spot or Spot(None, _line(node))
        if self._depth > DEPTH_MAX:
            self._faults.add(_line(node), message("rubric-deep", most=DEPTH_MAX))
            return Spot(None, _line(node))
        self._spots[id(node)] = None
        self._depth += 1
        spot = self._spots[id(node)] = Spot(self._value(node), _line(node))
        self._depth -= 1
        return spot

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
        spots: dict[Any, Spot] = {}
        for key, value in node.value:
            name = self.spot(key).value
            if isinstance(name, list | dict):
                self._faults.add(_line(key), message("rubric-key-word"))
                continue
            if name in spots:
                self._faults.add(_line(key), message("rubric-duplicate", name=name))
            spot = self.spot(value)
            # a list or mapping begins on the line after its key, and an empty value has no line
            at_key = spot.value is None or isinstance(spot.value, list | dict)
            spots[name] = Spot(spot.value, _line(key) if at_key else spot.line)
        return spots


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
    """A mapping of the file; faults of its fields are noted with field and line."""

    def __init__(self, spot: Spot, faults: Faults, what: Message) -> None:
        self.faults, self.line, self.what = faults, spot.line, what
        self.fields: dict[Any, Spot] = spot.value if isinstance(spot.value, dict) else {}
        self.whole = isinstance(spot.value, dict)
        self._names: set[Any] = set()
        if not self.whole:
            self.faults.add(self.line, message("rubric-what-mapping", what=what))

    def line_of(self, name: Any) -> int:
        """The line of a field, or of the mapping where the field is missing."""
        return self.fields[name].line if name in self.fields else self.line

    def fault(self, reason: Message, name: Any = None, line: int | None = None) -> None:
        """Notes a fault of a field, or of the whole mapping."""
        if name:
            whole = message("rubric-of-field", what=self.what, field=name, reason=reason)
        else:
            whole = join_messages([self.what, reason], ": ")
        self.faults.add(line or (self.line_of(name) if name else self.line), whole)

    def inner(self, name: str) -> Message:
        """The name of a part of the mapping, for sentences."""
        return message("rubric-inner", what=self.what, name=name)

    def take(self, name: Any, read: Callable[[Any], T], default: T = ABSENT) -> T:
        """A field by its reader, which may raise UnreadableValue; required without a default."""
        self._names.add(name)
        if name not in self.fields:
            if default is ABSENT and self.whole:
                self.fault(message("rubric-missing"), name)
            return default
        try:
            return read(self.fields[name].value)
        except UnreadableValue as error:
            self.fault(error.reason, name)
        absent: T = ABSENT
        return absent

    def one_or_more(self, name: Any, read: Callable[[Any], T]) -> list[tuple[T, int]]:
        """A field that is a value or a list of different values, each with its line."""
        content = self.take(name, lambda value: value)
        if content is ABSENT:
            return []
        values: list[tuple[T, int]] = []
        for item in content if isinstance(content, list) else [Spot(content, self.line_of(name))]:
            try:
                value = read(item.value)
            except UnreadableValue as error:
                self.fault(error.reason, name, item.line)
                continue
            if any(value == other and type(value) is type(other) for other, _ in values):
                self.fault(message("rubric-named-twice", value=value), name, item.line)
            values.append((value, item.line))
        if content == []:
            self.fault(message("rubric-empty"), name)
        return values

    def nodes(self, name: str, required: bool = True) -> list[Node]:
        """A field that is a list of mappings."""
        items = self.take(name, spots, ABSENT if required else [])
        if items is ABSENT:
            return []
        return [Node(item, self.faults, self.inner(name)) for item in items]

    def node(self, name: str) -> Node | None:
        """A field that is a mapping; None where it is missing."""
        content = self.take(name, lambda value: value)
        if content is ABSENT:
            return None
        return Node(self.fields[name], self.faults, self.inner(name))

    def close(self, hint: Callable[[str, set[Any]], str] = lambda name, allowed: "") -> None:
        """Notes a fault for every field that was never read; `hint` says where it may belong."""
        for name in self.fields:
            if name not in self._names:
                belongs = hint(str(name), self._names)
                self.fault(message("rubric-no-field", hint=belongs), str(name))


def spots(value: Any) -> list[Spot]:
    """A list."""
    if not isinstance(value, list):
        raise UnreadableValue(message("rubric-list"))
    return value
