"""A rubric from its YAML file (SCORING.md section 9), or every fault with file, line and reason."""

from __future__ import annotations

import hashlib
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any, get_args

from contracts.data import UnitKind
from services.scoring.rubric import (
    Band,
    Gate,
    Group,
    Indicator,
    Kind,
    Rubric,
    Rubrics,
    Rule,
    Step,
    TopClassShare,
)
from services.scoring.rubric_rules import ceiling, rule
from services.scoring.rubric_yaml import (
    ABSENT,
    Faults,
    Node,
    RubricRefused,
    integer,
    list_,
    number,
    one_of,
    parse,
    positive,
    text,
)

SHIPPED = Path(__file__).parent / "rubrics"


def load(path: Path) -> Rubric:
    """The rubric of one file; raises RubricRefused with all its faults."""
    raw = path.read_bytes()
    try:
        spelled = raw.decode()
    except UnicodeDecodeError:
        raise RubricRefused([f"{path.name}:1: is not UTF-8"]) from None
    faults = Faults(path.name)
    root = Node(parse(path, spelled), 1, faults, "rubric")
    if not root.raw:
        faults.add(1, "holds no rubric")
        raise RubricRefused(faults.found)
    rubric = _rubric(root, hashlib.sha256(raw).hexdigest())
    if faults.found:
        raise RubricRefused(faults.found)
    return rubric


def load_directory(path: Path) -> Rubrics:
    """All rubrics of a directory; two that fit the same kind and year are refused."""
    files = sorted(path.glob("*.yaml"))
    loaded: list[tuple[Path, Rubric]] = []
    faults: list[str] = []
    for file in files:
        try:
            loaded.append((file, load(file)))
        except RubricRefused as refused:
            faults += refused.faults
    for (one, a), (other, b) in combinations(loaded, 2):
        kinds = set(a.kinds) & set(b.kinds)
        if kinds and _overlap(a, b):
            faults.append(f"{other.name}:1: governs {', '.join(sorted(kinds))} as {one.name} does")
        if a.id == b.id:
            faults.append(f"{other.name}:1: has the id of {one.name}")
    if faults or not files:
        raise RubricRefused(faults or [f"{path.name}: holds no rubric (*.yaml)"])
    return Rubrics(tuple(rubric for _, rubric in loaded))


def _overlap(a: Rubric, b: Rubric) -> bool:
    ends = [9999 if r.last_year is None else r.last_year for r in (a, b)]
    return a.first_year <= ends[1] and b.first_year <= ends[0]


def _rubric(root: Node, digest: str) -> Rubric:
    years = Node(root.take("years", lambda v: v, None), root.line, root.faults, "years")
    first = years.take("from", integer(2000))
    last = years.take("until", lambda v: None if v is None else integer(2000)(v), None)
    years.close()
    if isinstance(first, int) and last is not None and last < first:
        years.fault("lies before from", "until")
    groups = tuple(_group(node) for node in root.nodes("groups"))
    bands = _bands(root)
    classes = tuple(band.name for band in bands)
    held = {group.id for group in groups}
    indicators = tuple(_indicator(n, held, classes) for n in root.nodes("indicators"))
    _unique(root, "indicators", [i.id for i in indicators])
    _unique(root, "groups", [group.id for group in groups])
    rubric = Rubric(
        id=root.take("id", text),
        vi=root.take("vi", text),
        reference=root.take("reference", text),
        first_year=first,
        last_year=last,
        kinds=_kinds(root),
        maximum=root.take("maximum", positive),
        adjustment_limit=root.take("adjustment_limit", _hundredths),
        succession=root.take("succession", one_of(("pooled", "own"))),
        reply_days=root.take("reply_days", integer(0)),
        groups=groups,
        bands=bands,
        gates=tuple(_gate(n, classes, indicators) for n in root.nodes("gates", required=False)),
        top_class_share=_share(root, classes),
        indicators=indicators,
        digest=digest,
    )
    root.close()
    return rubric


def _hundredths(value: Any) -> Any:
    found = number()(value)
    if (found * 100).denominator != 1:
        raise ValueError("has at most two decimals")
    return found


def _unique(node: Node, name: str, ids: list[str]) -> None:
    for twice in sorted({str(i) for i in ids if ids.count(i) > 1}):
        node.fault(f"name {twice} twice", name)


def _kinds(root: Node) -> tuple[str, ...]:
    known = get_args(UnitKind)
    none: tuple[str, ...] = ()
    found = root.take("kinds", lambda v: tuple(one_of(known)(k) for k in list_(v)), none)
    if not found:
        root.fault("names no kind of unit", "kinds")
    return found


def _group(node: Node) -> Group:
    found = Group(node.take("id", text), node.take("vi", text), node.take("clause", text))
    node.close()
    return found


def _bands(root: Node) -> tuple[Band, ...]:
    bands = []
    for node in root.nodes("bands"):
        bands.append(Band(node.take("class", text), node.take("vi", text), _from(node)))
        node.close()
    if not bands:
        return ()
    _unique(root, "bands", [band.name for band in bands])
    floors = [band.at_least for band in bands]
    if ABSENT not in floors:
        if any(above <= below for above, below in pairwise(floors)):
            root.fault("must fall from the best to the last", "bands")
        if floors[-1] != 0:
            root.fault("must end with a class from 0", "bands")
    return tuple(bands)


def _from(node: Node) -> Any:
    return node.take("from", number())


def _gate(node: Node, classes: tuple[str, ...], indicators: tuple[Indicator, ...]) -> Gate:
    name = node.take("class", one_of(classes[:-1]))
    at_least = node.take("at_least", number(0, 1))
    basic = [i.id for i in indicators if i.kind is not ABSENT and i.kind.basic]
    indicator = node.take("indicator", one_of(basic), None)
    each = node.take("each_group", lambda value: value is True, False)
    if each == ("indicator" in node.raw):
        node.fault("a gate names either an indicator or each_group: true")
    node.close()
    return Gate(name, at_least, indicator)


def _share(root: Node, classes: tuple[str, ...]) -> TopClassShare | None:
    raw = root.take("top_class_share", lambda value: value, None)
    if raw is None:
        return None
    node = Node(raw, root.line_of("top_class_share"), root.faults, "top_class_share")
    if len(classes) < 2:
        node.fault("needs two classes or more")
    of = node.take("of", one_of(("rated", "top_two", "next")))
    found = TopClassShare(node.take("at_most", number(0, 1)), of)
    node.close()
    return found


def _indicator(node: Node, groups: set[str], classes: tuple[str, ...]) -> Indicator:
    name = node.take("id", text)
    node.what = f"indicator {name}" if isinstance(name, str) else node.what
    kind = node.take("kind", lambda value: Kind(one_of([str(k) for k in Kind])(value)))
    given: dict[str, Any] = {
        "id": name,
        "vi": node.take("vi", text),
        "clause": node.take("clause", text),
        "kind": kind,
    }
    if kind is not ABSENT:
        given |= _basic(node, groups) if kind.basic else {"cap": node.take("cap", number())}
        given |= _of_kind(node, kind, classes)
        node.close()
    return Indicator(**given)


def _basic(node: Node, groups: set[str]) -> dict[str, Any]:
    points = node.take("points", positive)
    empty = node.take("when_empty", one_of(("full", "zero", "exclude")), "zero")
    steps = []
    for step in node.nodes("scale", required=False):
        steps.append(Step(step.take("at_least", number(0, 1)), step.take("points", number())))
        step.close()
    if all(ABSENT not in (s.at_least, s.points) for s in steps) and points is not ABSENT:
        ordered = sorted(steps, key=lambda step: step.at_least)
        if any(a.at_least == b.at_least or a.points >= b.points for a, b in pairwise(ordered)):
            node.fault("points must rise with at_least", "scale")
        if any(step.points > points for step in steps):
            node.fault(f"gives more than the indicator's {points} points", "scale")
    group = node.take("group", one_of(groups))
    return {"points": points, "when_empty": empty, "scale": tuple(steps), "group": group}


def _of_kind(node: Node, kind: Kind, classes: tuple[str, ...]) -> dict[str, Any]:
    def rules(name: str) -> tuple[Rule, ...]:
        found = tuple(rule(inner, kind) for inner in node.nodes(name))
        if not found:
            node.fault("names no rule", name)
        return found

    if kind is Kind.COVERAGE:
        return {
            "obliged": rules("obliged"),
            "fulfilled": rules("fulfilled"),
            "late_credit": node.take("late_credit", number(0, 1), number()(1)),
            "grace_days": node.take("grace_days", integer(0), None),
        }
    given: dict[str, Any] = {"done": rules("done")}
    if kind is Kind.QUOTA:
        given["target"] = node.take("target", positive)
    if kind is Kind.MEAN:
        given |= {name: node.take(name, number()) for name in ("low", "high")}
        given["minimum"] = node.take("minimum", integer(1))
        if ABSENT not in given.values() and given["low"] >= given["high"]:
            node.fault("must lie above low", "high")
    if kind.counts_points:
        pick = node.take("pick", one_of(("highest", "latest")), "latest")
        given["pick_highest"] = pick == "highest"
    if kind is Kind.DEDUCTION:
        sets = tuple({short: None for one in given["done"] for short in one.sets})
        nodes = node.nodes("ceilings", required=False)
        given["ceilings"] = tuple(ceiling(inner, sets, classes) for inner in nodes)
    return given
