"""Commands that ask or sign load no service; all of them say their sentences in both languages."""

from __future__ import annotations

import gc
import os
import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from services.chassis.auth.credentials import write_tokens
from services.commands.command_runner import run
from services.commands.setting_names import setting_names, slips, unknown
from tests.contracts.test_messages import VIETNAMESE

HEAVY = ("fastapi", "sqlalchemy", "nats", "faststream", "openpyxl", "uvicorn")
NOBODY = "http://127.0.0.1:9"
PROBE = f"""
import sys
from services.__main__ import main
sys.argv = ["danchu", *sys.argv[1:]]
try:
    main()
finally:
    loaded = [name for name in {HEAVY!r} if name in sys.modules]
    print("LOADED", *loaded, file=sys.stderr)
"""


def danchu(*arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    """A command in a process of its own, which says at its end what of the heavy was loaded."""
    return subprocess.run(
        [sys.executable, "-c", PROBE, *arguments], capture_output=True, text=True, timeout=60,
        env={**os.environ, **env}, check=False,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("--help",), 0), (("--version",), 0), (("up", "--help"), 0), ((), 2),
        (("ratee",), 2), (("rate",), 2), (("rate", "--year", "x"), 2), (("rate", "--yaer", "1"), 2),
        (("token", "--role", "hr", "--home", "HOME"), 0),
        (("token", "--role", "king", "--home", "HOME"), 2),
        (("rate", "--year", "2025", "--home", "HOME", "--url", NOBODY), 2),
        (("emit", "EVENTS", "--home", "HOME", "--url", NOBODY), 2),
        (("quarantine", "list", "--state", "lost"), 2), (("verify", "EVENTS"), 2),
        (("quarantine", "list", "--home", "NOWHERE", "--limit", "x"), 2),
    ],
)  # fmt: skip
def test_a_light_command_loads_no_service(
    arguments: tuple[str, ...], code: int, tmp_path: Path, events: Path
) -> None:
    """No web framework, no database, no broker: they take seconds to load."""
    write_tokens(tmp_path)
    places = {"HOME": str(tmp_path), "EVENTS": str(events), "NOWHERE": str(tmp_path / "none")}
    run = danchu(*(places.get(argument, argument) for argument in arguments))
    assert run.returncode == code, run.stderr
    assert "Traceback" not in run.stderr
    assert run.stderr.splitlines()[-1].strip() == "LOADED"


FOLD = """
from pathlib import Path
import services.commands.serve
from services.commands.service_registry import build
build(["scoring"], "fold", Path(sys.argv[1]))
"""


@pytest.mark.parametrize("work", ["import services.commands.stack", FOLD])
def test_a_process_that_answers_nobody_loads_no_web_framework(work: str, tmp_path: Path) -> None:
    """Nor what migrates: the supervisor and the fold start in half the time, as at a failover."""
    names = "{'alembic', 'fastapi', 'faststream'} & sys.modules.keys()"
    probe = f"import sys\n{work}\nprint(*{names})"
    run = subprocess.run([sys.executable, "-c", probe, tmp_path], capture_output=True, text=True)
    assert (run.returncode, run.stdout) == (0, "\n"), run.stderr


def test_garbage_is_collected_of_what_comes_after_loading() -> None:
    """What was loaded is set aside: neither the start nor the end of a process walks through it."""

    frozen = gc.get_freeze_count()

    async def collects() -> bool:
        return gc.isenabled() and gc.get_freeze_count() > frozen

    gc.disable()  # as the program begins
    try:
        assert run(collects())
    finally:
        gc.enable()


def test_the_version_is_that_of_the_distribution() -> None:
    """As an operator reports it."""
    assert danchu("--version").stdout == f"danchu {version('danchu')}\n"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("ratee",), ("ratee", "rate")), (("rate", "--yaer", "1"), ("--yaer", "--year")),
        (("rate",), ("--year", "is missing")), (("rate", "--year"), ("--year", "needs a value")),
        (("rate", "--year", "1"), ("--year", "from 1900 to 9999")),
        (("rate", "--year", "2025", "more"), ("does not take", "more")),
        (("emit",), ("FILE", "is missing")), (("emit", "none.ndjson"), ("none.ndjson",)),
        (("emit", "."), ("is a folder",)), (("simulate", "--year", "2025", "--units", "0"), ("1",)),
        (("recount", "x", "--year", "2025", "--rubrics", "none"), ("there is no folder",)),
        (("rubric", "chek"), ("chek", "check")), (("serve", "nobody"), ("nobody", "intake")),
        (("token", "--role", "hr", "--source", "a", "b"), ("does not take: b.", "--source A")),
        (("token", "--source", "a", "revok"), ("There is no command revok", "revoke")),
        (("token", "b"), ("There is no command b.",)),
        (("year", "seal", "--year", "2025"), ("Missing to draw up a seal: --decision, --date",)),
    ],
)  # fmt: skip
def test_a_wrong_command_line_is_answered_in_both_languages(
    arguments: tuple[str, ...], words: tuple[str, ...]
) -> None:
    """One sentence that names what is wrong; the library's own words never come through."""
    run = danchu(*arguments)
    assert run.returncode == 2
    sentence = run.stderr.splitlines()[0]
    assert all(word in sentence for word in words), sentence
    assert " / " in sentence and VIETNAMESE.search(sentence)
    assert not re.search("Error|Invalid|Usage|Got unexpected|Try ", run.stderr)


def test_a_setting_with_a_slip_of_the_pen_is_refused_with_the_right_one() -> None:
    """It would be ignored, and something else would run than was meant."""
    run = danchu("rate", "--year", "2025", "--url", NOBODY, DANCHU_DATABSE_URL="postgresql://x/y")
    assert run.returncode == 2
    assert "DANCHU_DATABSE_URL" in run.stderr and "DANCHU_DATABASE_URL" in run.stderr


def test_a_variable_that_is_no_setting_is_named_and_harms_nobody(tmp_path: Path) -> None:
    """As a cluster sets some for every service."""
    write_tokens(tmp_path)
    run = danchu("token", "--role", "hr", "--home", str(tmp_path), DANCHU_PORT_8080_TCP_ADDR="x")
    assert run.returncode == 0 and run.stdout.count(".") == 2
    assert "DANCHU_PORT_8080_TCP_ADDR is not a setting" in run.stderr


def test_slips_are_told_from_other_names() -> None:
    """One letter in a short name, two in a long one; exchanged neighbours are one slip."""
    settings = setting_names()
    assert {"DANCHU_HOME", "DANCHU_NATS_SCORING_PASSWORD_FILE", "DANCHU_DATABASE_URL_FILE",
            "DANCHU_INTAKE_DATABASE_URL"} <= settings  # fmt: skip
    assert (slips("PROT", "PORT"), slips("HOMES", "HOME"), slips("", "AB")) == (1, 1, 2)
    names = ["DANCHU_PROT", "DANCHU_NATS_URLS", "DANCHU_QUITE_ELSE", "DANCHU_PORT"]
    nearest = {name: (near, slip) for name, near, slip in unknown(names, settings)}
    assert nearest["DANCHU_PROT"] == ("DANCHU_PORT", True)
    assert nearest["DANCHU_NATS_URLS"] == ("DANCHU_NATS_URL", True)
    assert nearest["DANCHU_QUITE_ELSE"][1] is False
    assert "DANCHU_PORT" not in nearest
