"""`danchu verify`: parses options, calls, and reports."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from contracts.messages import LANGUAGES, Message
from services.commands.command_runner import DIFFERS, IMPOSSIBLE, exit_on_error
from services.commands.options import AsJson, CommandGroup, existing_file, print_result, refuse
from services.commands.terminal import progress_bar, tell
from services.commands.verify.messages import message

if TYPE_CHECKING:
    from services.scoring.year.verify.results import Proved

OPTION = "--key"
verify_app = CommandGroup()
Keys = Annotated[list[str] | None, typer.Option(OPTION, help=message("option-key"))]
"""Options that are repeated."""


@verify_app.command("help-verify", "danchu verify seal.zip --key NAME+ID+KEY --key NAME+ID+KEY")
def verify(
    file: Annotated[Path, typer.Argument(metavar="FILE", help=message("argument"))],
    key: Keys = None,
    draft: Annotated[bool, typer.Option("--draft", help=message("option-draft"))] = False,
    as_json: AsJson = False,
) -> None:
    """Verifies a bundle, a unit's proof or a list of checkpoints."""
    from services.commands.verify.files import mapped
    from services.scoring.operations.recomputation import prove
    from services.scoring.operations.verification import sentences
    from services.scoring.year.verify.discrepancies import Discrepancy, UnreadableFile

    keys, name = key or [], file.name
    _check_keys(keys)
    with exit_on_error():
        path = existing_file(file, "FILE")
        try:
            with mapped(path) as content, progress_bar(message("progress"), None) as step:
                result = prove(content, keys, step, draft)
        except Discrepancy as difference:
            _report(sentences.differs(name, difference), DIFFERS, as_json, difference.place)
        except UnreadableFile as error:
            _report(sentences.unreadable(name, error), IMPOSSIBLE, as_json)
        except MemoryError:
            lacking = UnreadableFile("memory")
            _report(sentences.unreadable(name, lacking), IMPOSSIBLE, as_json)
    _print_proved(sentences.proved(name, result), result, as_json)


def _check_keys(keys: list[str]) -> None:
    """Every key from outside can be read; BadParameter else."""
    from services.scoring.operations.verification import sentences
    from services.scoring.year.verify.discrepancies import Discrepancy
    from services.scoring.year.verify.seals import keys_of

    try:
        keys_of(keys, OPTION)
    except Discrepancy as difference:
        raise refuse(OPTION, sentences.fault(difference)) from None


def _report(text: Message, code: int, as_json: bool, place: str | None = None) -> NoReturn:
    """What differs, or why the file cannot be read; ends with the code."""
    if as_json:
        print_result({"verified": False, "place": place, **_in_each("message", text)}, as_json)
    else:
        tell(text)
    raise typer.Exit(code)


def _print_proved(text: Message, result: Proved, as_json: bool) -> None:
    warning = None if result.outside or not result.keys else message("own-keys")
    if warning is not None and not as_json:
        tell(warning)
    fields = {name: value for name, value in result._asdict().items() if value is not None}
    warned = {} if warning is None else _in_each("warning", warning)
    print_result({"verified": True, **fields, **_in_each("message", text), **warned}, as_json, text)


def _in_each(name: str, text: Message) -> dict[str, str]:
    """The members of a JSON answer for a message, in both languages and in each."""
    return {name: str(text), **{f"{name}_{each}": text.text(each) for each in LANGUAGES}}
