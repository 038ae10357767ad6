"""Bounded parsing of HTTP/1.1 requests, on the parser and the request cycle of uvicorn.

Heads, targets, chunk framing and pipelines are limited in size; malformed and ambiguous requests
are refused. The subclass (`connection`) adds time limits and admission.
"""

import asyncio
import urllib.parse
from typing import Any

import httptools
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from contracts.messages import Message
from services.chassis.http.answer_cycle import AnswerCycle
from services.chassis.http.browser_headers import ENCRYPTED_FIELDS
from services.chassis.http.problems import Problem
from services.chassis.http.proxies import Proxies
from services.chassis.messages import message

HEAD_BYTES_MAX = 64 * 1024
TARGET_BYTES_MAX = 16 * 1024
FIELDS_MAX = 100
DRAINED_BYTES_MAX = 64 * 2**20
FRAMING_BYTES = 8
"""Bytes of chunk framing allowed for each byte of a body: a chunk of one byte has five."""
PIPELINE_MAX = 32
SLICE_BYTES = 64 * 1024


class RequestRefused(Exception):
    """Raised by a callback of the parser to refuse a request."""

    def __init__(self, status: int, detail: Message) -> None:
        self.problem = Problem(status, detail)
        super().__init__(detail)


def credential_key(authorization: bytes) -> bytes:
    """What names the credential of a header: of a JWT what is signed.

    So another spelling of the scheme or of the signature is no second credential.
    """
    token = authorization.partition(b" ")[2].strip()
    return token.rpartition(b".")[0] or token


def _too_large() -> RequestRefused:
    return RequestRefused(431, message("head-too-large", limit=HEAD_BYTES_MAX, fields=FIELDS_MAX))


class RequestParsing(HttpToolsProtocol):
    """The receiving half of a connection."""

    running: RequestResponseCycle | None = None
    """The request that is being answered; `cycle` is the newest one."""
    message_open = False
    """Whether a head is complete and its body is not."""
    deaf = False
    """Whether further input is discarded."""
    drains = False
    """Whether the rest of an unread body is being drained."""
    credential: bytes | None = None
    proxies: Proxies | None = None
    shared = False
    """Whether it comes from one of the proxies."""
    head_bytes = 0
    drained_bytes = 0
    body_bytes = 0
    body_time = 0.0
    now = 0.0
    """The time of the last input."""
    _field_bytes = 0
    _framing = 0

    def cut(self, problem: Problem) -> None:
        """Answers with a problem, unless an answer has begun, and closes."""
        raise NotImplementedError

    def drop(self) -> None:
        """Closes at once."""
        raise NotImplementedError

    def is_answering(self) -> bool:
        """Whether a request is being answered."""
        return self.running is not None and not self.running.response_complete

    def feed(self, data: bytes) -> None:
        """Parses a slice of the input."""
        if self.deaf or self.drains:
            self.drained_bytes += len(data)
            if self.drained_bytes > DRAINED_BYTES_MAX:
                self.drop()
            if self.deaf:
                return
        if self.message_open:
            self._framing += len(data)
        else:
            self.head_bytes += len(data)
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            # No other protocol is supported: the request is answered, and later input discarded.
            self.deaf, self.cycle.keep_alive = True, False
        except httptools.HttpParserError as error:
            self._malformed(error.__context__)
        else:
            if self._framing > HEAD_BYTES_MAX:
                self._malformed(None)
            elif self.head_bytes > HEAD_BYTES_MAX and not self.message_open:
                self._malformed(_too_large())

    def _malformed(self, cause: BaseException | None) -> None:
        """Refuses the input, after the answer to a request before it on this connection."""
        if self.deaf:
            return
        behind = self.pipeline or not self.message_open
        if self.running is not None and self.is_answering() and behind:
            self.pipeline.clear()
            self.deaf, self.running.keep_alive = True, False
            return
        malformed = Problem(400, message("request-malformed"))
        self.cut(cause.problem if isinstance(cause, RequestRefused) else malformed)

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        self._field_bytes = 0

    def on_url(self, url: bytes) -> None:
        """A part of the target arrived."""
        self.url += url
        if len(self.url) > TARGET_BYTES_MAX:
            raise RequestRefused(414, message("target-too-long", limit=TARGET_BYTES_MAX))

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header field arrived; trailers are ignored."""
        if self.message_open:
            return
        self._field_bytes += len(name) + len(value)
        if self._field_bytes > HEAD_BYTES_MAX or len(self.headers) >= FIELDS_MAX:
            raise _too_large()
        self.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        """The head is complete: the request starts, or waits for the requests before it."""
        version, scope = self.parser.get_http_version(), self.scope
        if version not in ("1.1", "1.0") or self.deaf:
            raise RequestRefused(400, message("request-malformed"))
        continues = self._check_headers(version)
        target = httptools.parse_url(self.url)
        raw_path: bytes = target.path or b"/"
        path = raw_path.decode("ascii")
        scope["method"] = self.parser.get_method().decode("ascii")
        scope["http_version"] = version
        scope["path"] = urllib.parse.unquote(path) if "%" in path else path
        scope["raw_path"], scope["query_string"] = raw_path, target.query or b""
        if self.shared:
            self._follow_proxy()
        self.message_open, self._framing = True, 0
        self.body_bytes, self.body_time = 0, self.now
        self.cycle = AnswerCycle(
            scope, self.transport, self.flow, self.logger, self.access_logger, False,
            self._own_headers(), asyncio.Event(), continues,
            version != "1.0" and self.parser.should_keep_alive(), self.on_response_complete,
        )  # fmt: skip
        if not self.is_answering():
            self._start_asgi_task(self.cycle, self.app)
            return
        self.flow.pause_reading()
        self.pipeline.appendleft((self.cycle, self.app))
        if len(self.pipeline) >= PIPELINE_MAX:
            self.deaf, self.cycle.keep_alive = True, False

    def _follow_proxy(self) -> None:
        """Takes the caller's address and scheme from what the proxy says."""
        if self.proxies is not None and self.client is not None:
            hop = self.proxies.caller(self.client[0], self.headers)
            self.scope["client"] = (hop.host, 0)
            if hop.scheme is not None:
                self.scope["scheme"] = hop.scheme

    def _own_headers(self) -> list[tuple[bytes, bytes]]:
        """The header fields of every answer."""
        fields = self.server_state.default_headers
        return fields if self.scope["scheme"] == "http" else fields + ENCRYPTED_FIELDS

    def _check_headers(self, version: str) -> bool:
        """Refuses an ambiguous host, stores the credential; whether 100-continue is expected."""
        hosts, continues, self.credential = 0, False, None
        for name, value in self.headers:
            if name == b"host":
                hosts += 1
            elif name == b"authorization":
                self.credential = credential_key(value)
            elif name == b"expect":
                continues = value.lower() == b"100-continue"
        if hosts != 1 and (hosts or version == "1.1"):
            raise RequestRefused(400, message("host-header"))
        return continues

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        raise NotImplementedError

    def on_body(self, body: bytes) -> None:
        """A part of a body arrived."""
        self._framing -= (FRAMING_BYTES + 1) * len(body)
        self.body_bytes += len(body)
        self.body_time = self.now
        cycle = self.cycle
        if not cycle.response_complete:
            cycle.body += body
            if len(cycle.body) > HIGH_WATER_LIMIT:
                self.flow.pause_reading()
            cycle.message_event.set()

    def on_message_complete(self) -> None:
        """The request is complete."""
        self.message_open, self.head_bytes, self._framing = False, 0, 0
        cycle = self.cycle
        if not cycle.response_complete:
            cycle.more_body = False
            cycle.message_event.set()
