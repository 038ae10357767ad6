"""Escapes control characters and bidirectional overrides in texts shown on a terminal.

Escapes are those of Python and JSON (`\\x1b`, `\\u202e`), so that nothing is hidden. Pure.
"""

import json
import re
from typing import Any

_BIDIRECTIONAL = "\\u061c\\u200e\\u200f\\u202a-\\u202e\\u2066-\\u2069"
_SEPARATORS = "\\u2028\\u2029\\ufeff\\ufff9-\\ufffb"
_HALVES = "\\ud800-\\udfff"
_STEERING = re.compile(f"[\\x00-\\x09\\x0b-\\x1f\\x7f-\\x9f{_BIDIRECTIONAL}{_SEPARATORS}{_HALVES}]")
_STEERING_JSON = re.compile(f"[\\x7f-\\x9f{_BIDIRECTIONAL}{_SEPARATORS}{_HALVES}]")


def printable(text: str) -> str:
    """The text with every control character but the line feed escaped.

    These are C0, DEL, C1, bidirectional marks and overrides, other line separators, and lone
    surrogates.
    """
    return _STEERING.sub(lambda match: _escape(ord(match[0])), text)


def printable_line(text: str) -> str:
    """As `printable`, on one line: line feeds are escaped too."""
    return printable(text).replace("\n", "\\n")


def printable_json(value: Any, indent: int | None = None) -> str:
    """JSON in which these characters are escaped; it decodes to the same value."""
    encoded = json.dumps(value, ensure_ascii=False, indent=indent, default=str)
    return _STEERING_JSON.sub(lambda match: f"\\u{ord(match[0]):04x}", encoded)


def _escape(code: int) -> str:
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
