"""`danchu seal`: keys and signatures made outside the server; parses options and calls."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from services.commands.command_runner import exit_on_error
from services.commands.messages import message
from services.commands.options import AsJson, CommandGroup, existing_file, print_result, refuse
from services.commands.terminal import tell

seal_app = CommandGroup(help=message("help-seal"))
ROLES = ("operator", "auditor")
File = Annotated[Path, typer.Argument(metavar="FILE", help=message("argument-draft"))]


@seal_app.command(
    "help-seal-keygen",
    "danchu seal keygen --role auditor --origin danchu.viettri.gov.vn --out auditor.key",
    name="keygen",
)
def keygen(
    role: Annotated[str, typer.Option(help=message("option-seal-role"))],
    out: Annotated[Path, typer.Option(help=message("option-seal-out"))],
    origin: Annotated[str, typer.Option(help=message("option-seal-origin"))] = "danchu.local",
    number: Annotated[int, typer.Option(help=message("option-seal-number"), min=1)] = 1,
    as_json: AsJson = False,
) -> None:
    """Makes a key pair: the private key into a new file, the verifier key on standard output."""
    from services.commands import seal_signing

    if role not in ROLES:
        raise refuse("--role", message("role-choice", roles=", ".join(ROLES)))
    with exit_on_error():
        listed = seal_signing.make_key(origin, role, number, out)
    key = listed.key.encode()
    result = {"key": key, "line": listed.encode(), "file": str(out)}
    tell(message("seal-key-made", file=out, line=listed.encode()))
    print_result(result, as_json, key)


@seal_app.command("help-seal-sign", "danchu seal sign draft.zip --key auditor.key", name="sign")
def sign(
    file: File,
    key: Annotated[Path, typer.Option(help=message("option-seal-key"))],
    as_json: AsJson = False,
) -> None:
    """Signs a draft: prints the signature line to send to the server."""
    from services.commands import seal_signing

    existing_file(file, "FILE")
    existing_file(key, "--key")
    with exit_on_error():
        signed = seal_signing.sign(file.read_bytes(), key)
    head = signed.head
    words = message("seal-signs", log=head.origin, size=head.size, root=signed.root)
    tell(words)
    if not signed.entries_checked:
        tell(message("seal-signs-unseen"))
    result = {
        "signature": signed.line, "log": head.origin, "size": head.size, "root": signed.root,
        "checked": signed.entries_checked,
    }  # fmt: skip
    print_result(result, as_json, signed.line)
