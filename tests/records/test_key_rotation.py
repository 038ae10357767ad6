"""Keys are added and retired while services run, and the next start accepts what is there."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.chassis.auth import credentials
from services.chassis.keys import RECORDS, SESSIONS, TOKENS, KeysMissing
from services.chassis.settings import Settings
from services.commands import keys
from services.commands.homes import ForeignIssuer
from services.commands.keys import KeyStays
from services.records import vault
from tests.records.test_keys import prepared, rewritten, settings_of, started

pytestmark = pytest.mark.anyio


async def test_running_vaults_take_a_new_key_and_read_what_the_others_write(home: Path) -> None:
    """Whichever of two processes notices first; a file that lost a key is not taken."""
    settings = Settings(home=home)
    keys.make(settings)
    first, second = (vault.open_vault(settings) for _ in range(2))
    before = first.hide("Lan")
    mark = await keys.rotate(settings, RECORDS)
    hidden = first.hide("Minh")
    assert second.show(hidden) == "Minh" and second.show(before) == "Lan"
    assert second.as_keys(keys._nothing).fingerprints[0] == mark
    assert second.index("7") == first.index("7") and len(first.keys) == 2
    rewritten(home, first.keys[0])
    assert first.show(before) == "Lan" and len(first.keys) == 2


async def test_a_rotated_home_starts_and_a_retired_key_is_forgotten(
    home: Path, database_url: str
) -> None:
    """Databases record the new key at once, so that it cannot get lost before the next start."""
    await prepared("awards", home, database_url)
    settings = settings_of("awards", home, database_url)
    former = credentials.token_keys(settings)[0].fingerprints[0]
    for kind in (TOKENS, RECORDS):
        await keys.rotate(settings, kind)
    await started("awards", home, database_url)
    signing, *_ = credentials.token_keys(settings)[0].fingerprints
    with pytest.raises(KeyStays, match="signs"):
        await keys.retire(settings, signing)
    with pytest.raises(KeyStays, match="no key"):
        await keys.retire(settings, "0" * 32)
    with pytest.raises(KeyStays, match="encrypted"):
        await keys.retire(settings, keys.load_keys(settings)[0].fingerprints[0])
    await keys.retire(settings, former)
    assert credentials.token_keys(settings)[0].fingerprints == (signing,)
    await started("awards", home, database_url)


async def test_the_key_of_an_office_is_not_ours_to_rotate(home: Path) -> None:
    """Its file belongs to its issuer."""
    with pytest.raises(ForeignIssuer):
        await keys.rotate(Settings(home=home, token_public_key=home / "office.pem"), TOKENS)


async def test_a_key_of_sessions_is_replaced_and_then_retired(home: Path) -> None:
    """No database records it; the one that seals stays, and a home without one says so."""
    settings = Settings(home=home)
    with pytest.raises(KeysMissing):
        await keys.rotate(settings, SESSIONS)
    keys.make(settings)
    former = keys.load_keys(settings)[-1].fingerprints[0]
    mark = await keys.rotate(settings, SESSIONS)
    assert keys.load_keys(settings)[-1].fingerprints == (mark, former)
    with pytest.raises(KeyStays, match="seals"):
        await keys.retire(settings, mark)
    await keys.retire(settings, former)
    assert keys.load_keys(settings)[-1].fingerprints == (mark,)
