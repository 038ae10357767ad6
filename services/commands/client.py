"""A client of danchu's HTTP interface, with the tokens of a home or another token."""

from __future__ import annotations

import asyncio
import json
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contracts.messages import LANGUAGES, Message
from services.chassis.auth.credentials import ROLES, TOKENS_FILE
from services.chassis.errors import DanchuError, SettingWrong
from services.chassis.settings import read_object
from services.commands.homes import is_home
from services.commands.messages import message
from services.commands.trust import trust_of

SECONDS = 60.0
REASONS = {
    "ConnectionRefusedError": "reason-refused",
    "ConnectionResetError": "reason-reset",
    "RemoteDisconnected": "reason-reset",
    "TimeoutError": "reason-timeout",
    "gaierror": "reason-name",
    "SSLCertVerificationError": "reason-certificate",
}


class Unanswered(DanchuError):
    """The address does not respond."""

    def __init__(self, url: str, cause: object) -> None:
        super().__init__(message("unanswered", url=url, why=_reason(cause)))


class NoToken(DanchuError):
    """There is no token for the request."""

    def __init__(self, home: Path) -> None:
        code = "no-token" if is_home(home) else "no-token-no-home"
        super().__init__(message(code, home=home.absolute()))


def _reason(cause: object) -> Message:
    return message(REASONS.get(type(cause).__name__, "reason-other"))


@dataclass(frozen=True)
class Answer:
    """Status and body of an answer."""

    status: int
    body: bytes

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)

    def problem(self) -> Message:
        """The server's description of the problem, or a sentence of ours without one."""
        try:
            body = self.json()
            detail = body["detail"]
        except (ValueError, TypeError, KeyError):
            return message("answer-silent")
        vi, en = (str(body.get(f"detail_{language}", detail)) for language in ("vi", "en"))
        return Message(str(body.get("code", "answer")), vi, en)

    def field_errors(self) -> list[Message]:
        """A line for each field or parameter that the problem names; none where it names none."""
        try:
            return [_field_line(error) for error in self.json().get("errors", [])]
        except (ValueError, TypeError, KeyError, AttributeError):
            return []


def _field_line(error: dict[str, Any]) -> Message:
    vi, en = (f"- {error['field']}: {error[f'message_{each}']}" for each in LANGUAGES)
    return Message("field", vi, en)


def tokens(home: Path) -> dict[str, str]:
    """The development tokens by role; NoToken without the file."""
    path = home / TOKENS_FILE
    if not path.exists():
        raise NoToken(home)
    stored = read_object(path)
    for role in ROLES:
        if not isinstance(stored.get(role), str):
            raise SettingWrong(str(path), message("token-missing-role", role=role))
    return stored


def _response(request: urllib.request.Request) -> Any:
    """The response, whatever its status; the server may still go away while it is read."""
    try:
        trust = trust_of(request.full_url)
        return urllib.request.urlopen(request, timeout=SECONDS, context=trust)
    except urllib.error.HTTPError as refusal:
        return refusal


@dataclass(frozen=True)
class Client:
    """Requests to one address; Unanswered if it does not respond."""

    url: str

    async def get(self, path: str, token: str = "", **parameters: Any) -> Answer:
        """GET with parameters."""
        query = urllib.parse.urlencode({k: v for k, v in parameters.items() if v is not None})
        return await self._request("GET", f"{path}?{query}" if query else path, token)

    async def post(self, path: str, body: bytes, content_type: str, token: str) -> Answer:
        """POST of a body."""
        return await self._request("POST", path, token, body, content_type)

    async def _request(
        self, method: str, path: str, token: str, body: bytes | None = None, type_: str = ""
    ) -> Answer:
        headers = {"authorization": f"Bearer {token}"} if token else {}
        if type_:
            headers["content-type"] = type_
        return await asyncio.to_thread(self._send, method, path, headers, body)

    async def alive(self) -> bool:
        """Whether the process there responds."""
        try:
            return (await self.get("/healthz")).status == 200
        except Unanswered:
            return False

    def _send(self, method: str, path: str, headers: dict[str, str], body: bytes | None) -> Answer:
        import http.client

        url = f"{self.url.rstrip('/')}{path}"
        try:
            request = urllib.request.Request(url, body, headers, method=method)
            with _response(request) as response:
                return Answer(response.status, response.read())
        except (OSError, ValueError, http.client.HTTPException) as away:
            raise Unanswered(self.url, getattr(away, "reason", away)) from away
