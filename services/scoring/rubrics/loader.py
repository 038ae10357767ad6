"""Loads a rubric from its YAML file (SCORING.md section 9), or reports all faults with lines."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import cache, lru_cache, partial
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any, get_args

from contracts.data import UnitKind
from contracts.messages import Message, at_line
from services.chassis.error_causes import cause_of
from services.scoring.messages import message
from services.scoring.rubrics.errors import RubricRefused, UnreadableValue
from services.scoring.rubrics.indicators import indicator
from services.scoring.rubrics.model import (
    Band,
    Gate,
    Group,
    Indicator,
    Rubric,
    Rubrics,
    ShareBase,
    TopClassShare,
)
from services.scoring.rubrics.resolution import Resolution, parse_resolution
from services.scoring.rubrics.values import (
    hundredths,
    integer,
    name,
    near,
    number,
    one_of,
    positive,
    text,
    true,
)
from services.scoring.rubrics.yaml_tree import (
    ABSENT,
    Faults,
    Node,
    parse,
)

SHIPPED = Path(__file__).parent
FIRST_YEAR, LAST_YEAR = 2000, 9999
BYTES_MAX = 2**20
REPLY_DAYS_MAX = 3660
PARSED_MAX = 16


def load(path: Path) -> Rubric:
    """The rubric of a file; raises RubricRefused with all its faults."""
    return _read(path)[0]


def load_directory(path: Path) -> Rubrics:
    """All rubrics of a directory; two that govern the same kind and year are refused."""
    files = sorted(file for file in path.glob("*") if file.suffix in (".yaml", ".yml"))
    return _together({file.name: partial(_read, file) for file in files}, path.name)


def load_texts(files: Mapping[str, bytes]) -> Rubrics:
    """As `load_directory`, from the bytes of files by their names; reads no file."""
    names = sorted(files)
    return _together({name: partial(parse_bytes, name, files[name]) for name in names}, "rubrics")


@cache
def resolution() -> Resolution:
    """The resolution whose text this version was packaged with."""
    return parse_resolution((SHIPPED / "resolution.toml").read_text("utf-8"))


def _together(readers: Mapping[str, Callable[[], tuple[Rubric, Node]]], folder: str) -> Rubrics:
    loaded: list[tuple[str, Rubric, Node]] = []
    faults: list[Message] = []
    for file, read in readers.items():
        try:
            loaded.append((file, *read()))
        except RubricRefused as error:
            faults += error.faults
    for (file_a, a, _), (file_b, b, root) in combinations(loaded, 2):
        kinds = set(a.kinds) & set(b.kinds)
        if kinds and _overlap(a, b):
            shared = ", ".join(sorted(kinds))
            year = max(a.first_year, b.first_year)
            reason = message("rubric-governs", kinds=shared, year=year, other=file_a)
            faults.append(at_line(file_b, root.line_of("kinds"), reason))
        if a.id == b.id:
            reason = message("rubric-same-id", other=file_a, id=a.id)
            faults.append(at_line(file_b, root.line_of("id"), reason))
    if not readers:
        faults.append(at_line(folder, 1, message("rubric-folder-empty")))
    if faults:
        raise RubricRefused(faults)
    return Rubrics(tuple(rubric for _, rubric, _ in loaded))


def _overlap(a: Rubric, b: Rubric) -> bool:
    ends = [LAST_YEAR if r.last_year is None else r.last_year for r in (a, b)]
    return a.first_year <= ends[1] and b.first_year <= ends[0]


def _read(path: Path) -> tuple[Rubric, Node]:
    faults, raw = Faults(path.name), b""
    try:
        with path.open("rb") as file:
            raw = file.read(BYTES_MAX + 1)
    except OSError as error:
        faults.add(1, message("rubric-unread", cause=cause_of(error)))
    faults.refuse()
    return parse_bytes(path.name, raw)


@lru_cache(maxsize=PARSED_MAX)
def parse_bytes(file: str, raw: bytes) -> tuple[Rubric, Node]:
    """The rubric of a file's bytes, and its tree: one process reads the same ones several times."""
    faults, content = Faults(file), ""
    try:
        content = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        faults.add(raw.count(b"\n", 0, error.start) + 1, message("rubric-utf8"))
    if len(raw) > BYTES_MAX:
        faults.add(1, message("rubric-long", most=BYTES_MAX))
    faults.refuse()
    tree = parse(content, faults)
    if tree.value is None:
        faults.add(1, message("rubric-none"))
    elif not isinstance(tree.value, dict):
        faults.add(tree.line, message("rubric-fields"))
    if not isinstance(tree.value, dict):
        faults.refuse()
    root = Node(tree, faults, message("rubric-whole"))
    rubric = _rubric(root)
    faults.refuse()
    digest = hashlib.sha256(raw).hexdigest()
    return replace(rubric, digest=digest, text=raw.decode("utf-8")), root


def _rubric(root: Node) -> Rubric:
    first, last = _years(root)
    groups = _groups(root)
    bands = _bands(root)
    classes = tuple(band.name for band in bands)
    indicators = _indicators(root, groups, classes)
    rubric = Rubric(
        id=root.take("id", name),
        vi=root.take("vi", text),
        reference=root.take("reference", text),
        first_year=first,
        last_year=last,
        kinds=tuple(kind for kind, _ in root.one_or_more("kinds", one_of(get_args(UnitKind)))),
        maximum=root.take("maximum", positive),
        adjustment_limit=root.take("adjustment_limit", hundredths),
        succession=root.take("succession", one_of(("pooled", "own"))),
        reply_days=root.take("reply_days", integer(0, REPLY_DAYS_MAX)),
        groups=groups,
        bands=bands,
        gates=tuple(_gate(n, classes, indicators) for n in root.nodes("gates", required=False)),
        top_class_share=_share(root, classes),
        indicators=indicators,
    )
    _close(root)
    return rubric


def _close(node: Node) -> None:
    node.close(near)


def _unique(nodes: Iterable[tuple[Node, str]], field: str) -> None:
    """Notes a fault on every node whose value an earlier node has too."""
    lines: dict[str, int] = {}
    for node, value in nodes:
        if value is ABSENT:
            continue
        if value in lines:
            node.fault(message("rubric-twice", value=value, line=lines[value]), field)
        lines.setdefault(value, node.line_of(field))


def _years(root: Node) -> tuple[int, int | None]:
    years = root.node("years")
    if years is None:
        return FIRST_YEAR, None
    year = integer(FIRST_YEAR, LAST_YEAR)
    first = years.take("from", year)
    last = years.take("until", lambda value: None if value is None else year(value), None)
    _close(years)
    if ABSENT not in (first, last) and last is not None and last < first:
        years.fault(message("rubric-until", last=last, first=first), "until")
    return first, last


def _groups(root: Node) -> tuple[Group, ...]:
    nodes = root.nodes("groups")
    groups = []
    for node in nodes:
        groups.append(
            Group(node.take("id", name), node.take("vi", text), node.take("clause", text))
        )
        _close(node)
    _unique(zip(nodes, [group.id for group in groups], strict=True), "id")
    return tuple(groups)


def _bands(root: Node) -> tuple[Band, ...]:
    nodes = root.nodes("bands")
    bands = []
    for node in nodes:
        floor = node.take("from", number())
        bands.append(Band(node.take("class", text), node.take("vi", text), floor))
        _close(node)
    _unique(zip(nodes, [band.name for band in bands], strict=True), "class")
    for (_, above), (node, band) in pairwise(zip(nodes, bands, strict=True)):
        floors = (above.at_least, band.at_least)
        if ABSENT not in floors and floors[0] <= floors[1]:
            node.fault(message("rubric-floors-fall"), "from")
    if bands and bands[-1].at_least not in (ABSENT, 0):
        nodes[-1].fault(message("rubric-floor-zero"), "from")
    if "bands" in root.fields and not bands:
        root.fault(message("rubric-no-class"), "bands")
    return tuple(bands)


def _indicators(
    root: Node, groups: tuple[Group, ...], classes: tuple[str, ...]
) -> tuple[Indicator, ...]:
    nodes = root.nodes("indicators")
    ids = tuple(group.id for group in groups if group.id is not ABSENT)
    names = tuple(name for name in classes if name is not ABSENT)
    indicators = tuple(indicator(node, ids, names) for node in nodes)
    _unique(zip(nodes, [each.id for each in indicators], strict=True), "id")
    if "indicators" in root.fields and not indicators:
        root.fault(message("rubric-no-indicator"), "indicators")
    return indicators


def _gate(node: Node, classes: tuple[str, ...], indicators: tuple[Indicator, ...]) -> Gate:
    by_id = {each.id: each for each in indicators if each.id is not ABSENT}

    def class_above_lowest(value: Any) -> str:
        name = one_of([each for each in classes if each is not ABSENT])(value)
        if name == classes[-1]:
            raise UnreadableValue(message("rubric-lowest", lowest=name))
        return name

    def basic(value: Any) -> str:
        id_ = one_of(by_id)(value)
        kind = by_id[id_].kind
        if kind is not ABSENT and not kind.basic:
            raise UnreadableValue(message("rubric-basic", indicator=id_, kind=kind))
        return id_

    gate = Gate(
        node.take("class", class_above_lowest),
        node.take("at_least", number(0, 1)),
        node.take("indicator", basic, None),
    )
    node.take("each_group", true, False)
    if ("each_group" in node.fields) == ("indicator" in node.fields):
        node.fault(message("rubric-gate-one"))
    _close(node)
    return gate


def _share(root: Node, classes: tuple[str, ...]) -> TopClassShare | None:
    if root.take("top_class_share", lambda value: value, None) is None:
        return None
    node = root.node("top_class_share")
    if node is None:
        return None
    if len(classes) < 2:
        node.fault(message("rubric-two-classes"))
    of = node.take("of", one_of(get_args(ShareBase)))
    share = TopClassShare(node.take("at_most", number(0, 1)), of)
    _close(node)
    return share
