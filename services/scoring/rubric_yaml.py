"""YAML with line numbers: a mapping whose every value is taken once, checked, or complained of."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any, TypeVar

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

T = TypeVar("T")
ABSENT: Any = object()


class RubricRefused(Exception):
    """A rubric file is wrong: every fault as `file:line: reason`."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


@dataclass
class Faults:
    """What was found wrong with one file so far."""

    file: str
    found: list[str] = field(default_factory=list)

    def add(self, line: int, reason: str) -> None:
        """Note a fault; lines count from 1."""
        self.found.append(f"{self.file}:{line}: {reason}")


def parse(path: Path, text: str) -> Any:
    """The file as ruamel's round-trip tree (YAML 1.2; duplicate keys are refused)."""
    try:
        return YAML(typ="rt", pure=True).load(text)
    except YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 1
        reason = getattr(error, "problem", None) or "is no YAML"
        raise RubricRefused([f"{path.name}:{line}: {reason}"]) from None


class Node:
    """One mapping of the file. Every reading names its field and line when it fails."""

    def __init__(self, raw: Any, line: int, faults: Faults, what: str) -> None:
        self.faults, self.line, self.what = faults, line, what
        self.raw: dict[Any, Any] = raw if isinstance(raw, dict) else {}
        self._taken: set[str] = set()
        if not isinstance(raw, dict):
            self.fault(f"{what} must be a mapping")
        elif hasattr(raw, "lc"):
            self.line = raw.lc.line + 1

    def line_of(self, name: str) -> int:
        """The line on which a field stands."""
        try:
            return int(self.raw.lc.key(name)[0]) + 1  # type: ignore[attr-defined]
        except (AttributeError, KeyError):
            return self.line

    def fault(self, reason: str, name: str | None = None) -> None:
        """Complain of a field, or of the whole."""
        where = f"{self.what}: {name} " if name else ""
        self.faults.add(self.line_of(name) if name else self.line, where + reason)

    def take(self, name: str, read: Callable[[Any], T], default: T = ABSENT) -> T:
        """A field by its reader (ValueError says what is wrong); without default it must be."""
        self._taken.add(name)
        if name not in self.raw:
            if default is ABSENT:
                self.fault(f"{self.what}: {name} is missing")
                return ABSENT
            return default
        try:
            return read(self.raw[name])
        except ValueError as error:
            self.fault(str(error), name)
            return default

    def nodes(self, name: str, required: bool = True) -> list[Node]:
        """A field that is a list of mappings."""
        items = self.take(name, list_, ABSENT if required else [])
        if items is ABSENT:
            return []
        line = self.line_of(name)
        return [Node(item, line, self.faults, f"{self.what} {name}") for item in items]

    def close(self) -> None:
        """Refuse every field that nobody took."""
        for name in self.raw:
            if name not in self._taken:
                self.fault("is no field here", str(name))


def list_(value: Any) -> list[Any]:
    """A list."""
    if not isinstance(value, list):
        raise ValueError("must be a list")
    return list(value)


def text(value: Any) -> str:
    """A text that is not empty."""
    if not isinstance(value, str) or not value:
        raise ValueError("must be a text")
    return str(value)


def one_of(choices: Collection[str]) -> Callable[[Any], str]:
    """One of some words."""

    def read(value: Any) -> str:
        if value not in choices:
            raise ValueError(f"must be one of {', '.join(sorted(choices))}, not {value!r}")
        return str(value)

    return read


def integer(least: int) -> Callable[[Any], int]:
    """An integer from a bound on."""

    def read(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise ValueError(f"must be an integer of at least {least}")
        return int(value)

    return read


def number(least: int = 0, most: int | None = None) -> Callable[[Any], Fraction]:
    """An exact number: an integer, or a string with a decimal or a fraction."""

    def read(value: Any) -> Fraction:
        if isinstance(value, bool) or not isinstance(value, int | str):
            raise ValueError('must be an integer or a string such as "0.5" or "1/2"')
        try:
            found = Fraction(value)
        except (ValueError, ZeroDivisionError):
            raise ValueError(f"is no number: {value!r}") from None
        if found < least or (most is not None and found > most):
            bound = f"at least {least}" if most is None else f"between {least} and {most}"
            raise ValueError(f"must be {bound}")
        return found

    return read


def positive(value: Any) -> Fraction:
    """An exact number above 0."""
    found = number()(value)
    if not found:
        raise ValueError("must be above 0")
    return found
