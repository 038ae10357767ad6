"""Our own HTTP interface, asked with the development tokens of a home or a token that is given."""

import asyncio
import json
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from services.chassis.auth import ROLES, TOKENS_FILE
from services.chassis.errors import DanchuError, SettingWrong
from services.chassis.settings import read_object

SECONDS = 60.0


class Unanswered(DanchuError):
    """Nobody answers at the address."""

    def __init__(self, url: str, cause: object) -> None:
        super().__init__(f"Nobody answers at {url} ({cause}). Is danchu up? `danchu up` starts it.")


class NoToken(DanchuError):
    """There is no token to ask with."""

    def __init__(self, home: Path) -> None:
        super().__init__(
            f"There is no {TOKENS_FILE} in {home}: give --token, or --home of a running danchu."
        )


@dataclass(frozen=True)
class Answer:
    """Status and body of an answer."""

    status: int
    body: bytes

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)

    def problem(self) -> str:
        """What went wrong, in a sentence."""
        try:
            return str(self.json().get("detail"))
        except (ValueError, AttributeError):
            return f"the answer has status {self.status}"


def tokens(home: Path) -> dict[str, str]:
    """The development tokens by role; NoToken without."""
    path = home / TOKENS_FILE
    if not path.exists():
        raise NoToken(home)
    found = read_object(path)
    for role in ROLES:
        if not isinstance(found.get(role), str):
            raise SettingWrong(str(path), f"it has no token of the role {role}")
    return found


@dataclass(frozen=True)
class Client:
    """Asks one address; Unanswered when nobody is there."""

    url: str

    async def get(self, path: str, token: str = "", **asked: Any) -> Answer:
        """GET with parameters."""
        query = urllib.parse.urlencode({k: v for k, v in asked.items() if v is not None})
        return await self._ask("GET", f"{path}?{query}" if query else path, token)

    async def post(self, path: str, body: bytes, content_type: str, token: str) -> Answer:
        """POST of a body."""
        return await self._ask("POST", path, token, body, content_type)

    async def _ask(
        self, method: str, path: str, token: str, body: bytes | None = None, type_: str = ""
    ) -> Answer:
        headers = {"authorization": f"Bearer {token}"} if token else {}
        if type_:
            headers["content-type"] = type_
        url = f"{self.url.rstrip('/')}{path}"
        asked = urllib.request.Request(url, body, headers, method=method)
        return await asyncio.to_thread(_sent, asked, self.url)

    async def alive(self) -> bool:
        """Whether the process there answers."""
        try:
            return (await self.get("/healthz")).status == 200
        except Unanswered:
            return False


def _sent(asked: urllib.request.Request, url: str) -> Answer:
    try:
        with urllib.request.urlopen(asked, timeout=SECONDS) as answer:
            return Answer(answer.status, answer.read())
    except urllib.error.HTTPError as refused:
        return Answer(refused.code, refused.read())
    except (OSError, ValueError) as away:
        raise Unanswered(url, getattr(away, "reason", away)) from away
