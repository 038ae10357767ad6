"""The stack of a run: `danchu up` with the sample city, and the passwords that it printed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from typer.testing import CliRunner

from services.chassis.auth.accounts import FIRST_ROLES
from services.cli import app
from tests.pages.records import make_records
from tests.support.stacks import Stack

OWN_CLERK, OWN_READER = "can-bo", "nguoi-xem"
"""A clerk and a reader of the one commune of the catalog."""
PASSWORD = "mat-khau-cua-kiem-thu"


@dataclass(frozen=True)
class City:
    """The stack, by name the password of each account, and by place the id of each record."""

    stack: Stack
    passwords: dict[str, str]
    records: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """Where its pages are."""
        return self.stack.url

    def address(self, path: str) -> str:
        """A path of the catalog with the ids of its records."""
        return path.format_map(self.records)

    def add_account(self, name: str, role: str, *units: str, sources: Sequence[str] = ()) -> None:
        """A further account, limited to these units, and to these prefixes of `source`."""
        options = [word for unit in units for word in ("--unit", unit)]
        options += [word for source in sources for word in ("--source", source)]
        command = ["account", "add", name, "--role", role, *options]
        # in this process, which has loaded the commands already
        ended = CliRunner().invoke(
            app, [*command, "--home", str(self.stack.home)], input=PASSWORD + "\n"
        )
        assert ended.exit_code == 0, ended.output
        self.passwords[name] = PASSWORD


@contextmanager
def opened_city(home: Path, *arguments: str) -> Iterator[City]:
    """A running stack with the public view; it ends with the block.

    Without arguments it has the sample city.
    """
    stack = Stack(home)
    stack.process = stack.begin("--port", str(stack.port), *arguments, DANCHU_PUBLIC_VIEW="true")
    try:
        screen = stack.wait("ready")
        city = City(stack, dict(re.findall(rf"^  ({'|'.join(FIRST_ROLES)}) +(\S+)$", screen, re.M)))
        assert len(city.passwords) == len(FIRST_ROLES), screen
        yield city
    finally:
        stack.stop()


@contextmanager
def sample_city(home: Path, unit: str) -> Iterator[City]:
    """The sample city, with a clerk and a reader of one unit, and the records of the catalog."""
    with opened_city(home) as city:
        city.records.update(make_records(city.stack))
        city.add_account(OWN_CLERK, "clerk", unit)
        city.add_account(OWN_READER, "reader", unit)
        yield city
