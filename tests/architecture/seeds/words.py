"""Participles as names: of parameters, fields and functions, and too many of variables."""

from __future__ import annotations

from tests.architecture.rules import words
from tests.architecture.seeds.seed import one_file

CODE = "services/intake/store.py"
NAMES = "".join(f"name_{number} = {number}\n" for number in range(250))
INTERFACES = tuple(
    one_file(words.interfaces_are_nouns, line, CODE, faulty, mended)
    for line, faulty, mended in (
        (1, "def load(said): ...\n", "def load(event): ...\nprint(said)\n"),
        (1, "def load(*, made=1): ...\n", "def load(*, maker=1): ...\n"),
        (1, "load = lambda given: 1\n", "load = lambda event: given\n"),
        (1, "def told(): ...\n", "class Door:\n    def told(self): ...\n"),
        (1, "async def _held(): ...\n", "def holder(): ...\n"),
        (2, "class Door:\n    known: int\n", "class Door:\n    knowledge: int\n"),
        (2, "class Door:\n    kept = 1\n", "class Door:\n    keeper = 1\n"),
        (3, "class Door:\n    def load(self):\n        self._seen = 1\n",
         "class Door:\n    def load(self, event):\n        event.seen = self._seen\n"),
    )
)  # fmt: skip
RATE = tuple(
    one_file(words.names_are_nouns, 251, CODE, f"{NAMES}{faulty}\n", f"{NAMES}{mended}\n")
    for faulty, mended in (
        ("found = taken = 1", "found = found = 1"),
        ("for found in load(): print([one for one in found])", "for found in load(): print(one)"),
        ("with load() as found, load() as one: ...", "with load() as found, load() as file: ..."),
        ("def a(said): ...\ndef b(said): ...", "def a(said, event): said = 1"),
        ("def said(found): ...", "def found_by(found): ..."),
    )
)
SEEDS = (*INTERFACES, *RATE)
