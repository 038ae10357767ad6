"""One request and its answer: header fields of an answer replace those that every answer has."""

from uvicorn._types import ASGISendEvent
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

POLICY_FIELD = b"content-security-policy"


class AnswerCycle(RequestResponseCycle):
    """The cycle of uvicorn; an answer with its own policy replaces whichever fields it has."""

    async def send(self, message: ASGISendEvent) -> None:
        """Sends a part of the answer."""
        if message["type"] == "http.response.start":
            fields = message.get("headers", ())
            if any(name == POLICY_FIELD for name, _ in fields):
                own = {name for name, _ in fields}
                self.default_headers = [each for each in self.default_headers if each[0] not in own]
        await super().send(message)
