"""Wrong passwords: who waits, for how long, and what is forgotten."""

from __future__ import annotations

from services.chassis.auth.attempts import (
    ADDRESS_TRIES,
    FORGOTTEN_AFTER,
    KEYS_MAX,
    LONGEST_PAUSE,
    NAME_TRIES,
    Attempts,
    Tries,
)


def test_a_name_waits_longer_after_each_wrong_password() -> None:
    """From any address, in any spelling of its letters; others do not wait."""
    attempts = Attempts()
    for number in range(NAME_TRIES):
        assert attempts.begin("lan", f"192.0.2.{number}", 0) == 0
    waits, now = [], 0.0
    for _ in range(10):
        wait = attempts.begin(" LAN ", "198.51.100.1", now)
        assert attempts.begin("lan", "198.51.100.1", now + wait - 0.1) > 0
        now += wait
        assert attempts.begin("lan", "198.51.100.1", now) == 0
        waits.append(wait)
    assert waits[:4] == [2, 4, 8, 16] and waits[-1] == LONGEST_PAUSE
    assert attempts.begin("minh", "192.0.2.9", now) == 0
    assert attempts.begin("lan", "192.0.2.9", now + FORGOTTEN_AFTER) == 0


def test_an_address_waits_after_wrong_passwords_of_many_names() -> None:
    """A right one is none of them, and lets its name begin anew."""
    attempts = Attempts()
    for number in range(ADDRESS_TRIES * 3):
        assert attempts.begin(f"person {number}", "192.0.2.7", 0) == 0
        attempts.succeed(f"person {number}", "192.0.2.7")
    for number in range(ADDRESS_TRIES):
        assert attempts.begin(f"name {number}", "192.0.2.7", 0) == 0
    assert attempts.begin("another", "192.0.2.7", 0) > 0
    assert attempts.begin("another", "192.0.2.8", 0) == 0


def test_a_flood_of_names_takes_bounded_memory() -> None:
    """Whoever was quiet for longest is forgotten."""
    tries = Tries(1)
    for number in range(KEYS_MAX + 1):
        tries.count(str(number), 0)
    assert len(tries._of) == KEYS_MAX
    assert (tries.wait("0", 0), tries.wait(str(KEYS_MAX), 0)) == (0, 2)
