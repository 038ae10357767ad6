"""Which changes of a schema break somebody: what was sent before must still be taken, and read."""

from __future__ import annotations

from typing import Any


def breaks(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """Every breaking difference between two schemas of one type and version."""
    found = []
    old, new = before["$defs"], after["$defs"]
    for name in old:
        if name not in new:
            found.append(f"{name} is gone")
            continue
        found += [f"{name}.{what}" for what in _objects(old[name], new[name])]
    return found


def _objects(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    fields, later = old.get("properties", {}), new.get("properties", {})
    found = [f"{name} is gone" for name in fields if name not in later]
    needed = set(new.get("required", ())) - set(old.get("required", ()))
    found += [f"{name} is newly required" for name in sorted(needed)]
    dropped = set(old.get("required", ())) - set(new.get("required", ()))
    found += [f"{name} is no longer sure to be there" for name in sorted(dropped)]
    for name in fields.keys() & later.keys():
        if _plain(fields[name]) != _plain(later[name]):
            found.append(f"{name} takes other values")
    return found


def _plain(field: Any) -> Any:
    """A field's schema without what only people read."""
    if isinstance(field, dict):
        return {k: _plain(v) for k, v in field.items() if k not in ("description", "title")}
    return field
