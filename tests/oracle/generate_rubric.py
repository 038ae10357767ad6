"""Random valid rubrics that use every kind of indicator and every option of SCORING section 9."""

import random
from fractions import Fraction
from typing import Any

from .catalog import DUTIES, FORMS, KINDS

Raw = dict[str, Any]

BASIC_IDS = [f"b{number}" for number in range(1, 19)] + ["officers-trained", "disclosure"]
LEVELS = {"commune": "1", "city": "1.5", "province": "7/3", "nation": "4"}
SEVERITIES = ("reminder", "reprimand", "warning", "dismissal")
GROUPS = ("training", "information", "responsibility", "technology")
SHAPES = ("coverage",) * 8 + ("quota",) * 4 + ("mean",) * 2 + ("share",) * 2 + ("merit",) * 2


def rubric(seed: int, kinds: tuple[str, ...] = KINDS) -> Raw:
    """A rubric of the given kinds of units, valid from 2025."""
    rng = random.Random(seed)
    indicators = [
        basic(rng, name, shape) for name, shape in zip(BASIC_IDS, SHAPES, strict=False)
        if rng.random() < 0.75 or name in ("b1", "b9")
    ]  # fmt: skip
    made = classes(rng, indicators)
    names = [band["class"] for band in made["bands"]]
    return {
        "id": f"random-{seed}",
        "vi": "Bộ tiêu chí thử",
        "reference": "thử",
        "years": {"from": rng.choice([2024, 2025]), "until": rng.choice([None, 2025, 2030])},
        "kinds": list(kinds),
        "maximum": rng.choice([100, 100, 80, 60, "12.5"]),
        "adjustment_limit": rng.choice(["5", "2.5", "0.75", 0]),
        "succession": rng.choice(["own", "pooled", "pooled"]),
        "reply_days": 14,
        "groups": [{"id": group, "vi": group, "clause": "Điều 4"} for group in GROUPS],
        **made,
        "indicators": [*indicators, bonus(rng), deduction(rng, names)],
    }


def classes(rng: random.Random, indicators: list[Raw]) -> Raw:
    """Bands low enough to be reached, gates and a share of the top class."""
    floors = rng.choice(
        [
            ["90", "70", "50", "0"], ["40", "25", "12.5", "0"], ["20", "10", "0"],
            ["66.665", "100/3", "0"], ["12.5", "0"], ["40", "25", "50/3", "5", "0"],
        ]
    )  # fmt: skip
    names = "ABCDE"[: len(floors)]
    bands = [
        {"class": name, "vi": name, "from": floor}
        for name, floor in zip(names, floors, strict=True)
    ]
    gates: list[Raw] = []
    for _ in range(rng.randrange(4)):
        level = rng.choice(["0.7", "1/3", "0.25", "1"])
        gate: Raw = {"class": rng.choice(names[:-1]), "at_least": level}
        if rng.random() < 0.3:
            gate |= {"each_group": True, "at_least": rng.choice(["0.1", "1/8", "0.3"])}
        else:
            gate["indicator"] = rng.choice(indicators)["id"]
        gates.append(gate)
    share: Raw | None = {
        "at_most": rng.choice(["1/5", "1/3", "0.5", "0.25", "1", "0"]),
        "of": rng.choice(["rated", "top_two", "next"]),
    }
    return {
        "bands": bands,
        "gates": gates,
        "top_class_share": share if rng.random() < 0.85 else None,
    }


def basic(rng: random.Random, name: str, shape: str) -> Raw:
    """One basic indicator."""
    points = rng.choice(["8", "6", "5", "4.5", "3", "20/3", "20/3", "0.07", 2])
    found: Raw = {
        "id": name,
        "vi": name,
        "clause": "Điều 4",
        "group": rng.choice(GROUPS),
        "kind": shape,
        "points": points,
        **MAKERS[shape](rng),
    }
    if rng.random() < 0.75:
        found["when_empty"] = rng.choice(["full", "zero", "exclude", "exclude"])
    if rng.random() < 0.25:
        found["scale"] = scale(rng, Fraction(str(points)))
    return found


def scale(rng: random.Random, points: Fraction) -> list[Raw]:
    """Some steps in any order; the best one need not give all points, nor ask for all."""
    floors = sorted(rng.sample(["1", "0.95", "2/3", "0.5", "1/3", "0.2", "0"], rng.randrange(1, 5)),
                    key=Fraction)  # fmt: skip
    most = len(floors) + rng.choice([0, 0, 1])
    steps = [
        {"at_least": floor, "points": str(points * place / most)}
        for place, floor in enumerate(floors, start=1)
    ]
    rng.shuffle(steps)
    return steps


def coverage(rng: random.Random) -> Raw:
    """A duty of the catalog, or two that share their key."""
    obliged, cleared, done, key = rng.choice(DUTIES)
    rule: Raw = {"set": obliged, "key": key}
    if cleared is not None:
        rule["clear"] = rng.choice([cleared, [cleared]])
    other: Raw = {"set": done if rng.random() < 0.7 else [done], "key": key}
    if obliged == "roster.assigned":
        rule["where"] = {"role": rng.choice(["board_member", ["official", "other"]])}
        other["where"] = {"topic": "democracy"}
    elif obliged == "oversight.planned" and rng.random() < 0.5:
        rule["where"] = {"board": "people_inspection"}
    elif obliged == "petition.received" and rng.random() < 0.5:
        rule["where"] = {"kind": ["petition", "complaint"]}
    elif done == "digital.adopted":
        other["clear"] = "digital.closed"
    found: Raw = {"obliged": [rule], "fulfilled": [other]}
    if rng.random() < 0.15:
        found["fulfilled"].append({"set": obliged, "key": key})
    if rng.random() < 0.15:
        found["obliged"].append({"set": obliged, "key": key})
    if rng.random() < 0.1:
        rule["clear"] = done
    if rng.random() < 0.7:
        found["late_credit"] = rng.choice(["0", "1/2", "1/3", "0.25", 1])
    if rng.random() < 0.5:
        found["grace_days"] = rng.choice([30, 90, 0, 1, 184, 364, 400])
    return found


def quota(rng: random.Random) -> Raw:
    """Things counted by a key, a form, a quarter, a month or the event itself."""
    rules: list[Raw] = [
        {"set": "communication.held", "key": "activity"},
        {"set": "communication.held", "key": "form"},
        {"set": ["communication.held", "dialogue.held"], "key": "$quarter"},
        {"set": "communication.held", "key": "$month", "where": {"form": ["portal", "social"]}},
        {"set": "dialogue.held", "key": "dialogue", "where": {"led_by_head": True}},
        {"set": "dialogue.held", "key": "led_by_head"},
        {"set": ["consultation.held", "conference.held"]},
        {"set": "consultation.held", "key": "form"},
        {"set": "petition.received", "key": "kind"},
        {"set": "violation.handled", "clear": "violation.overturned"},
        {"set": "violation.handled", "key": "act"},
        {"set": "feedback.given", "key": "score"},
        {"set": "count.reported", "key": "measure"},
        {"set": "training.completed", "key": "person", "where": {"topic": "it_skills"}},
        {"set": "model.nominated", "clear": "model.revoked", "key": "model"},
        {"set": "digital.adopted", "clear": ["digital.closed"], "key": "service"},
    ]
    chosen = rng.sample(rules, rng.choice([1, 1, 2]))
    return {"done": chosen, "target": rng.choice([1, 2, 3, 5, 8, "2.5", "7/3"])}


def mean(rng: random.Random) -> Raw:
    """Feedback, or hours of training."""
    rule: Raw = {"set": "feedback.given", "value": "score"}
    if rng.random() < 0.3:
        rule |= {"key": rng.choice(["service", "$month", "score", "channel"])}
    if rng.random() < 0.3:
        rule |= {"where": {"channel": ["qr", "portal"]}}
    if rng.random() < 0.3:
        hours = {"set": "training.completed", "key": "person", "value": "hours"}
        return {"done": [hours], "low": rng.choice([0, "-1/3"]), "high": 24, "minimum": 1}
    if rng.random() < 0.2:
        heard = {"set": "dialogue.held", "key": "dialogue", "value": "participants"}
        return {"done": [heard], "low": "0.5", "high": "99/2", "minimum": 1}
    return {"done": [rule], "low": 1, "high": 5, "minimum": rng.choice([0, 2, 5, 10, 30])}


def share(rng: random.Random) -> Raw:
    """Reported totals, attendance, or opinions where both numbers were told."""
    rules: list[Raw] = [
        {"set": "count.reported", "key": "period", "numerator": "numerator",
         "denominator": "denominator"},
        {"set": "conference.held", "key": "conference", "numerator": "present",
         "denominator": "invited"},
        {"set": "consultation.held", "numerator": "took_part", "denominator": "invited"},
        {"set": "consultation.held", "key": "form", "numerator": "took_part",
         "denominator": "invited"},
        {"set": "count.reported", "key": "measure", "where": {"measure": ["me-1", "me-2"]},
         "numerator": "numerator", "denominator": "denominator"},
    ]  # fmt: skip
    return {"done": [rng.choice(rules)]}


def merit(rng: random.Random) -> Raw:
    """Recognised models."""
    points = {"by": "level", "of": dict(LEVELS)}
    rule = {"set": "model.recognised", "clear": "model.revoked", "key": "model", "points": points}
    form = {"by": "form", "of": {name: f"{n}/7" for n, name in enumerate(FORMS.split("|"))}}
    told = {"set": "communication.held", "key": rng.choice(["activity", "$quarter", "form"]),
            "points": form}  # fmt: skip
    done = [told if rng.random() < 0.3 else rule]
    return {"done": done, **({"pick": "highest"} if rng.random() < 0.6 else {})}


def bonus(rng: random.Random) -> Raw:
    """Awards and replicated models, also two rules of one key."""
    of = {"province": "1", "ministry": "2", "state": "10/3"}
    award = {"set": "award.granted", "clear": "award.revoked", "key": "award"}
    model = {"set": "model.replicated", "clear": "model.revoked", "key": "model", "points": "1"}
    level = {"set": "model.recognised", "key": "model", "points": {"by": "level", "of": LEVELS}}
    twice = {"set": "model.recognised", "key": "model", "points": "2"}
    done: list[Raw] = [{**award, "points": {"by": "level", "of": of}}, model]
    if rng.random() < 0.5:
        done += rng.sample([level, twice], 2)
    if rng.random() < 0.3:
        done.append({"set": "model.revoked", "key": "model", "points": "1/2"})
    picked = {"pick": "highest"} if rng.random() < 0.6 else {}
    cap = rng.choice(["5", "3.5", "12", "10/3"])
    return {"id": "recognition", "vi": "x", "clause": "Điều 4", "kind": "bonus", "cap": cap,
            "done": done, **picked}  # fmt: skip


def deduction(rng: random.Random, names: list[str]) -> Raw:
    """Violations by severity, with ceilings at some of these classes."""
    done = []
    for self_found, divisor in ((False, "1"), (True, "3")):
        points = {"by": "severity", "of": {
            name: f"{worth}/{divisor}" if divisor != "1" else worth
            for name, worth in zip(SEVERITIES, (1, 3, 5, 10), strict=True)
        }}  # fmt: skip
        done.append(
            {"set": "violation.handled", "clear": "violation.overturned", "key": "case",
             "where": {"self_found": self_found}, "points": points}
        )  # fmt: skip
    if rng.random() < 0.3:
        acts = {"by": "act", "of": {f"9.{n}": f"{n}/3" for n in range(1, 6)}}
        done.insert(rng.randrange(3), {"set": "violation.handled", "key": "case", "points": acts})
    if rng.random() < 0.2:
        done.append({"set": "model.revoked", "key": "model", "points": "1/2"})
    ceilings: list[Raw] = [
        {"where": {"by_head": True, "severity": ["warning", "dismissal"]}, "at_least": 1,
         "class_at_most": "C"},
        {"where": {"severity": "dismissal"}, "at_least": 2, "class_at_most": "B"},
        {"where": {"by_head": False}, "at_least": 3, "class_at_most": "B"},
        {"where": {"act": ["9.1", "9.2"]}, "at_least": 1, "class_at_most": "B"},
    ]  # fmt: skip
    chosen = [
        {**ceiling, "vi": "trần"}
        for ceiling in ceilings
        if rng.random() < 0.6 and ceiling["class_at_most"] in names
    ]
    return {"id": "violations", "vi": "x", "clause": "Điều 4", "kind": "deduction",
            "cap": rng.choice(["25", "8", "4.25"]), "done": done, "ceilings": chosen,
            **({"pick": "highest"} if rng.random() < 0.6 else {})}  # fmt: skip


MAKERS = {"coverage": coverage, "quota": quota, "mean": mean, "share": share, "merit": merit}
