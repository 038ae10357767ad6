"""Sealed sessions: what opens, what has ended, and which forms belong to one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from starlette.requests import Request

from services.chassis.errors import SettingWrong
from services.chassis.http.problems import Problem
from services.chassis.settings import Settings
from services.chassis.web.form_tokens import FormTokens
from services.chassis.web.origins import origin_of
from services.chassis.web.session_keys import (
    KEY_FILE,
    SessionKeys,
    add_session_key,
    keys_of_sessions,
    remove_session_key,
    session_keys,
)
from services.chassis.web.sessions import Sessions, SessionTooLarge

OLD, NEW = b"1" * 32, b"2" * 32
MINUTE = 60_000_000


def at(minutes: float) -> Callable[[], int]:
    """A clock that stands."""
    return lambda: 1_700_000_000_000_000 + int(minutes * MINUTE)


def sessions(minutes: float = 0, *keys: bytes) -> Sessions:
    """Sessions of 30 minutes without use and of 8 hours in all."""
    return Sessions(keys or (OLD,), 30 * 60, 8 * 3600, at(minutes))


def test_a_session_is_what_a_token_of_the_person_would_be() -> None:
    """Role, units, prefixes and name survive the cookie; its id can be revoked as a token's."""
    begun = sessions().begin("lan", "clerk", ["H44.1"], ["urn:danchu:unit:H44.1:"])
    session = sessions(10).open(sessions().seal(begun))
    assert session == begun
    credential = begun.credential()
    assert (credential.role, credential.name, credential.token) == ("clerk", "lan", begun.id)
    assert credential.units == {"H44.1"} and not credential.speaks_for("H44.2")


def test_a_session_ends_without_use_and_after_its_hours() -> None:
    """Used within 30 minutes it is sealed anew, at most once a minute; after 8 hours it is over."""
    begun = sessions().begin("lan", "hr")
    sealed = sessions().seal(begun)
    assert sessions(30).open(sealed) and sessions(31).open(sealed) is None
    assert sessions(0.5).renewed(begun) is None
    renewed = sessions(25).renewed(begun)
    assert renewed is not None and sessions(50).open(sessions().seal(renewed))
    late = sessions(8 * 60 - 1).renewed(begun)
    assert late is not None and sessions(8 * 60).open(sessions().seal(late)) is None


def test_a_cookie_of_another_key_or_a_changed_one_opens_nothing() -> None:
    """A new key above the old one keeps the sessions; without the old one they are over."""
    sealed = sessions().seal(sessions().begin("lan", "hr"))
    assert sessions(0, NEW, OLD).open(sealed)
    assert sessions(0, NEW).open(sealed) is None
    for text in ("", "x", "é", sealed[:-2], sealed[:20] + "A" + sealed[21:], sealed + "A" * 4000):
        if text != sealed:
            assert sessions().open(text) is None, text


def test_a_person_with_too_many_units_is_refused_in_words() -> None:
    """Browsers drop cookies that are too long, in silence."""
    units = [f"H44.{number * 7919}.{number * 104729}" for number in range(2000)]
    with pytest.raises(SessionTooLarge, match="lan"):
        sessions().seal(sessions().begin("lan", "clerk", units))


def test_keys_are_made_in_the_home_and_read_from_a_file(home: Path) -> None:
    """The same at the next start; a file with anything else is refused by its name."""
    made = session_keys(Settings(home=home))
    assert list(session_keys(Settings(home=home))) == list(made) and len(made[0]) == 32
    assert (home / KEY_FILE).stat().st_mode & 0o077 == 0
    named = Settings(home=home / "other", session_keys=home / KEY_FILE)
    assert list(session_keys(named)) == list(made)
    for text in (b"", b"abc", b"!" * 44):
        (home / KEY_FILE).write_bytes(text)
        with pytest.raises(SettingWrong, match=r"sessions\.key"):
            SessionKeys(home / KEY_FILE)


def request(**headers: str) -> Request:
    """A form that is sent to https://danchu.example."""
    fields = {"host": "danchu.example", **headers}
    pairs = [(name.replace("_", "-").encode(), text.encode()) for name, text in fields.items()]
    return Request({
        "type": "http", "method": "POST", "scheme": "https", "path": "/", "headers": pairs,
        "query_string": b"", "server": ("danchu.example", 443),
    })  # fmt: skip


@pytest.mark.parametrize(
    ("headers", "subject", "passes"),
    [
        ({}, "s1", True), ({"sec_fetch_site": "same-origin"}, "s1", True),
        ({"origin": "https://danchu.example"}, "s1", True), ({}, "s2", False), ({}, "", False),
        ({"sec_fetch_site": "cross-site"}, "s1", False),
        ({"sec_fetch_site": "same-site"}, "s1", False),
        ({"origin": "https://evil.example"}, "s1", False), ({"origin": "null"}, "s1", False),
    ],
)  # fmt: skip
def test_a_form_of_another_site_or_session_is_refused(
    headers: dict[str, str], subject: str, passes: bool
) -> None:
    """By its token, and by where the browser says that it comes from."""
    tokens = FormTokens((OLD,))
    token = tokens.make("s1")
    assert token != tokens.make("s1")
    if passes:
        tokens.check(request(**headers), token, subject)
        FormTokens((NEW, OLD)).check(request(**headers), token, subject)
        return
    with pytest.raises(Problem) as refused:
        tokens.check(request(**headers), token, subject)
    assert refused.value.status == 403


def test_a_form_behind_a_proxy_comes_from_the_public_origin() -> None:
    """The process itself sees http and an inner host; another origin stays foreign."""
    tokens = FormTokens((OLD,), origin_of("https://xep-loai.example:443/"))
    token = tokens.make("s1")
    assert tokens.public == "https://xep-loai.example"
    tokens.check(request(origin="https://xep-loai.example"), token, "s1")
    for origin in ("http://xep-loai.example", "https://xep-loai.example.evil", "null", ""):
        with pytest.raises(Problem):
            tokens.check(request(origin=origin), token, "s1")
    with pytest.raises(Problem):
        FormTokens((OLD,)).check(request(origin="https://xep-loai.example"), token, "s1")


def test_a_key_that_is_added_or_removed_is_noticed_without_a_restart(home: Path) -> None:
    """The new one seals at once, sessions of the old one stay; a damaged file changes nothing."""
    settings = Settings(home=home)
    opened = Sessions(session_keys(settings), 30 * 60, 8 * 3600, at(0))
    sealed, path = opened.seal(opened.begin("lan", "hr")), home / KEY_FILE
    old = keys_of_sessions(settings).fingerprints[0]
    add_session_key(settings)
    assert opened.open(sealed) and len(opened.keys) == 2
    anew, content = opened.seal(opened.begin("lan", "hr")), path.read_bytes()
    path.write_bytes(b"damaged\n")
    assert opened.open(sealed) and opened.open(anew)
    path.write_bytes(content)
    remove_session_key(settings, old)
    assert opened.open(sealed) is None and opened.open(anew)


def test_no_key_is_made_unasked_for_a_database_on_a_server(home: Path) -> None:
    """All sites of a process share one key then, which lives as long as the process."""
    settings = Settings(home=home, database_url="postgresql://danchu@db.example/danchu")
    keys = session_keys(settings, "scoring")
    assert not (home / KEY_FILE).exists() and session_keys(settings, "training") == keys
