"""A page for people: its frame, its style, and what a browser may do with it.

No script and nothing from elsewhere: the policy allows the one style sheet by its digest. It is the
policy of every answer (`browser_headers`), since nothing else here is for a browser to load.
"""

import base64
import hashlib
import html

from starlette.responses import Response

from contracts.messages import Language

STYLE = (
    "body{font:1rem/1.5 system-ui,sans-serif;max-width:44rem;margin:2rem auto;padding:0 1rem}"
    "section{margin-bottom:2rem}code{background:#eee;padding:0 .2rem}"
)
_DIGEST = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
POLICY = (
    f"default-src 'none'; style-src 'sha256-{_DIGEST}'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def html_page(title: str, body: str, language: Language = "vi") -> Response:
    """A page of this title; `body` is HTML, in which every text went through `html.escape`."""
    page = (
        f'<!DOCTYPE html><html lang="{language}"><head><meta charset="utf-8">'
        f'<title>{html.escape(title)}</title><meta name="viewport" content="width=device-width">'
        f"<style>{STYLE}</style></head><body>{body}</body></html>"
    )
    return Response(page, 200, media_type="text/html; charset=utf-8")
