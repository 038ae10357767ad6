"""The table of every setting, docs/settings.md: from the settings classes, not written by hand.

`python -m services.commands.settings_table` prints the page; a test holds it against the file.
What a setting is stands in `settings.toml`, in both languages.
"""

from __future__ import annotations

import json
import sys
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from types import NoneType
from typing import Any, Literal, get_args, get_origin

from pydantic.fields import FieldInfo

from services.chassis.setting_files import is_folder
from services.chassis.settings import PREFIX, SERVICE_SETTINGS
from services.commands.setting_names import KINDS

SERVICE = "<service>"
HEAD = """# Settings

Every setting of danchu, from the classes that read it; `make generate` writes this page, and a
test compares it. Settings come from the environment. Where `_FILE` says yes, a file can hold the
value instead, as secrets are mounted: `DANCHU_…_FILE` names it. The path of a key file stands
under either name. `<SERVICE>` is `INTAKE`, `TRAINING`, `AWARDS`, `VIOLATIONS` or `SCORING`.
[operations.md](operations.md) says more about each, and what a wrong one leads to.

| setting | type | default | `_FILE` | what it is | nội dung |
| --- | --- | --- | --- | --- | --- |
"""


@dataclass(frozen=True)
class Description:
    """What a setting is, a sentence in each language."""

    vi: str
    en: str


@dataclass(frozen=True)
class Row:
    """A setting as the table shows it."""

    setting: str
    type: str
    default: str
    filed: bool
    description: Description

    def line(self) -> str:
        """The row in Markdown."""
        filed = "yes" if self.filed else "no"
        described = f"{self.description.en} | {self.description.vi}"
        return f"| `{self.setting}` | {self.type} | {self.default} | {filed} | {described} |"


def descriptions() -> dict[str, Description]:
    """The descriptions of `settings.toml`, by the name of the field."""
    text = resources.files("services.commands").joinpath("settings.toml").read_text("utf-8")
    return {name: Description(**entry) for name, entry in tomllib.loads(text).items()}


def rows() -> Iterator[Row]:
    """All settings, those of every process first; KeyError for one without a description."""
    described = descriptions()
    listed: set[str] = set()
    for kind in KINDS:
        for name, field in kind.model_fields.items():
            if name not in listed:
                listed.add(name)
                yield _row(name, field, described)
    for pattern in SERVICE_SETTINGS:
        name = pattern.format(SERVICE).lower()
        setting = PREFIX + name.upper()
        yield Row(setting, "text", "none", True, described[name])


def _row(name: str, field: FieldInfo, described: Mapping[str, Description]) -> Row:
    filed = not is_folder(field)
    return Row(PREFIX + name.upper(), _type(field), _default(field), filed, described[name])


def _type(field: FieldInfo) -> str:
    """The type in words, with its bounds."""
    annotation = _without_none(field.annotation)
    if get_origin(annotation) is Literal:
        return ", ".join(f"`{choice}`" for choice in get_args(annotation))
    if get_origin(annotation) is dict:
        return "JSON object"
    if annotation is Path:
        return "folder" if is_folder(field) else "file"
    words = {str: "text", int: "integer", bool: "`true` or `false`", float: "number"}
    return words[annotation] + _bounds(field)


def _without_none(annotation: Any) -> Any:
    """The type of a setting that may be unset."""
    others = [each for each in get_args(annotation) if each is not NoneType]
    optional = len(others) == 1 and NoneType in get_args(annotation)
    return others[0] if optional else annotation


def _bounds(field: FieldInfo) -> str:
    bounds = {"ge": "from {}", "gt": "above {}", "le": "to {}", "lt": "below {}"}
    texts = [
        text.format(value)
        for name, text in bounds.items()
        for each in field.metadata
        if (value := getattr(each, name, None)) is not None
    ]
    return ", " + " ".join(texts) if texts else ""


def _default(field: FieldInfo) -> str:
    value = field.get_default(call_default_factory=True)
    if value is None:
        return "none"
    if isinstance(value, bool | dict):
        return f"`{json.dumps(value)}`"
    return f"`{value}`"


def settings_page() -> str:
    """The text of docs/settings.md."""
    return HEAD + "".join(f"{row.line()}\n" for row in rows())


if __name__ == "__main__":
    sys.stdout.write(settings_page())
