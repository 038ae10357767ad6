"""What a page has to say when it refuses a person."""

from __future__ import annotations

import html
import re

from services.chassis.auth.permissions import ROLES
from services.chassis.messages import message

CODES = re.compile(rf"\b({'|'.join(ROLES)})\b")
_TAGS = re.compile("<[^>]*>")


def check_refusal(page: str, name: str, role: str) -> None:
    """A page of status 403 for the person of this name: roles in words, no token, and a way on."""
    content = page.partition("<main")[2].partition("</main>")[0]
    text = html.unescape(_TAGS.sub(" ", content))
    assert f"<dd>{html.escape(name)}</dd>" in content, text
    assert f"<dd>{message(f'role-{role}').vi}</dd>" in content, text
    assert "mã truy cập" not in text, text
    heading = html.unescape(_TAGS.sub(" ", content.partition("<dl")[0]))
    assert not CODES.search(heading), heading
    if role != "emitter":
        assert '<li><a href="/' in content, content
