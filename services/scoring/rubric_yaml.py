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

from services.chassis.errors import DanchuError

T = TypeVar("T")
ABSENT: Any = object()
CORE = "tag:yaml.org,2002:"
DEPTH_MAX, REASON_MAX = 20, 500
FORBIDDEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
INTEGER = re.compile(r"[-+]?[0-9]{1,18}")


class RubricRefused(DanchuError):
    """A rubric file is wrong: every fault as `file:line: reason`."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


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
    found: list[tuple[int, str]] = field(default_factory=list)

    def add(self, line: int, reason: str) -> None:
        """Note a fault; lines count from 1."""
        self.found.append((line, " ".join(reason.split())[:REASON_MAX]))

    def refuse(self) -> None:
        """Raise RubricRefused when there is any fault: each once, in the order of the lines."""
        if self.found:
            once = sorted(dict.fromkeys(self.found), key=lambda fault: fault[0])
            raise RubricRefused([f"{self.file}:{line}: {reason}" for line, reason in once])


def parse(text: str, faults: Faults) -> Spot:
    """The one document of a text (YAML 1.2); what is no YAML at all is refused here."""
    try:
        root = YAML(typ="rt", pure=True).compose(text)
    except YAMLError as error:
        faults.add(*_broken(error, text))
    except RecursionError:
        faults.add(1, "is no YAML: nested too deeply")
    except Exception as error:  # on some broken texts the parser fails by errors of its own
        faults.add(1, f"is no YAML: {type(error).__name__} {error}")
    else:
        return _Tree(faults).spot(root) if root is not None else Spot(None, 1)
    faults.refuse()
    return Spot(None, 1)


def _broken(error: YAMLError, text: str) -> tuple[int, str]:
    """The line and the reason of what is no YAML."""
    mark, outer = getattr(error, "problem_mark", None), getattr(error, "context_mark", None)
    line = mark.line if mark else text.count("\n", 0, getattr(error, "position", None) or 0)
    problem = getattr(error, "problem", None) or getattr(error, "reason", None) or "broken"
    if (
        outer
        and outer.line != line
        and re.search("flow|quoted", str(getattr(error, "context", "")))
    ):
        # a bracket or a quote that is not closed is noticed lines later
        return outer.line + 1, f"is no YAML: {problem} in line {line + 1}"
    return line + 1, f"is no YAML: {problem}"


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
                self._faults.add(_line(node), "refers to itself")
            return known or Spot(None, _line(node))
        if self._depth > DEPTH_MAX:
            self._faults.add(_line(node), f"is nested more than {DEPTH_MAX} deep")
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
                self._faults.add(_line(node), "has a character that no text may have")
                return None
            return value
        self._faults.add(_line(node), f"has a tag, {node.tag}, which no rubric needs")
        return None

    def _mapping(self, node: Any) -> dict[Any, Spot]:
        found: dict[Any, Spot] = {}
        for key, value in node.value:
            name = self.spot(key).value
            if isinstance(name, list | dict):
                self._faults.add(_line(key), "a mapping's key must be a word")
                continue
            if name in found:
                self._faults.add(_line(key), f"duplicate key {name}")
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

    def __init__(self, spot: Spot, faults: Faults, what: str) -> None:
        self.faults, self.line, self.what = faults, spot.line, what
        self.fields: dict[Any, Spot] = spot.value if isinstance(spot.value, dict) else {}
        self.whole = isinstance(spot.value, dict)
        self._taken: set[Any] = set()
        if not self.whole:
            self.faults.add(self.line, f"{what} must be a mapping")

    def line_of(self, name: Any) -> int:
        """The line on which a field stands, or the mapping where it is missing."""
        return self.fields[name].line if name in self.fields else self.line

    def fault(self, reason: str, name: Any = None, line: int | None = None) -> None:
        """Complain of a field, or of the whole."""
        where = f"{self.what}: {name} " if name else f"{self.what}: "
        self.faults.add(line or (self.line_of(name) if name else self.line), where + reason)

    def take(self, name: Any, read: Callable[[Any], T], default: T = ABSENT) -> T:
        """A field by its reader (ValueError says what is wrong); without default it must be."""
        self._taken.add(name)
        if name not in self.fields:
            if default is ABSENT and self.whole:
                self.fault("is missing", name)
            return default
        try:
            return read(self.fields[name].value)
        except ValueError as error:
            self.fault(str(error), name)
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
            except ValueError as error:
                self.fault(str(error), name, item.line)
                continue
            if any(value == other and type(value) is type(other) for other, _ in found):
                self.fault(f"names {value} twice", name, item.line)
            found.append((value, item.line))
        if given == []:
            self.fault("must not be empty", name)
        return found

    def nodes(self, name: str, required: bool = True) -> list[Node]:
        """A field that is a list of mappings."""
        items = self.take(name, spots, ABSENT if required else [])
        if items is ABSENT:
            return []
        return [Node(item, self.faults, f"{self.what} {name}") for item in items]

    def node(self, name: str) -> Node | None:
        """A field that is a mapping; None where it is missing."""
        held = self.take(name, lambda value: value)
        if held is ABSENT:
            return None
        return Node(self.fields[name], self.faults, f"{self.what} {name}")

    def close(self, hint: Callable[[str, set[Any]], str] = lambda name, taken: "") -> None:
        """Refuse every field that nobody took; the hint says where such a field belongs."""
        for name in self.fields:
            if name not in self._taken:
                self.fault(f"is no field here{hint(str(name), self._taken)}", str(name))


def spots(value: Any) -> list[Spot]:
    """A list."""
    if not isinstance(value, list):
        raise ValueError("must be a list")
    return value
