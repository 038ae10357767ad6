"""The resolution as its articles, clauses and points, and the places that a rubric names in it.

`resolution.toml` has the official text unchanged, apart from the line and page breaks of its print;
`loader` reads it. Pure.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple

_NAMED = re.compile(r"Điều (\d+) khoản (\d+)(?: điểm (\w(?:, \w)*))?")


class ClausePlace(NamedTuple):
    """Where a clause stands; the point is empty where a whole clause is meant."""

    article: str
    clause: str
    point: str = ""


class Point(NamedTuple):
    """A lettered point of a clause."""

    number: str
    text: str


class Clause(NamedTuple):
    """A numbered clause of an article."""

    number: str
    text: str
    points: tuple[Point, ...]


class Article(NamedTuple):
    """An article; `text` stands before its clauses, or is all that it has."""

    number: str
    title: str
    text: str
    clauses: tuple[Clause, ...]


class Resolution(NamedTuple):
    """The whole text, in the order of its print."""

    head: tuple[str, ...]
    articles: tuple[Article, ...]
    closing: tuple[str, ...]


TARGETS_ARTICLE = "3"
"""The article whose clauses are the six targets of 100 %."""


def parse_resolution(text: str) -> Resolution:
    """The resolution of a file."""
    tree = tomllib.loads(text)
    articles = tuple(_article(each) for each in tree["articles"])
    return Resolution(tuple(tree["head"]), articles, tuple(tree["closing"]))


@cache
def places(clause: str) -> tuple[ClausePlace, ...]:
    """The places that a clause names, such as `Điều 3 khoản 2; Điều 4 khoản 1 điểm a, b`."""
    return tuple(
        ClausePlace(article, number, point)
        for article, number, points in _NAMED.findall(clause)
        for point in (points.split(", ") if points else ("",))
    )


def _article(tree: Mapping[str, Any]) -> Article:
    clauses = tuple(
        Clause(
            each["number"],
            each["text"],
            tuple(Point(point["number"], point["text"]) for point in each.get("points", ())),
        )
        for each in tree.get("clauses", ())
    )
    return Article(tree["number"], tree["title"], tree.get("text", ""), clauses)
