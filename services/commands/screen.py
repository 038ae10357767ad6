"""The output of `danchu up`: how to read ratings, where to look, and commands to paste."""

import shlex
import shutil
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from contracts.messages import LANGUAGES
from services.chassis.auth.credentials import TOKENS_FILE
from services.chassis.settings import Settings
from services.commands.messages import message
from services.commands.nats.credentials import FILES
from services.commands.sample import YEAR
from services.simulation.scenes import SIGHTS

DEFAULT_HOME = Path(".danchu")
Say = Callable[[str], None]


def program() -> str:
    """The command by which this program is called again from the same folder."""
    called = sys.argv[0]
    if Path(called).name == "danchu":
        return "danchu" if shutil.which("danchu") == called else shlex.quote(called)
    return f"{shlex.quote(sys.executable)} -m services.cli"


def at_home(home: Path) -> str:
    """The option that names the home, unless it is the default."""
    return "" if home == DEFAULT_HOME else f" --home {shlex.quote(str(home))}"


def say_accounts(say: Say, url: str, passwords: Mapping[str, str]) -> None:
    """The passwords of accounts that were made just now; nothing where there were accounts."""
    if not passwords:
        return
    say(message("accounts-made", url=url))
    width = max(map(len, passwords))
    for name, password in passwords.items():
        say(f"  {name:{width}}  {password}")
    say(message("accounts-keep"))


def say_sample(say: Say, url: str, home: Path) -> None:
    """What the printed ratings of the sample city mean, and where to look further."""
    say_how_to_read(say)
    say_sights(say)
    say_commands(say, url, home)


def say_how_to_read(say: Say) -> None:
    """Classes, what changes them, and parts of a year: three lines in each language."""
    lines = (message("read-classes"), message("read-changes"), message("read-part-year"))
    for language in LANGUAGES:
        for line in lines:
            say(line.text(language))


def say_sights(say: Say) -> None:
    """The units of the sample that show something of interest."""
    say(f"{message('sights')}:")
    for vi, en, unit in SIGHTS:
        say(f"  {unit}   {vi} / {en}")


def say_commands(say: Say, url: str, home: Path) -> None:
    """Commands to paste: a rating, its sheet by curl, the quarantine."""
    danchu, at = program(), at_home(home)
    unit = SIGHTS[0][2]
    say(f"{message('paste')}:")
    say(f"  {danchu} rate --year {YEAR} --unit {unit}{at}")
    token = f'"Authorization: Bearer $({danchu} token --role hr{at})"'
    say(f"  curl -sS -H {token} {url}/scoring/ratings/{YEAR}/{unit}/sheet")
    say(f"  {danchu} quarantine list{at}")


def say_addresses(say: Say, settings: Settings, url: str, services: list[str]) -> None:
    """The addresses and folders of the stack."""
    home = settings.home
    say(f"HTTP      {url}   ({', '.join(f'/{name}' for name in services)})")
    say(f"OpenAPI   {url}/<service>/openapi.json")
    first, *others = FILES.values()
    files = "" if settings.nats_url else f"   ({', '.join((str(home / first), *others))})"
    say(f"NATS      {settings.nats('intake').url}{files}")
    if settings.token_public_key is None:
        say(f"Tokens    {home / TOKENS_FILE}")
    say(f"Logs      {home / 'logs'}")
