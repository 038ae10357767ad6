"""Header fields of every answer, which tell browsers and caches what they may not do.

No answer may be stored, guessed to be of another type, framed, or read by a page of another origin;
there are no fields of CORS, so nothing is opened to other origins.
"""

from services.chassis.http.html_page import POLICY

TEXT_FIELDS = [
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("cache-control", "no-store"),
    ("content-security-policy", POLICY),
    ("cross-origin-resource-policy", "same-origin"),
]
FIELDS = [(name.encode(), value.encode()) for name, value in TEXT_FIELDS]
ENCRYPTED_FIELDS = [(b"strict-transport-security", b"max-age=31536000; includeSubDomains")]
"""Those of an answer over TLS, which ends here or at a named proxy (RFC 6797)."""
